//! Who would gain or lose which right tomorrow, if other policies held.
//!
//! The rights are decided by the functions that decide them every day, once with the policies of the register and
//! once with those on trial, for tomorrow noon in both cases: what a birthday or the end of a card changes meanwhile is
//! nobody's policy. Signing in does not depend on policies and is not among them. Only what differs is asked: where
//! the policies of a branch for a category stay as they are, so do the rights of its patrons.

mod questions;

use crate::{Register, RegisterError, Rulebook};
use chrono::{Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use kortisto_domain::{
    Moment, PatronCategory,
    policy::{PolicyRow, PolicySet},
};
use kortisto_store::{Store, StoreError, queries::parties};
use questions::{Question, questions};
use std::collections::{BTreeMap, HashMap};

/// Patrons that one statement reads.
const BATCH_PATRONS: u32 = 2_000;

/// Patrons after which other work gets its turn.
const PATRONS_AT_A_STRETCH: usize = 50;

/// Numbers of patrons that are named for one change of one right; all of them are counted.
pub const NUMBERS_MAX: usize = 100;

/// Numbers of patrons that are named in all.
pub const NUMBERS_TOTAL_MAX: usize = 10_000;

/// Patrons that one call looks at, at most.
const PATRONS_OF_A_CALL_MAX: u64 = 20_000;

/// Questions that one call decides, at most, each twice.
const QUESTIONS_OF_A_CALL_MAX: u64 = 400_000;

/// A right that policies give and take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// To borrow an item without an age rating.
    Borrow,
    /// To borrow an item from 7 years.
    BorrowRated,
    /// To enter an unstaffed library while it is open.
    Enter,
    /// To use a PC while the branch is open.
    UsePc,
}

/// A right at a branch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The right.
    pub right: Right,
    /// The code of the branch.
    pub branch: String,
    /// The material, for example `dvd`; empty for every other right and for materials of which no policy speaks.
    pub material: String,
    /// The collection, for example `children`; empty in the same way.
    pub collection: String,
}

/// Patrons who gain or who lose a right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// How many.
    pub count: u64,
    /// The numbers of the first of them.
    pub numbers: Vec<String>,
}

/// What becomes of a right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Those who would have it and have it not.
    pub gained: Side,
    /// Those who have it and would not.
    pub lost: Side,
}

/// What the policies on trial would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Patrons with a card who were looked at. None where no policy that decides a right differs.
    pub patrons: u64,
    /// What would change.
    pub changes: BTreeMap<Subject, Effect>,
    named: usize,
}

impl Effects {
    fn note(&mut self, subject: &Subject, number: &str, gained: bool) {
        let effect = self.changes.entry(subject.clone()).or_default();
        let side = if gained { &mut effect.gained } else { &mut effect.lost };
        side.count += 1;
        if side.numbers.len() < NUMBERS_MAX && self.named < NUMBERS_TOTAL_MAX {
            side.numbers.push(number.to_owned());
            self.named += 1;
        }
    }
}

/// Two sets of policies side by side.
pub struct Trial {
    tomorrow: Moment,
    questions: HashMap<PatronCategory, Vec<Question>>,
}

impl Trial {
    /// The policies of the rulebook beside these rows, a whole set without faults.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when the rows are no set.
    pub fn new(rulebook: &Rulebook, rows: Vec<PolicyRow>, now: &Moment) -> Result<Self, StoreError> {
        let classes = questions::classes(&rows);
        let new = PolicySet::new(rows)
            .map_err(|_| StoreError::Inconsistent { table: "policies", column: "value" })?;
        let tomorrow = noon_after(rulebook, now);
        let of_category = |category: &PatronCategory| {
            let questions = questions(rulebook, &new, *category, tomorrow.today(), &classes);
            (!questions.is_empty()).then_some((*category, questions))
        };
        Ok(Self { tomorrow, questions: PatronCategory::ALL.iter().filter_map(of_category).collect() })
    }

    /// Asks about the patrons of one batch, those whose keys come after `after`; gives the key of the last one while
    /// there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn batch(
        &self,
        store: &Store,
        rulebook: &Rulebook,
        after: i64,
        effects: &mut Effects,
    ) -> Result<Option<i64>, StoreError> {
        if self.questions.is_empty() {
            return Ok(None);
        }
        let found =
            parties::load(store.readers(), store.engine(), after, BATCH_PATRONS, self.tomorrow.today())
                .await?;
        let last = found.last().map(|found| found.party.patron_id);
        let is_full = found.len() == BATCH_PATRONS as usize;
        effects.patrons += found.len() as u64;
        for (index, found) in found.iter().enumerate() {
            if index % PATRONS_AT_A_STRETCH == 0 {
                tokio::task::yield_now().await;
            }
            let own = self.questions.get(&found.party.patron.category);
            for question in own.into_iter().flatten() {
                let (before, now) = question.ask(rulebook, &found.party, &self.tomorrow);
                if before != now {
                    effects.note(&question.subject, &found.number, now);
                }
            }
        }
        Ok(last.filter(|_| is_full))
    }

    /// Questions about one patron at most.
    fn questions_of_a_patron(&self) -> u64 {
        self.questions.values().map(Vec::len).max().unwrap_or_default() as u64
    }
}

/// Tomorrow at noon, on the wall clock of the consortium.
fn noon_after(rulebook: &Rulebook, now: &Moment) -> Moment {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let wall = (now.today() + Days::new(1)).and_time(noon);
    let at = rulebook.zone.from_local_datetime(&wall).earliest();
    let at = at.map_or_else(|| now.at() + TimeDelta::days(1), |at| at.with_timezone(&Utc));
    Moment::new(at, rulebook.zone)
}

impl Register {
    /// Tries a set of policies on the patrons whose keys come after `after`, as many as one call may look at; gives the
    /// key after which the next call goes on. The caller has been admitted.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn try_policies(
        &self,
        rows: Vec<PolicyRow>,
        after: i64,
    ) -> Result<(Effects, Option<i64>), RegisterError> {
        let rulebook = Rulebook::load(self.store.readers(), &self.surroundings).await?;
        let trial = Trial::new(&rulebook, rows, &self.surroundings.moment())?;
        let mut effects = Effects::default();
        let mut next = Some(after);
        while let Some(after) = next {
            next = trial.batch(&self.store, &rulebook, after, &mut effects).await?;
            let asked = effects.patrons * trial.questions_of_a_patron();
            if effects.patrons >= PATRONS_OF_A_CALL_MAX || asked >= QUESTIONS_OF_A_CALL_MAX {
                break;
            }
        }
        Ok((effects, next))
    }
}
