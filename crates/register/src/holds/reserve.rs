//! `HoldService.ReservePickup`: the first of two steps at a locker. Everything that speaks against the pickup is said
//! now; what comes up before the second step does not count any more.

use super::compartment::{self, AtCompartment};
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::{Decision, Reason, reserve_pickup};
use kortisto_store::{StoreError, entities::holds};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A ready hold of the patron of a session, or of a child of theirs.
#[derive(Debug, Clone)]
pub struct ReservePickup {
    /// Who asks.
    pub ask: Ask,
    /// Which hold.
    pub hold: Uuid,
}

/// Whether the compartment may be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the patron is known.
    pub language: Option<String>,
    /// Which compartment, where one was told.
    pub compartment: Option<String>,
    /// Until when nobody else gets it; none on a refusal.
    pub reserved_until: Option<DateTime<Utc>>,
}

impl PatronChange for ReservePickup {
    const RPC: Rpc = Rpc::ReservePickup;
    const ACTION: &'static str = "reserve_pickup";
    type Answer = Reservation;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![self.hold.as_bytes()]
    }

    fn refused(decision: Decision, language: Option<String>) -> Reservation {
        Reservation { decision, language, compartment: None, reserved_until: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<Reservation>, RegisterError> {
        let at = AtCompartment::load(desk, &self.ask, self.hold).await?;
        let mut decision = at.pick_up(desk).decision;
        let found = at.of(desk).filter(|_| !decision.reasons().contains(&Reason::HoldUnknown));
        let elsewhere = found.and_then(|(hold, _)| {
            reserve_pickup::open_compartment(
                &compartment::reserved(hold),
                hold.stocked_by,
                desk.device.id,
                &desk.moment,
            )
        });
        if let Some(reason) = elsewhere {
            decision = Decision::from_reasons([decision.reasons(), &[reason]].concat());
        }
        let about = About {
            hold: found.map(|(hold, _)| hold.id),
            item: found.and_then(|(_, item)| item).map(|item| item.id),
            request: Some(self.ask.request_id),
            ..About::default()
        };
        let language = Some(desk.party.language.clone());
        let mut answer = Self::refused(decision.clone(), language);
        if decision.is_granted() {
            let (place, today) = (desk.rulebook.place(desk.device.branch_id), desk.moment.today());
            let minutes = desk.rulebook.policies.holds(&place, today).locker_minutes;
            let until = desk.moment.at() + TimeDelta::minutes(minutes.into());
            compartment::reserve(desk, self.hold, Some(until)).await?;
            let row = holds::Entity::find_by_id(self.hold).one(desk.transaction).await;
            answer.compartment = row.map_err(StoreError::from)?.and_then(|row| row.compartment);
            answer.reserved_until = Some(until);
        }
        Ok(Concluded { decision, answer, about })
    }
}

impl Register {
    /// Reserves a ready hold for the device that opens its compartment.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn reserve_pickup(
        self: &Arc<Self>,
        ask: ReservePickup,
        deadline: Instant,
    ) -> Result<Reservation, RegisterError> {
        self.patron_change(ask, deadline).await
    }
}
