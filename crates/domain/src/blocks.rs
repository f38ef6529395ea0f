//! What stands against borrowing, and where it comes from (A71, A69, A70).
//!
//! A block is a ban that somebody placed, or follows from a fact: debt at the limit, debt of an earlier year, a loan
//! long overdue, or what blocks a ward. Nobody places or lifts the latter: each is worked out at the moment of the
//! question from the fact that it follows from, and is gone with it. A guardian's block is the ward's, seen from the
//! other side; returning the guardian's own loans does not touch it.

use crate::age::has_reached;
use crate::facts::{Ban, Patron, Ward};
use crate::policy::DerivedBlockPolicy;
use crate::{BanKind, Moment, Reason, bans};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// One thing that stands against borrowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Whose it is: none for the patron's own, else the key of the ward that it comes from.
    pub ward: Option<i64>,
    /// What it follows from.
    pub cause: Cause,
}

/// What a block follows from, and what has to change for it to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A lending ban: until it ends or is lifted.
    Ban {
        /// Its key.
        ban: i64,
        /// When it ends by itself.
        ends_at: Option<DateTime<Utc>>,
    },
    /// Unpaid fees at the limit: until enough is paid.
    Debt {
        /// What is unpaid, in cents.
        cents: i64,
        /// What has to be paid at least, in cents.
        to_pay_cents: i64,
    },
    /// Unpaid fees of an earlier year: until they are paid.
    YearTurnDebt {
        /// The day on which the oldest of them came about.
        since: NaiveDate,
    },
    /// A loan overdue for too long: until it is returned.
    Overdue {
        /// The earliest due date.
        due_on: NaiveDate,
    },
}

impl Block {
    /// The reason of a refusal that it is.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        if self.ward.is_some() {
            return Reason::WardBlocked;
        }
        match self.cause {
            Cause::Ban { .. } => Reason::LendingBan,
            Cause::Debt { .. } => Reason::DebtLimit,
            Cause::YearTurnDebt { .. } => Reason::YearTurnDebt,
            Cause::Overdue { .. } => Reason::OverdueItems,
        }
    }
}

/// What is known of somebody's debts, loans and bans.
struct Standing<'a> {
    debt_cents: i64,
    oldest_debt_at: Option<DateTime<Utc>>,
    earliest_due: Option<NaiveDate>,
    bans: &'a [Ban],
}

/// Everything that stands against borrowing at `branch`, the patron's own first.
///
/// What blocks a ward counts for a guardian whose relation is in force, where the policy says so: a ban for as long as
/// the relation runs, debts and overdue loans for as long as the guardian answers for them. It is measured with the
/// limits that hold for the guardian. It does not go further: the guardian of a guardian is not asked about.
#[must_use]
pub fn of_lending(patron: &Patron, policy: &DerivedBlockPolicy, branch: i64, moment: &Moment) -> Vec<Block> {
    let own = Standing {
        debt_cents: patron.debt_cents,
        oldest_debt_at: patron.oldest_debt_at,
        earliest_due: patron.earliest_due,
        bans: &patron.bans,
    };
    let mut found = Vec::new();
    push(&own, None, policy, branch, moment, &mut found);
    if policy.inherit_to_guardian {
        for ward in
            patron.wards.iter().filter(|ward| ward.is_in_care(policy.guardian_end_age, moment.today()))
        {
            let answers = guardians_answer_for(ward, policy, moment);
            let theirs = Standing {
                debt_cents: if answers { ward.debt_cents } else { 0 },
                oldest_debt_at: ward.oldest_debt_at.filter(|_| answers),
                earliest_due: ward.earliest_due.filter(|_| answers),
                bans: &ward.bans,
            };
            push(&theirs, Some(ward.patron), policy, branch, moment, &mut found);
        }
    }
    found
}

/// Whether the guardians of this ward answer for its debts and overdue loans today (A48). A ward without a birth date
/// outgrows nobody.
fn guardians_answer_for(ward: &Ward, policy: &DerivedBlockPolicy, moment: &Moment) -> bool {
    !ward.birth_date.is_some_and(|birth| has_reached(birth, policy.guardian_liability_age, moment.today()))
}

fn push(
    of: &Standing<'_>,
    ward: Option<i64>,
    policy: &DerivedBlockPolicy,
    branch: i64,
    moment: &Moment,
    found: &mut Vec<Block>,
) {
    let today = moment.today();
    let in_force = |ban: &&Ban| ban.kind == BanKind::Lending && bans::is_in_force(ban, branch, moment.at());
    let banned = of.bans.iter().filter(in_force).map(|ban| Cause::Ban { ban: ban.id, ends_at: ban.ends_at });
    let debt = policy
        .debt_limit
        .is_reached(of.debt_cents)
        .then(|| Cause::Debt { cents: of.debt_cents, to_pay_cents: policy.debt_limit.to_pay(of.debt_cents) });
    let since = of.oldest_debt_at.map(|at| moment.day_of(at));
    let year_turn = since
        .filter(|since| policy.year_turn.is_some_and(|turn| turn.blocks(*since, today)))
        .map(|since| Cause::YearTurnDebt { since });
    let overdue = of
        .earliest_due
        .filter(|due_on| policy.overdue_days.is_some_and(|days| is_overdue_by(*due_on, days, today)))
        .map(|due_on| Cause::Overdue { due_on });
    let causes = banned.chain(debt).chain(year_turn).chain(overdue);
    found.extend(causes.map(|cause| Block { ward, cause }));
}

/// Whether today is at least this many days after the due date. On the due date itself nothing is overdue.
fn is_overdue_by(due_on: NaiveDate, days: u16, today: NaiveDate) -> bool {
    due_on.checked_add_days(Days::new(u64::from(days))).is_some_and(|day| day <= today)
}

#[cfg(test)]
mod tests;
