//! The coded columns of the register: each value has a number that never changes its meaning.

use serde::{Deserialize, Serialize};

/// A number in a coded column that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode {
    /// The kind of code, for example `CardState`.
    pub what: &'static str,
    /// The number found.
    pub code: i16,
}

impl std::fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is no {}", self.code, self.what)
    }
}

impl std::error::Error for UnknownCode {}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $code:literal $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$value_doc])* $value = $code,)+ }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// The number in the database.
            #[must_use]
            pub const fn code(self) -> i16 {
                self as i16
            }

            /// The word in import files and on the command line.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }

            /// The value with this word, or none.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$value),)+ _ => None }
            }
        }

        impl TryFrom<i16> for $name {
            type Error = UnknownCode;

            fn try_from(code: i16) -> Result<Self, UnknownCode> {
                match code { $($code => Ok(Self::$value),)+ _ => Err(UnknownCode { what: stringify!($name), code }) }
            }
        }
    };
}

mod circulation;
mod persons;
mod places;
mod staff;

pub use circulation::{
    FeeEntryKind, FeeKind, FeeLaw, ItemReport, LoanState, NoticeReason, NoticeState, PaymentChannel,
};
pub use persons::{
    AddressKind, ConsentForm, ConsentPurpose, ConsentState, Gender, IdentityDocument, MessageAudience,
    MessageKind, NoticeChannel, NoticeKind, RecordSource, RelationKind, Service,
};
pub use places::{BranchKind, CheckDigit};
pub use staff::{Purpose, StaffAccountState, StaffRole};

codes! {
    /// What a device is. It never changes: another kind is another device.
    DeviceKind {
        /// A kiosk where patrons lend and return.
        SelfCheckout = 1 "self-checkout",
        /// The door of an unstaffed library.
        Door = 2 "door",
        /// A program that books and unlocks PCs.
        PcBooking = 3 "pc-booking",
        /// A locker from which holds are picked up.
        Locker = 4 "locker",
        /// A platform that lends e-books.
        ELending = 5 "e-lending",
        /// The online library.
        OnlineLibrary = 6 "online-library",
        /// A desk where staff sign in, each with an account of their own (A114).
        Desk = 7 "desk",
    }
}

codes! {
    /// Whether a device may ask.
    DeviceState {
        /// Created, not enrolled yet.
        Pending = 1 "pending",
        /// Enrolled.
        Active = 2 "active",
        /// Shut out for good.
        Revoked = 3 "revoked",
    }
}

codes! {
    /// The canonical patron categories (A35–A42). A child is a person whose age says so.
    PatronCategory {
        /// A person (A35).
        Person = 1 "person",
        /// A patron of the home library service (A38).
        HomeService = 2 "home-service",
        /// An institution (A39).
        Institution = 3 "institution",
        /// Another library (A40).
        InterlibraryLoan = 4 "interlibrary-loan",
        /// Staff as borrowers (A41).
        Staff = 5 "staff",
    }
}

codes! {
    /// The standing of a patron.
    PatronState {
        /// In force.
        Active = 1 "active",
        /// Processing is restricted on the patron's demand (A141): every device gets a neutral refusal.
        Restricted = 2 "restricted",
        /// The patron has left.
        Ended = 3 "ended",
    }
}

codes! {
    /// The state of a card.
    CardState {
        /// In force.
        Active = 1 "active",
        /// Reported lost: the patron's liability ended at that second.
        Lost = 2 "lost",
        /// Another card took its place.
        Replaced = 3 "replaced",
        /// Blocked by staff.
        Blocked = 4 "blocked",
        /// Handed back.
        Returned = 5 "returned",
    }
}

codes! {
    /// What a ban forbids.
    BanKind {
        /// Lending (A71).
        Lending = 1 "lending",
        /// The use of one library (A72; Public Libraries Act 1492/2016, section 15).
        Use = 2 "use",
        /// Unstaffed hours, at one branch or all (A73).
        SelfService = 3 "self-service",
    }
}

codes! {
    /// How a right to use the unstaffed library was granted.
    RightKind {
        /// Registered at a desk.
        Registered = 1 "registered",
        /// By written contract.
        WrittenContract = 2 "written-contract",
        /// By a guardian's consent, given in person.
        GuardianConsent = 3 "guardian-consent",
    }
}

codes! {
    /// The state of an item, apart from being on loan.
    ItemState {
        /// Can be lent.
        Available = 1 "available",
        /// Travels between branches.
        InTransit = 2 "in-transit",
        /// Waits on a hold shelf.
        OnHoldShelf = 3 "on-hold-shelf",
        /// For use in the library only.
        NotForLoan = 4 "not-for-loan",
        /// Lost.
        Lost = 5 "lost",
        /// Withdrawn from the collection.
        Withdrawn = 6 "withdrawn",
        /// Under repair.
        InRepair = 7 "in-repair",
    }
}

codes! {
    /// The life of a hold.
    HoldState {
        /// In the queue.
        Pending = 1 "pending",
        /// Its item is on the way.
        InTransit = 2 "in-transit",
        /// Its item waits on the shelf.
        Ready = 3 "ready",
        /// Lent.
        Fulfilled = 4 "fulfilled",
        /// Given up.
        Cancelled = 5 "cancelled",
        /// Not picked up in time.
        Lapsed = 6 "lapsed",
    }
}

codes! {
    /// What a resource of a branch is.
    ResourceKind {
        /// A door.
        Door = 1 "door",
        /// A PC or a group of PCs.
        Pc = 2 "pc",
        /// A locker.
        Locker = 3 "locker",
    }
}

codes! {
    /// How a branch is open.
    OpeningMode {
        /// With staff.
        Staffed = 1 "staffed",
        /// Without staff, for those who may let themselves in.
        SelfService = 2 "self-service",
        /// Not at all; only an exception of a day says so, a week has no window then.
        Closed = 3 "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_a_word_lead_back_to_their_value() {
        for state in CardState::ALL {
            assert_eq!(CardState::try_from(state.code()), Ok(*state));
            assert_eq!(CardState::from_word(state.word()), Some(*state));
        }
        assert!(CardState::try_from(0).is_err());
        assert_eq!(CardState::from_word("Active"), None);
    }
}
