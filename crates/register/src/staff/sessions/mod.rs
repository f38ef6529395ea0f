//! One's own account and session.

mod get_self;
mod give_undertaking;
mod sign_out;

pub use get_self::{GetSelf, Myself};
pub use give_undertaking::GiveUndertaking;
pub use sign_out::SignOut;
