//! Messages to patrons, and remarks that staff leave each other about one (A62, A63).

mod add;
mod leave;
mod list;
mod remove;

pub use add::AddMessage;
pub(crate) use leave::leave;
pub use list::{ListMessages, MessageDetails};
pub use remove::RemoveMessage;
