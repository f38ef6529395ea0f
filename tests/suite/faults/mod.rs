//! What fails outside of the register: clients that go away, networks, databases, servers that are killed.

mod cancelled;
mod child;
mod database_gone;
mod killed;
mod races;
mod secret_reset;
mod secrets;
mod secrets_of_staff;
mod shutdown;
mod two_servers;
