//! `ExplainService.ExplainDecision`: the same decision on the same facts as a device would get now, taken apart.

use super::facts::{self, Fact, Found};
use crate::{
    RegisterError,
    desk::world::World,
    rulings::Asker,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    CardState, Decision, DeviceKind, Purpose, Reason, ResourceKind, authenticate,
    because::{Looked, because},
    pick_up::HoldAtPickup,
    policy::AppliedPolicy,
};
use kortisto_store::{
    StoreError,
    entities::{cards, patrons},
    queries::{
        circulation_facts::{self, Facts},
        party::Party,
    },
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::collections::HashMap;
use uuid::Uuid;

/// About whom.
#[derive(Debug, Clone)]
pub enum Who {
    /// The holder of this card.
    Card(String),
    /// The patron with this number, by the newest card in force, or the newest card at all.
    Patron(String),
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// May the item with this barcode be lent?
    Lend(String),
    /// May this hold be picked up?
    PickUp(Uuid),
    /// May the resource with this code be used?
    Enter(String),
    /// May a session be opened at a device of this kind, after the right PIN?
    Authenticate(DeviceKind),
}

/// Asks why.
pub struct ExplainDecision {
    /// About whom.
    pub who: Who,
    /// The code of the branch at which a device would ask.
    pub branch: String,
    /// What it would ask.
    pub question: Question,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// A decision taken apart.
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The patron's language.
    pub language: String,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// What it was decided on.
    pub facts: Vec<Fact>,
    /// What each reason rests on, in the order of the reasons.
    pub causes: Vec<Cause>,
    /// The policies that were looked at, each with the code of its branch, if it names one.
    pub policies: Vec<(AppliedPolicy, Option<String>)>,
}

/// What a reason rests on, and what lifts it. What does not apply is empty.
pub struct Cause {
    /// The reason.
    pub reason: Reason,
    /// The number of the ward whose block it is.
    pub ward_number: Option<String>,
    /// The ban.
    pub ban_id: Option<i64>,
    /// What has to be paid at least, in cents.
    pub to_pay_cents: Option<i64>,
    /// The day from which it counts.
    pub since: Option<NaiveDate>,
    /// When it goes by itself.
    pub lifts_at: Option<DateTime<Utc>>,
}

impl StaffView for ExplainDecision {
    const RPC: StaffRpc = StaffRpc::ExplainDecision;
    type Answer = Explanation;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Explanation, RegisterError> {
        let rulebook = desk.rulebook().await?;
        let branch = rulebook.branch_id(&self.branch).ok_or(RegisterError::NotFound { what: "branch" })?;
        let card = self.card(desk).await?;
        let loaded = self.load(desk, card).await?;
        let party = loaded.party.as_ref().ok_or(RegisterError::NotFound { what: "card" })?;
        let (today, moment) = (desk.moment.today(), desk.moment);
        let asker = Asker {
            card: &party.card,
            patron: &party.patron,
            patron_id: party.patron_id,
            card_id: party.card_id,
            branch,
            rulebook: &rulebook,
            moment: &moment,
        };
        let (place, category) = (rulebook.place(branch), party.patron.category);
        let item = loaded.item.as_ref().map(|item| World::item_facts(item, &rulebook, today));
        let hold = loaded.hold.as_ref().map(|hold| HoldAtPickup {
            patron: hold.patron_id,
            state: hold.state,
            pickup_branch: hold.pickup_branch_id,
        });
        let class = item.as_ref().map(kortisto_domain::facts::Item::class).unwrap_or_default();
        let lending = || rulebook.policies.explain_lending(&place, category, class, today);
        let resource = match &self.question {
            Question::Enter(code) => rulebook.resource(branch, code),
            _ => None,
        };
        let (decision, policies) = match &self.question {
            Question::Lend(_) => (asker.lend(item.as_ref()).decision, lending()),
            Question::PickUp(_) => (asker.pick_up(hold, item.as_ref()).decision, lending()),
            Question::Enter(_) => {
                let device = match resource.map(|resource| resource.kind) {
                    Some(ResourceKind::Pc) => DeviceKind::PcBooking,
                    _ => DeviceKind::Door,
                };
                let applied = rulebook.policies.explain_entry(&place, category, today);
                (asker.enter(device, resource), applied)
            }
            Question::Authenticate(device) => {
                (authenticate::decide(&party.card, &party.patron, *device, branch, &moment), Vec::new())
            }
        };
        let entry = rulebook.policies.entry(&place, category, today);
        let looked = Looked {
            card: &party.card,
            patron: &party.patron,
            item: item.as_ref(),
            branch,
            blocks: &entry.blocks,
            consent_age: entry.min_age,
            moment: &moment,
        };
        let rests_on = because(decision.reasons(), &looked);
        let wards = view_all(desk, party).await?;
        let causes = rests_on
            .into_iter()
            .map(|because| Cause {
                reason: because.reason,
                ward_number: because.ward.and_then(|ward| wards.get(&ward).cloned()),
                ban_id: because.ban,
                to_pay_cents: because.to_pay_cents,
                since: because.since,
                lifts_at: because.lifts_at,
            })
            .collect();
        let found = Found { asker: &asker, item: item.as_ref(), hold, resource, wards: &wards };
        let code_of = |policy: &AppliedPolicy| rulebook.branch_of(policy).map(str::to_owned);
        Ok(Explanation {
            facts: facts::tell(&found),
            language: party.language.clone(),
            decided_at: moment.at(),
            decision,
            causes,
            policies: policies.into_iter().map(|policy| (policy.clone(), code_of(&policy))).collect(),
        })
    }
}

impl ExplainDecision {
    /// The number of the card by which is asked.
    async fn card(&self, desk: &StaffDesk<'_>) -> Result<String, RegisterError> {
        let number = match &self.who {
            Who::Card(number) => return Ok(number.clone()),
            Who::Patron(number) => number,
        };
        let patron = desk.patron(number).await?;
        let cards = cards::Entity::find()
            .filter(cards::Column::PatronId.eq(patron.id))
            .order_by_desc(cards::Column::Id)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let in_force = cards.iter().find(|card| card.state == CardState::Active.code());
        let card = in_force.or_else(|| cards.first()).ok_or(RegisterError::NotFound { what: "card" })?;
        Ok(card.number.clone())
    }

    /// The facts, by the statement that circulation is decided on.
    async fn load(&self, desk: &StaffDesk<'_>, card: String) -> Result<Facts, RegisterError> {
        let (barcode, hold_id) = match &self.question {
            Question::Lend(barcode) => (Some(barcode.clone()), None),
            Question::PickUp(hold) => (None, Some(*hold)),
            Question::Enter(_) | Question::Authenticate(_) => (None, None),
        };
        let key = circulation_facts::Key {
            card: Some(card),
            barcode,
            hold_id,
            ..circulation_facts::Key::blank(0, desk.moment.today())
        };
        let engine = desk.register.store.engine();
        let mut found = circulation_facts::load(desk.transaction, engine, &[key]).await?;
        found.pop().ok_or(RegisterError::Internal("the facts of an explanation are missing"))
    }
}

/// Leaves the audit rows of everybody whose data is shown, and gives the numbers of the wards.
async fn view_all(desk: &mut StaffDesk<'_>, party: &Party) -> Result<HashMap<i64, String>, RegisterError> {
    let wards = party.patron.wards.iter().map(|ward| ward.patron);
    let shown = patrons::Entity::find()
        .filter(patrons::Column::Id.is_in(wards.chain([party.patron_id])))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    for patron in &shown {
        desk.viewed(patron);
    }
    Ok(shown.into_iter().map(|patron| (patron.id, patron.number)).collect())
}
