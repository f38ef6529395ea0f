//! The facts of a decision as names and values. Of other people's holds and loans it says that they are others'.

use crate::rulings::Asker;
use kortisto_domain::{
    BanKind,
    age::age_on,
    bans::is_in_force,
    facts::{Ban, Item, Resource, Ward},
    opening::OpenNow,
    pick_up::HoldAtPickup,
    validity::holds_on,
};
use std::collections::HashMap;
use std::fmt::Display;

/// One fact that a decision looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name, for example `card.state`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// What was found for a question.
pub(super) struct Found<'a> {
    pub(super) asker: &'a Asker<'a>,
    pub(super) item: Option<&'a Item>,
    pub(super) hold: Option<HoldAtPickup>,
    pub(super) resource: Option<&'a Resource>,
    /// The numbers of the wards, by their keys.
    pub(super) wards: &'a HashMap<i64, String>,
}

/// Stands where a date, a limit or a name is not known or not set.
const NONE: &str = "none";

fn or_none<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

/// Every fact, in a fixed order.
pub(super) fn tell(found: &Found<'_>) -> Vec<Fact> {
    let Asker { card, patron, branch, rulebook, moment, .. } = *found.asker;
    let today = moment.today();
    let mut facts = Vec::new();
    let mut push = |name, value: String| facts.push(Fact { name, value });
    push("today", today.to_string());
    let open = OpenNow::among(rulebook.hours(branch), moment);
    push("branch.staffed", open.staffed.to_string());
    push("branch.self_service", open.self_service.to_string());
    push("card.state", card.state.word().to_owned());
    push("card.valid_from", card.valid_from.to_string());
    push("card.valid_until", or_none(card.valid_until));
    push("patron.state", patron.state.word().to_owned());
    push("patron.category", patron.category.word().to_owned());
    push("patron.valid_until", or_none(patron.valid_until));
    push("patron.birth_date", or_none(patron.birth_date));
    push("patron.age", or_none(patron.birth_date.map(|birth| age_on(birth, today))));
    push("patron.debt_cents", patron.debt_cents.to_string());
    push("patron.oldest_debt_on", or_none(patron.oldest_debt_at.map(|at| moment.day_of(at))));
    push("patron.earliest_due_on", or_none(patron.earliest_due));
    for count in &patron.open_loans {
        push("patron.open_loans", format!("{}: {}", count.material, count.loans));
    }
    let code = |id: Option<i64>| id.map_or("every branch", |id| rulebook.branch_code(id)).to_owned();
    for ban in &patron.bans {
        let counts = is_in_force(ban, branch, moment.at());
        push("patron.ban", format!("{}, counts: {counts}", ban_text(ban, &code(ban.branch))));
    }
    for right in &patron.rights {
        let here = right.branch.is_none_or(|of| of == branch);
        let counts = here && holds_on(right.valid_from, right.valid_until, today);
        let (kind, days) =
            (right.kind.word(), format!("{} to {}", right.valid_from, or_none(right.valid_until)));
        push("patron.right", format!("{kind} at {}, {days}, counts: {counts}", code(right.branch)));
    }
    for service in &patron.switched_off {
        push("patron.switched_off", service.word().to_owned());
    }
    for ward in &patron.wards {
        push("patron.ward", ward_text(ward, found.wards));
    }
    if let Some(resource) = found.resource {
        push("resource.kind", resource.kind.word().to_owned());
        push("resource.min_age", or_none(resource.min_age));
    }
    if let Some(item) = found.item {
        push("item.state", item.state.word().to_owned());
        push("item.material", item.material.clone());
        push("item.collection", item.collection.clone());
        push("item.waited_for", item.waited_for.to_string());
        push("item.age_rating", or_none(item.age_rating));
        push("item.borrower", whose(item.borrower, found.asker.patron_id));
        push("item.kept_for", whose(item.kept_for.map(|kept| kept.patron), found.asker.patron_id));
    }
    if let Some(hold) = found.hold {
        push("hold.patron", whose(Some(hold.patron), found.asker.patron_id));
        push("hold.state", hold.state.word().to_owned());
        push("hold.pickup_branch", code(Some(hold.pickup_branch)));
    }
    facts
}

fn ban_text(ban: &Ban, branch: &str) -> String {
    let (id, kind) = (ban.id, ban.kind.word());
    let (from, to) = (ban.starts_at.to_rfc3339(), or_none(ban.ends_at.map(|end| end.to_rfc3339())));
    format!("{id}, {kind} at {branch}, {from} to {to}")
}

fn ward_text(ward: &Ward, numbers: &HashMap<i64, String>) -> String {
    let number = numbers.get(&ward.patron).map_or("", String::as_str);
    let bans = ward.bans.iter().filter(|ban| ban.kind == BanKind::Lending).count();
    format!(
        "{number}, {}, {} to {}, born {}, debt_cents {}, earliest_due_on {}, lending bans {bans}",
        ward.relation.word(),
        ward.valid_from,
        or_none(ward.valid_until),
        or_none(ward.birth_date),
        ward.debt_cents,
        or_none(ward.earliest_due),
    )
}

/// Says whose something is without naming anybody.
fn whose(patron: Option<i64>, asked: i64) -> String {
    match patron {
        None => "nobody",
        Some(patron) if patron == asked => "this patron",
        Some(_) => "another patron",
    }
    .to_owned()
}
