//! Patrons with a card each, and on migration with its PIN. No value of such a file ever leaves it.

mod compare;
mod parse;
mod pins;

use super::{
    FaultList, ImportError, ImportKind, RowFault,
    kind::{Kind, Placed, Work},
    layout::{Layout, columns},
    report::Counts,
};
use crate::{
    aliases::{self, NewNames},
    rulebook::Rulebook,
};
use compare::{card_is_as, patron_is_as};
use kortisto_domain::{CardState, PatronState, names::search_name};
use kortisto_store::queries::{
    bulk::{
        Written,
        branches::keys_by_code,
        cards::{self, CardRow},
        patrons::{self, PatronRow},
        rights::{self, RightRow},
        session::{Table, analyze},
    },
    dialect::At,
};
use parse::{ParsedPatron, PatronParser};
use pins::{CardPin, PinHasher};
use std::collections::{HashMap, HashSet};

/// Who changed a patron, in the patron's row.
const CHANGED_BY: &str = "import";

pub(super) const LAYOUTS: &[Layout] = &[Layout {
    mark: None,
    private: true,
    columns: columns! {
        Required: "number" "family_name" "given_names" "birth_date" "category" "service_language"
            "home_branch" "card_number" "card_valid_from";
        Optional: "valid_until" "card_valid_until" "pin" "self_service_right";
    },
}];

pub(crate) struct Patrons {
    branches: HashMap<String, i64>,
    hasher: PinHasher,
}

impl Kind for Patrons {
    const KIND: ImportKind = ImportKind::Patrons;
    type Parser = PatronParser;

    async fn start(work: &Work<'_>) -> Result<(Self, PatronParser), ImportError> {
        let branches = keys_by_code(work.transaction).await?;
        let rulebook = Rulebook::load(work.transaction, work.surroundings).await?;
        let policy = rulebook.policies.pins(work.today);
        Ok((Self { branches, hasher: PinHasher::new(work) }, PatronParser::new(work.today, &policy)))
    }

    async fn apply(
        &mut self,
        work: &Work<'_>,
        rows: Vec<Placed<ParsedPatron>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        let transaction = work.transaction;
        let there = patrons::with_numbers(transaction, rows.iter().map(|placed| &*placed.row.number)).await?;
        let there: HashMap<&str, _> = there.iter().map(|patron| (&*patron.number, patron)).collect();
        let cards =
            cards::with_numbers(transaction, rows.iter().map(|placed| &*placed.row.card_number)).await?;
        let cards: HashMap<&str, _> = cards.iter().map(|card| (&*card.number, card)).collect();
        let new_numbers = rows.iter().map(|placed| &*placed.row.card_number);
        let new_numbers = new_numbers.filter(|number| !cards.contains_key(number));
        let names: HashSet<String> =
            patrons::names_among(transaction, new_numbers).await?.into_iter().collect();
        let ids = there.values().map(|patron| patron.id);
        let rights: HashSet<(i64, i16)> = rights::standing(transaction, ids)
            .await?
            .into_iter()
            .map(|right| (right.patron_id, right.kind))
            .collect();
        let mut plan = Plan::default();
        for Placed { line, row } in rows {
            let Some(home) = self.branches.get(&row.home_branch).copied() else {
                faults.push(fault(
                    line,
                    "home_branch",
                    "not in the register",
                    "a branch that has been imported before",
                ));
                continue;
            };
            let patron = there.get(row.number.as_str()).copied();
            let card = cards.get(row.card_number.as_str()).copied();
            if let Some(card) = card
                && patron.map(|patron| patron.id) != Some(card.patron_id)
            {
                let right = "a card that is new, or this patron's already";
                faults.push(fault(line, "card_number", "the card of another patron", right));
                continue;
            }
            if names.contains(&row.card_number) {
                let reason = "a support id or a hold alias, which opens nothing";
                faults.push(fault(line, "card_number", reason, "a number that is no such name"));
                continue;
            }
            let step = Step {
                patron_as_it_is: patron.map(|there| patron_is_as(there, &row, home)),
                card_as_it_is: card.map(|there| card_is_as(there, &row)),
                right_is_there: patron
                    .zip(row.right)
                    .is_some_and(|(patron, right)| rights.contains(&(patron.id, right.code()))),
                patron_id: patron.map_or(0, |patron| patron.id),
                card_id: card.map_or(0, |card| card.id),
                home,
            };
            plan.steps.push((step, row));
        }
        if !faults.is_empty() {
            return Ok(Counts::default());
        }
        plan.write(work, &self.hasher).await
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        if faults.is_empty() {
            analyze(work.transaction, &[Table::Patrons, Table::Cards, Table::Pins, Table::Rights]).await?;
        }
        Ok(Counts::default())
    }
}

/// A fault without its value.
fn fault(line: u64, column: &'static str, reason: &str, right: &str) -> RowFault {
    RowFault { line, column, value: None, reason: reason.to_owned(), right: right.to_owned() }
}

