//! A verdict and its reasons.

use serde::{Deserialize, Serialize};

/// Why something is refused. The order of the variants is the order in which reasons are given: the
/// list of the door checks first, then what is special to lending, then to holds, then to fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// Unknown card, wrong PIN or locked PIN: one answer.
    CredentialsNotAccepted,
    /// No session of this patron at this device.
    SessionEnded,
    /// For the patron alone, and a guardian asks in a ward's place (A78).
    PatronAlone,
    /// No ward in the patron's care, or one who has turned 15 (A53).
    NotInCare,
    /// Not a resource of this branch, or not for this device.
    ResourceUnknown,
    /// The policy asks for a right, and there is none.
    SelfServiceRightMissing,
    /// A self-service ban (A73).
    SelfServiceBan,
    /// Category not admitted.
    CategoryNotAdmitted,
    /// Too young, also with consent.
    BelowAgeLimit,
    /// A minor without a guardian's consent.
    GuardianConsentMissing,
    /// Age unknown, and the policy then refuses.
    BirthDateUnknown,
    /// Past the last day (A29).
    CardExpired,
    /// Lost, replaced, blocked, returned, not yet valid, or the patron is not in force.
    CardNotInForce,
    /// A lending ban (A71).
    LendingBan,
    /// Unpaid fees at the limit (A69).
    DebtLimit,
    /// Unpaid fees of an earlier year, from the policy's day on.
    YearTurnDebt,
    /// A loan so long overdue that the policy then refuses.
    OverdueItems,
    /// What blocks a ward blocks the guardian too.
    WardBlocked,
    /// A use ban at this branch (A72).
    UseBan,
    /// Outside opening hours.
    Closed,
    /// The patron has switched this service off (A33).
    ServiceSwitchedOff,
    /// All loans used.
    LoanLimit,
    /// All loans of this material used.
    MaterialLimit,
    /// No such item.
    ItemUnknown,
    /// Reference copy, withdrawn, lost, under repair.
    ItemNotForLoan,
    /// On loan to somebody else.
    ItemOnLoan,
    /// On loan to this patron.
    ItemAlreadyYours,
    /// Kept for somebody else.
    ItemHeld,
    /// Younger than the rating of the item.
    AgeRating,
    /// No such loan of this patron.
    LoanUnknown,
    /// Claimed returned, lost or billed.
    LoanNotRenewable,
    /// Renewed as often as the policy allows.
    RenewalLimit,
    /// Others wait for it.
    ItemWaitedFor,
    /// Renewed today, it would not last longer.
    RenewalTooEarly,
    /// Too late, made elsewhere, or something else has happened to the loan since.
    UndoTooLate,
    /// No loan history is kept for patrons, by policy (A78).
    HistoryNotKept,
    /// No such hold of this patron.
    HoldUnknown,
    /// Not ready.
    HoldNotReady,
    /// Ready elsewhere.
    HoldAtOtherBranch,
    /// Placed with another card, and the policy asks for the same.
    HoldOtherCard,
    /// Lies in a compartment of another locker.
    HoldInOtherLocker,
    /// A compartment is being opened for it at this moment.
    HoldReserved,
    /// The compartment was not opened in time.
    ReservationEnded,
    /// No such title or item.
    TitleUnknown,
    /// May not be held, or nothing there could ever serve the hold.
    HoldNotAllowed,
    /// All holds used.
    HoldLimit,
    /// Held or borrowed by this patron already.
    HoldAlreadyYours,
    /// No such branch, stop or locker to pick up at.
    PickupPlaceUnknown,
    /// Already trapped, on its way, ready or over.
    HoldNotChangeable,
    /// No such fee of this patron or of a ward.
    FeeUnknown,
    /// Paid, billed, or not payable this way.
    FeeNotPayable,
    /// Less than may be paid online.
    PaymentTooSmall,
    /// A part where the policy asks for whole fees or for everything.
    PaymentNotWhole,
    /// More than is owed.
    PaymentTooMuch,
}

impl Reason {
    /// Every reason, in order.
    pub const ALL: &'static [Self] = &[
        Self::CredentialsNotAccepted,
        Self::SessionEnded,
        Self::PatronAlone,
        Self::NotInCare,
        Self::ResourceUnknown,
        Self::SelfServiceRightMissing,
        Self::SelfServiceBan,
        Self::CategoryNotAdmitted,
        Self::BelowAgeLimit,
        Self::GuardianConsentMissing,
        Self::BirthDateUnknown,
        Self::CardExpired,
        Self::CardNotInForce,
        Self::LendingBan,
        Self::DebtLimit,
        Self::YearTurnDebt,
        Self::OverdueItems,
        Self::WardBlocked,
        Self::UseBan,
        Self::Closed,
        Self::ServiceSwitchedOff,
        Self::LoanLimit,
        Self::MaterialLimit,
        Self::ItemUnknown,
        Self::ItemNotForLoan,
        Self::ItemOnLoan,
        Self::ItemAlreadyYours,
        Self::ItemHeld,
        Self::AgeRating,
        Self::LoanUnknown,
        Self::LoanNotRenewable,
        Self::RenewalLimit,
        Self::ItemWaitedFor,
        Self::RenewalTooEarly,
        Self::UndoTooLate,
        Self::HistoryNotKept,
        Self::HoldUnknown,
        Self::HoldNotReady,
        Self::HoldAtOtherBranch,
        Self::HoldOtherCard,
        Self::HoldInOtherLocker,
        Self::HoldReserved,
        Self::ReservationEnded,
        Self::TitleUnknown,
        Self::HoldNotAllowed,
        Self::HoldLimit,
        Self::HoldAlreadyYours,
        Self::PickupPlaceUnknown,
        Self::HoldNotChangeable,
        Self::FeeUnknown,
        Self::FeeNotPayable,
        Self::PaymentTooSmall,
        Self::PaymentNotWhole,
        Self::PaymentTooMuch,
    ];
}

/// Granted, or refused with every reason, the most important first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    reasons: Vec<Reason>,
}

impl Decision {
    /// A decision from the reasons found, in any order: none means granted.
    #[must_use]
    pub fn from_reasons(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_unstable();
        reasons.dedup();
        Self { reasons }
    }

    /// Allowed.
    #[must_use]
    pub const fn granted() -> Self {
        Self { reasons: Vec::new() }
    }

    /// Refused for one reason.
    #[must_use]
    pub fn refused(reason: Reason) -> Self {
        Self { reasons: vec![reason] }
    }

    /// Whether it is allowed.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Why not; empty when granted.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}
