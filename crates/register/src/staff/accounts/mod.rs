//! Accounts of staff: made and run by administrators, and by an operator on the command line, from whom the first
//! administrator comes.

mod create;
mod grant_role;
mod list;
pub mod operator;
mod reset_password;
mod revoke_role;
mod rows;
mod set_openid_subject;
mod set_state;

pub use create::CreateStaffAccount;
pub use grant_role::GrantStaffRole;
pub use list::{ListStaffAccounts, StaffAccountRecord, StaffRoleRecord};
pub use reset_password::ResetStaffPassword;
pub use revoke_role::RevokeStaffRole;
pub use rows::OneTimePassword;
pub use set_openid_subject::SetOpenIdSubject;
pub use set_state::{DisableStaffAccount, EnableStaffAccount};
