//! One's own account and session.

mod attempts;
mod change_password;
mod get_self;
mod give_undertaking;
mod sign_in;
mod sign_out;

pub use change_password::ChangePassword;
pub use get_self::{GetSelf, Myself};
pub use give_undertaking::GiveUndertaking;
pub use sign_in::{SignIn, SignedIn};
pub use sign_out::SignOut;
