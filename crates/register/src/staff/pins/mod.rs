//! PINs that staff give out and release, and never choose (A31).

mod give;
mod issue;
mod release;
mod reset;

pub use issue::IssuePin;
pub use release::ReleasePin;
pub use reset::ResetPin;
