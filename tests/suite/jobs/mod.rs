//! Work that time sets off.

mod billing;
mod forgetting;
mod running;
