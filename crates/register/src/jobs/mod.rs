//! Work that time sets off.
//!
//! No decision waits for it: a ban ends, a hold lapses and a fee is owed at its moment, whether or not a job has run.
//! A job only tidies up, tells and forgets. Every one is idempotent, so two servers that run it at once, or one that
//! begins again after a crash, do nothing twice; the lease only spares them the work.

mod batches;
mod bill_loans;
mod forget;
mod order;
mod rhythm;
mod run;
mod runner;

pub(crate) use batches::{Batched, Work, in_batches};
pub use order::{BATCH_DEFAULT, BATCH_MAX, JobOrder, JobReport};
pub use rhythm::{FAILED_PAUSE, LastRuns, Rhythm};
pub use run::{HELD_FOR, JobState, RunOutcome, history, states};
pub use runner::{Runner, run_if_due};

use crate::{
    Register, RegisterError,
    fees::lapse::LapseFees,
    holds::expire::ExpireHolds,
    notices::reminders::{RemindDue, RemindOverdue},
};
use std::{sync::Arc, time::Duration};

/// Who does it, in the audit trail and in the ledger.
pub(crate) const AUTHOR: &str = "job";

macro_rules! jobs {
    ($( $(#[doc = $about:literal])+ $job:ident = $name:literal, $rhythm:expr, $work:ty; )+) => {
        /// A job.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Job {
            $( $(#[doc = $about])+ $job, )+
        }

        impl Job {
            /// Every job.
            pub const ALL: &'static [Self] = &[$(Self::$job),+];

            /// Its name, on the command line and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$job => $name, )+ }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $( Self::$job => concat!($($about),+), )+ }
            }

            /// How often it runs.
            #[must_use]
            pub const fn rhythm(self) -> Rhythm {
                match self { $( Self::$job => $rhythm, )+ }
            }

            async fn work(self, register: &Arc<Register>, order: JobOrder) -> Result<JobReport, RegisterError> {
                match self { $( Self::$job => in_batches::<$work>(register, order).await, )+ }
            }
        }
    };
}

const fn daily(hour: u16, minute: u16) -> Rhythm {
    Rhythm::DailyFrom { minute: hour * 60 + minute }
}

jobs! {
    /// Closes holds that nobody picked up or that waited long enough, and passes their items on.
    ExpireHolds = "expire_holds", Rhythm::Every(Duration::from_secs(600)), ExpireHolds;
    /// Bills loans that are so late that policy says so.
    BillLoans = "bill_loans", daily(6, 0), bill_loans::BillLoans;
    /// Reminds of loans that are about to fall due.
    RemindDue = "remind_due", daily(7, 0), RemindDue;
    /// Reminds of loans that are late, and charges for it.
    RemindOverdue = "remind_overdue", daily(7, 20), RemindOverdue;
    /// Lets fees lapse that nobody may ask for any more.
    LapseFees = "lapse_fees", daily(2, 0), LapseFees;
    /// Forgets who had an item, when the days of its trace are over.
    ForgetBorrowers = "forget_borrowers", daily(2, 20), forget::borrowers::ForgetBorrowers;
    /// Forgets who held what, when the days of the trace are over.
    ForgetHolds = "forget_holds", daily(2, 40), forget::holds::ForgetHolds;
    /// Forgets in the audit trail which items were refused, lent and undone, or taken back without a loan, when their days
    /// are over.
    ForgetItemsInTrail = "forget_items_in_trail", daily(2, 50), forget::trail::ForgetItemsInTrail;
    /// Forgets which notices were sent more than a year ago.
    ForgetNotices = "forget_notices", daily(2, 55), forget::notices::ForgetNotices;
    /// Forgets remembered answers, PIN attempts, sessions, codes and runs of jobs that are of no more use.
    ForgetUse = "forget_use", daily(3, 0), forget::of_use::ForgetUse;
}

impl Job {
    /// The job of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|job| job.name() == name)
    }
}
