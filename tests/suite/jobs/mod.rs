//! Work that time sets off.

mod billing;
mod costs;
mod every;
mod forgetting;
mod running;
