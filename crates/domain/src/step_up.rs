//! What needs a proof of identity with a photo.
//!
//! Whoever gets a card or a PIN in another's name borrows in that name; whoever changes the e-mail address gets the
//! messages that reset a PIN. So these four are done for somebody who has proved who they are, and nothing else is:
//! asking for a passport to note a new telephone number only teaches people not to tell it.

use crate::IdentityDocument;

/// Something that staff do for a patron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// A card, the first one or another in its place.
    NewCard,
    /// A PIN, the first one or a reset.
    NewPin,
    /// Another name.
    NameChange,
    /// An e-mail address added or changed (A24).
    EmailChange,
    /// Another address.
    AddressChange,
    /// Another telephone number.
    PhoneChange,
    /// Another hold alias.
    HoldAliasChange,
    /// Other settings of messages.
    NoticeChange,
    /// A card reported lost: also by telephone, because every minute counts.
    LostCard,
    /// A waiting or disabled PIN released without a new one.
    PinRelease,
}

impl Errand {
    /// Every errand.
    pub const ALL: &'static [Self] = &[
        Self::NewCard,
        Self::NewPin,
        Self::NameChange,
        Self::EmailChange,
        Self::AddressChange,
        Self::PhoneChange,
        Self::HoldAliasChange,
        Self::NoticeChange,
        Self::LostCard,
        Self::PinRelease,
    ];

    /// Whether a proof of identity with a photo is needed.
    #[must_use]
    pub const fn needs_photo_identity(self) -> bool {
        match self {
            Self::NewCard | Self::NewPin | Self::NameChange | Self::EmailChange => true,
            Self::AddressChange
            | Self::PhoneChange
            | Self::HoldAliasChange
            | Self::NoticeChange
            | Self::LostCard
            | Self::PinRelease => false,
        }
    }

    /// Whether the errand may be done for somebody who has shown this document, or none.
    #[must_use]
    pub fn may_be_done_with(self, document: Option<IdentityDocument>) -> bool {
        !self.needs_photo_identity() || document.is_some_and(proves_identity)
    }
}

/// Whether the document shows a photo, or identifies as strongly. All that are recorded do; another one has to be
/// decided on here.
const fn proves_identity(document: IdentityDocument) -> bool {
    match document {
        IdentityDocument::Passport
        | IdentityDocument::IdentityCard
        | IdentityDocument::DrivingLicence
        | IdentityDocument::SocialInsuranceCard
        | IdentityDocument::ResidencePermit
        | IdentityDocument::StrongIdentification => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_errands_need_a_photo_and_the_others_do_not() {
        let needing: Vec<_> = Errand::ALL.iter().filter(|errand| errand.needs_photo_identity()).collect();
        assert_eq!(needing, [&Errand::NewCard, &Errand::NewPin, &Errand::NameChange, &Errand::EmailChange]);
        for errand in Errand::ALL {
            assert_eq!(errand.may_be_done_with(None), !errand.needs_photo_identity(), "{errand:?}");
            for document in IdentityDocument::ALL {
                assert!(errand.may_be_done_with(Some(*document)), "{errand:?} with {document:?}");
            }
        }
    }
}
