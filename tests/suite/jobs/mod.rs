//! Work that time sets off.

mod billing;
mod every;
mod forgetting;
mod running;
