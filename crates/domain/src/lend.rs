//! May this item be lent to this patron, until when?

use crate::age::has_reached;
use crate::blocks::{self, Block};
use crate::due::{self, Due};
use crate::facts::{Card, Item, KeptFor, OpeningHours, Patron};
use crate::holders::{self, Taker};
use crate::policy::{LendingPolicy, UnknownBirthDate};
use crate::{BanKind, Decision, ItemState, Moment, PatronCategory, Reason, bans, validity};

/// A patron who wants to borrow an item.
#[derive(Debug, Clone, Copy)]
pub struct Lending<'a> {
    /// The card of the session.
    pub card: &'a Card,
    /// Its patron.
    pub patron: &'a Patron,
    /// The id under which loans and holds know the patron.
    pub patron_id: i64,
    /// The id under which holds know the card.
    pub card_id: i64,
    /// The item; none where no item carries the barcode.
    pub item: Option<&'a Item>,
    /// The branch of the device.
    pub branch: i64,
    /// The hours of that branch.
    pub hours: &'a OpeningHours,
    /// The policy for this patron's category and the item's material.
    pub policy: &'a LendingPolicy,
    /// When it is asked.
    pub moment: &'a Moment,
}

/// Whether the loan is allowed, and its last day if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LendDecision {
    /// The verdict.
    pub decision: Decision,
    /// The end of the loan. Says nothing where the decision is a refusal.
    pub due: Due,
}

/// Decides about a loan, with every reason that holds.
///
/// Of the card and the patron: `CardExpired`, `CardNotInForce`, `LendingBan`, `DebtLimit`, `YearTurnDebt`,
/// `OverdueItems`, `WardBlocked`, `UseBan`, `LoanLimit`. Of the item: `ItemUnknown` alone, or `MaterialLimit`, `ItemNotForLoan`, `ItemOnLoan`,
/// `ItemAlreadyYours`, `ItemHeld`, `HoldOtherCard`, `AgeRating`, `BirthDateUnknown`. A patron whose record is
/// restricted gets `CardNotInForce` and nothing else (A141).
///
/// An item in transit that is kept for nobody may be lent: the patron has found it on a shelf. So may
/// one that is kept for this very patron, wherever it is on its way.
#[must_use]
pub fn decide(lending: &Lending<'_>) -> LendDecision {
    conclude(lending, |reasons| match lending.item {
        None => reasons.push(Reason::ItemUnknown),
        Some(item) => push_item_reasons(lending, item, reasons),
    })
}

/// The decision from what speaks against card and patron, and what the caller adds.
pub(crate) fn conclude(lending: &Lending<'_>, add: impl FnOnce(&mut Vec<Reason>)) -> LendDecision {
    let waited_for = lending.item.is_some_and(|item| item.waited_for);
    let today = lending.moment.today();
    let due = due::after(&lending.policy.due, lending.hours, today, waited_for, lending.moment);
    if let Some(decision) = validity::neutral_refusal(lending.patron) {
        return LendDecision { decision, due };
    }
    let mut reasons = Vec::new();
    push_patron_reasons(lending, &mut reasons);
    add(&mut reasons);
    LendDecision { decision: Decision::from_reasons(reasons), due }
}

fn push_patron_reasons(lending: &Lending<'_>, reasons: &mut Vec<Reason>) {
    let Lending { card, patron, branch, policy, moment, .. } = *lending;
    validity::push_reasons(card, patron, moment.today(), reasons);
    reasons.extend(blocks::of_lending(patron, &policy.blocks, branch, moment).iter().map(Block::reason));
    if bans::is_banned(patron, BanKind::Use, branch, moment.at()) {
        reasons.push(Reason::UseBan);
    }
    if is_full(open_loans(patron, |_| true), policy.max_total) {
        reasons.push(Reason::LoanLimit);
    }
}

/// Adds what speaks against lending this item to this patron.
pub(crate) fn push_item_reasons(lending: &Lending<'_>, item: &Item, reasons: &mut Vec<Reason>) {
    let Lending { patron, patron_id, policy, .. } = *lending;
    if is_full(open_loans(patron, |material| material == item.material), policy.max_material) {
        reasons.push(Reason::MaterialLimit);
    }
    match item.state {
        ItemState::Available | ItemState::InTransit | ItemState::OnHoldShelf => {}
        ItemState::NotForLoan | ItemState::Lost | ItemState::Withdrawn | ItemState::InRepair => {
            reasons.push(Reason::ItemNotForLoan);
        }
    }
    match item.borrower {
        None => {}
        Some(borrower) if borrower == patron_id => reasons.push(Reason::ItemAlreadyYours),
        Some(_) => reasons.push(Reason::ItemOnLoan),
    }
    let taker = Taker { patron, patron_id, card_id: lending.card_id };
    let held = |kept: &KeptFor| holders::refusal(kept, &taker, &policy.holders, lending.moment);
    reasons.extend(item.kept_for.as_ref().and_then(held));
    reasons.extend(rating_reason(lending, item));
}

/// What the age rating says (Act on audiovisual programmes 710/2011). Institutions and other libraries
/// have no age: who borrows for them answers for whom it is shown to.
fn rating_reason(lending: &Lending<'_>, item: &Item) -> Option<Reason> {
    let rating = item.age_rating.filter(|years| *years > 0)?;
    let of_age = match (lending.patron.category, lending.patron.birth_date) {
        (PatronCategory::Institution | PatronCategory::InterlibraryLoan, _) => return None,
        (_, Some(birth)) => has_reached(birth, rating, lending.moment.today()),
        (_, None) => match lending.policy.rating_unknown_birth_date {
            UnknownBirthDate::Allow => return None,
            UnknownBirthDate::Refuse => return Some(Reason::BirthDateUnknown),
        },
    };
    (!of_age).then_some(Reason::AgeRating)
}

fn open_loans(patron: &Patron, counts: impl Fn(&str) -> bool) -> u64 {
    let counted = patron.open_loans.iter().filter(|count| counts(&count.material));
    counted.map(|count| u64::from(count.loans)).sum()
}

/// Whether one more would be too many.
fn is_full(open: u64, max: Option<u32>) -> bool {
    max.is_some_and(|max| open >= u64::from(max))
}

#[cfg(test)]
mod tests;
