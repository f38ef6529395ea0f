//! Codes of loans, fees and notices.

use super::{Deserialize, Serialize, UnknownCode};

codes! {
    /// How an open loan stands.
    LoanState {
        /// With the patron.
        Open = 1 "open",
        /// The patron says that it was returned; it is looked for.
        ClaimedReturned = 2 "claimed-returned",
        /// The patron has lost it.
        Lost = 3 "lost",
        /// Its price has been charged.
        Billed = 4 "billed",
    }
}

codes! {
    /// What staff say of an item by hand.
    ItemReport {
        /// It stands on a shelf and can be lent.
        Available = 1 "available",
        /// It is for use in the library only.
        NotForLoan = 2 "not-for-loan",
        /// It is where nobody finds it.
        Lost = 3 "lost",
        /// It has left the collection.
        Withdrawn = 4 "withdrawn",
        /// It is being repaired.
        InRepair = 5 "in-repair",
        /// A lost one has turned up, and can be lent.
        Found = 6 "found",
    }
}

codes! {
    /// What a fee is for (A68).
    FeeKind {
        /// A loan that came back late.
        Overdue = 1 "overdue",
        /// A reminder of an overdue loan.
        Reminder = 2 "reminder",
        /// A hold that was not picked up.
        UncollectedHold = 3 "uncollected-hold",
        /// A card in place of a lost one.
        ReplacementCard = 4 "replacement-card",
        /// The price of an item that was lost or spoilt.
        Compensation = 5 "compensation",
        /// What billing costs.
        Billing = 6 "billing",
        /// Copies, prints and what else a desk sells.
        Other = 7 "other",
    }
}

codes! {
    /// What an entry of a fee's ledger is.
    FeeEntryKind {
        /// What is owed came about.
        Charge = 1 "charge",
        /// Paid.
        Payment = 2 "payment",
        /// Let off, by a decision with grounds.
        Waiver = 3 "waiver",
        /// Paid back.
        Refund = 4 "refund",
        /// Lapsed by law.
        Lapse = 5 "lapse",
        /// Taken back with what caused it: a check-out undone, an item found.
        Reversal = 6 "reversal",
    }
}

codes! {
    /// The law by which a fee lapses.
    FeeLaw {
        /// Public: five years after the year in which it fell due (Act 706/2007, section 20).
        Public = 1 "public",
        /// Private: three years from the day on which it fell due (Act 728/2003, section 4).
        Private = 2 "private",
    }
}

codes! {
    /// Where a payment was taken.
    PaymentChannel {
        /// A kiosk with a payment terminal.
        Kiosk = 1 "kiosk",
        /// A desk.
        Desk = 2 "desk",
        /// The online library, through an operator.
        Online = 3 "online",
    }
}

codes! {
    /// How far a notice is.
    NoticeState {
        /// To be delivered.
        Waiting = 1 "waiting",
        /// Delivered; the proof says by whom and how.
        Sent = 2 "sent",
        /// Given up after every try.
        Failed = 3 "failed",
        /// Not delivered, and rightly so: what it was about is over, or the patron wants none.
        Dropped = 4 "dropped",
        /// Not delivered, because nobody can be reached.
        Undeliverable = 5 "undeliverable",
    }
}

codes! {
    /// Why a notice was not delivered, or not yet.
    NoticeReason {
        /// What it was about is over.
        Over = 1 "over",
        /// The patron wants none of this kind.
        Unwanted = 2 "unwanted",
        /// Neither the patron nor a guardian has an address of a channel that the library offers.
        NoAddress = 3 "no-address",
        /// The address is protected, and the only ways lead through others who may not have it.
        Protected = 4 "protected",
        /// The mail server, gateway or printer did not answer, or answered that it cannot now.
        NoAnswer = 5 "no-answer",
        /// The mail server, gateway or printer refused it for good.
        Refused = 6 "refused",
        /// Its template makes no text of it.
        Text = 7 "text",
        /// The patron's record is restricted, and it is not about a debt.
        Restricted = 8 "restricted",
    }
}
