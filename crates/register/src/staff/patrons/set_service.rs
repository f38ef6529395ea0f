//! `PatronService.SetServiceInUse`: a patron uses a service, or has it switched off (A33).

use super::etag::Etag;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{Service, services};
use kortisto_store::{
    StoreError,
    entities::{devices, patron_sessions, services_in_use},
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _},
};
use serde::Serialize;
use uuid::Uuid;

/// Switches a service on or off. From the commit on, every device that is this service refuses the patron.
#[derive(Serialize)]
pub struct SetServiceInUse {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Which service.
    pub service: Service,
    /// On or off.
    pub enabled: bool,
}

impl StaffChange for SetServiceInUse {
    const RPC: StaffRpc = StaffRpc::SetServiceInUse;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let there = services_in_use::Entity::find_by_id((patron.id, self.service.code()))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if there.as_ref().is_some_and(|row| row.enabled == self.enabled) {
            desk.viewed(&patron);
            return Ok(Etag::of(&patron));
        }
        let row = services_in_use::ActiveModel {
            patron_id: Set(patron.id),
            service: Set(self.service.code()),
            enabled: Set(self.enabled),
            since: Set(desk.moment.at()),
        };
        match &there {
            Some(_) => row.update(desk.transaction).await,
            None => row.insert(desk.transaction).await,
        }
        .map_err(StoreError::from)?;
        if !self.enabled {
            self.end_sessions(desk, patron.id).await?;
        }
        let shown = |enabled: bool| format!("{} {}", self.service.word(), if enabled { "on" } else { "off" });
        let old = there.map(|row| shown(row.enabled));
        let change = FieldChange::new("service", old, Some(shown(self.enabled)));
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}

impl SetServiceInUse {
    /// Ends what the patron has open at devices that are this service, also for wards.
    async fn end_sessions(&self, desk: &StaffDesk<'_>, patron_id: i64) -> Result<(), RegisterError> {
        let Some(kind) = services::device_of(self.service) else { return Ok(()) };
        let own = patron_sessions::Column::PatronId.eq(patron_id);
        let open = patron_sessions::Entity::find()
            .filter(own.or(patron_sessions::Column::GuardianId.eq(patron_id)))
            .filter(patron_sessions::Column::EndedAt.is_null())
            .filter(patron_sessions::Column::ExpiresAt.gt(desk.moment.at()))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let at_devices = devices::Entity::find()
            .filter(devices::Column::Id.is_in(open.iter().map(|session| session.device_id)))
            .filter(devices::Column::Kind.eq(kind.code()))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let here = |session: &&patron_sessions::Model| {
            at_devices.iter().any(|device| device.id == session.device_id)
        };
        patron_sessions::Entity::update_many()
            .col_expr(patron_sessions::Column::EndedAt, Expr::value(desk.moment.at()))
            .filter(patron_sessions::Column::Id.is_in(open.iter().filter(here).map(|session| session.id)))
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    }
}
