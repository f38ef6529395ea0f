//! Personal identity codes (A14): recorded, found through the vault, and revealed for three purposes only.

mod find;
mod record;
mod reveal;

pub use find::{FindPatronByIdentityCode, FoundPatron};
pub use record::{RecordIdentityCode, RecordedCode};
pub use reveal::RevealIdentityCode;
