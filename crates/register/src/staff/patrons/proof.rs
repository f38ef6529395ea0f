//! The proof of identity that some changes of a patron's record ask for (A110).

use crate::RegisterError;
use kortisto_domain::{IdentityDocument, step_up::Errand};

/// Refuses an errand that needs a proof of identity to somebody who has shown none, or one that is not enough.
///
/// # Errors
/// [`RegisterError::FieldInvalid`] of `identity_document`.
pub(super) fn require(errand: Errand, shown: Option<IdentityDocument>) -> Result<(), RegisterError> {
    if errand.may_be_done_with(shown) {
        return Ok(());
    }
    let rule =
        "with what the patron, or a child's guardian, has just proved who they are: this change needs it";
    Err(RegisterError::FieldInvalid { field: "identity_document", rule: rule.to_owned() })
}
