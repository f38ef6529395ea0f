//! Values that are one word out of a few.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value,)+ }

        impl $name {
            /// Every value, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// The word in a policy row.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }
        }

        impl super::value::PolicyValue for $name {
            type Bounds = ();

            fn parse(text: &str, (): &()) -> Option<Self> {
                match text { $($word => Some(Self::$value),)+ _ => None }
            }

            fn allowed((): &()) -> String {
                [$($word,)+].join(" | ")
            }

            fn text(self) -> String {
                self.word().to_owned()
            }
        }
    };
}

words! {
    /// What counts as too much debt at the limit itself.
    DebtComparator {
        /// More than the limit blocks; the limit itself does not.
        Over = "over",
        /// The limit itself blocks.
        AtLeast = "at_least",
    }
}

words! {
    /// What a patron needs to let themselves in while there is no staff.
    GrantMode {
        /// Nothing but a card in force and the age.
        All = "all",
        /// A right that has been registered, of whatever kind.
        Registered = "registered",
        /// A right by written contract.
        WrittenContract = "written_contract",
    }
}

words! {
    /// What happens where an age limit applies and the birth date is not known.
    UnknownBirthDate {
        /// The limit counts as not reached.
        Refuse = "refuse",
        /// The limit counts as reached.
        Allow = "allow",
    }
}

words! {
    /// Whose loan history is kept, always with consent.
    HistoryKept {
        /// Nobody's.
        Never = "never",
        /// That of patrons of the home library service.
        HomeService = "home_service",
        /// That of every patron who has consented.
        OnConsent = "on_consent",
    }
}

words! {
    /// What is counted of a loan that comes back late.
    FeeUnit {
        /// Each day.
        Day = "day",
        /// Each week that is over.
        Week = "week",
        /// Each week that has begun.
        StartedWeek = "started_week",
    }
}

words! {
    /// Of what a cap is.
    CapScope {
        /// Of one late loan.
        Loan = "loan",
        /// Of all that a patron owes for being late.
        Patron = "patron",
    }
}

words! {
    /// What is taken back of a compensation when the item turns up.
    FoundCredit {
        /// Nothing; a desk decides.
        None = "none",
        /// What has not been paid. What has been paid, a desk pays back.
        Unpaid = "unpaid",
    }
}

words! {
    /// How a part of what is owed may be paid.
    PartialPayment {
        /// Everything at once.
        None = "none",
        /// Some fees, each of them whole.
        WholeFees = "whole_fees",
        /// Any sum; it goes to the oldest fees first.
        Any = "any",
    }
}

words! {
    /// What becomes of a due date on which the branch is closed.
    ClosedDueDay {
        /// It stays.
        Keep = "keep",
        /// The next day on which the branch is open.
        NextOpen = "next_open",
    }
}

words! {
    /// From when a renewed loan counts its days.
    RenewalStart {
        /// The day of the renewal.
        Today = "today",
        /// The due date until then.
        DueDate = "due_date",
    }
}
