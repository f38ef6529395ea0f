//! Rights to use unstaffed libraries as staff grant, withdraw and look at them.

mod grant;
mod list;
mod withdraw;

pub use grant::GrantSelfServiceRight;
pub use list::{ListSelfServiceRights, RightRecord};
pub use withdraw::WithdrawSelfServiceRight;

pub(crate) use withdraw::withdraw;