/// What the register has of a row already.
struct Step {
    /// Whether the patron differs; none for a new one.
    patron_as_it_is: Option<bool>,
    /// Whether the card differs; none for a new one.
    card_as_it_is: Option<bool>,
    right_is_there: bool,
    patron_id: i64,
    card_id: i64,
    home: i64,
}

/// The rows of a batch, and then what is written of them.
#[derive(Default)]
struct Plan {
    steps: Vec<(Step, ParsedPatron)>,
}

impl Plan {
    async fn write(self, work: &Work<'_>, hasher: &PinHasher) -> Result<Counts, ImportError> {
        let transaction = work.transaction;
        let fitting =
            |wanted: Option<bool>| self.steps.iter().filter(move |(step, _)| step.patron_as_it_is == wanted);
        let names = aliases::draw(transaction, work.surroundings, fitting(None).count()).await?;
        let new_rows =
            fitting(None).zip(names).map(|((step, row), names)| patron_row(work, step, row, names));
        let new_patrons = by_natural(patrons::insert(transaction, &new_rows.collect::<Vec<_>>()).await?);
        let changed_rows =
            fitting(Some(false)).map(|(step, row)| patron_row(work, step, row, NewNames::NONE));
        patrons::change(transaction, &changed_rows.collect::<Vec<_>>()).await?;
        let patron_id = |step: &Step, row: &ParsedPatron| {
            if step.patron_as_it_is.is_some() {
                Some(step.patron_id)
            } else {
                new_patrons.get(&row.number).copied()
            }
        };
        let card_rows = |wanted: Option<bool>| {
            let fitting = self.steps.iter().filter(move |(step, _)| step.card_as_it_is == wanted);
            fitting
                .map(|(step, row)| Some(card_row(work, step, row, patron_id(step, row)?)))
                .collect::<Option<Vec<_>>>()
                .ok_or(ImportError::Internal)
        };
        let new_cards = by_natural(cards::insert(transaction, &card_rows(None)?).await?);
        cards::change(transaction, &card_rows(Some(false))?).await?;
        let new_rights =
            self.steps.iter().filter(|(step, _)| !step.right_is_there).filter_map(|(step, row)| {
                let kind = row.right?.code();
                Some(RightRow { patron_id: patron_id(step, row)?, kind, valid_from: row.card_valid_from })
            });
        rights::insert(transaction, &new_rights.collect::<Vec<_>>()).await?;

        let mut counts = Counts::default();
        let mut pins = Vec::new();
        let mut same = HashSet::new();
        for (step, row) in self.steps {
            let as_it_is = step.patron_as_it_is == Some(true)
                && step.card_as_it_is == Some(true)
                && (row.right.is_none() || step.right_is_there);
            let card_id = match step.card_as_it_is {
                Some(_) => step.card_id,
                None => new_cards.get(&row.card_number).copied().ok_or(ImportError::Internal)?,
            };
            match step.patron_as_it_is {
                None => counts.created += 1,
                Some(_) if as_it_is => {
                    counts.unchanged += 1;
                    same.insert(card_id);
                }
                Some(_) => counts.changed += 1,
            }
            if let Some(pin) = row.pin {
                pins.push(CardPin { card_id, pin });
            }
        }
        let pins_of = hasher.set_missing(work, pins).await?;
        counts.pins_set = pins_of.len() as u64;
        // A row that brought nothing but a PIN changed something all the same.
        let by_pin_alone = pins_of.iter().filter(|card| same.contains(card)).count() as u64;
        counts.unchanged -= by_pin_alone;
        counts.changed += by_pin_alone;
        Ok(counts)
    }
}

fn by_natural(written: Vec<Written>) -> HashMap<String, i64> {
    written.into_iter().map(|row| (row.natural, row.id)).collect()
}

fn patron_row(work: &Work<'_>, step: &Step, row: &ParsedPatron, names: NewNames) -> PatronRow {
    PatronRow {
        id: step.patron_id,
        number: row.number.clone(),
        pseudonym: work.surroundings.new_pseudonym(),
        category: row.category.code(),
        state: PatronState::Active.code(),
        family_name: row.family_name.clone(),
        given_names: row.given_names.clone(),
        birth_date: row.birth_date,
        service_language: row.service_language.to_owned(),
        home_branch_id: step.home,
        valid_until: row.valid_until,
        search_name: search_name(&row.family_name, &row.given_names),
        support_id: names.support_id,
        hold_alias: names.hold_alias,
        at: At(work.at),
        changed_by: CHANGED_BY,
    }
}

fn card_row(work: &Work<'_>, step: &Step, row: &ParsedPatron, patron_id: i64) -> CardRow {
    CardRow {
        id: step.card_id,
        number: row.card_number.clone(),
        patron_id,
        state: CardState::Active.code(),
        at: At(work.at),
        valid_from: row.card_valid_from,
        valid_until: row.card_valid_until,
        issuing_branch_id: step.home,
    }
}
