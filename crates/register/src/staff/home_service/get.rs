//! `HomeServiceService.GetHomeService`: what the service holds of a patron.

use super::{NOT_SERVED, row_of};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{ConsentState, Purpose, home_service as rules};
use kortisto_store::StoreError;

/// Asks what the service holds of a patron.
pub struct GetHomeService {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// What the service holds of a patron. No part of an address that is protected.
#[derive(Clone)]
pub struct HomeServiceRecord {
    /// Whether the address has become a protected one, and is not shown.
    pub address_protected: bool,
    /// Street and house.
    pub street: String,
    /// Postcode.
    pub postcode: String,
    /// Post office.
    pub post_office: String,
    /// What to know at the door.
    pub door_note: String,
    /// The first day of delivery.
    pub first_on: NaiveDate,
    /// Weeks between two deliveries.
    pub every_weeks: u8,
    /// The next day of delivery, today included.
    pub next_on: NaiveDate,
    /// What the patron likes.
    pub preferences: String,
    /// What was answered about a history.
    pub history_consent: ConsentState,
    /// What was answered about a profile.
    pub profile_consent: ConsentState,
    /// When it was changed.
    pub changed_at: DateTime<Utc>,
    /// Who changed it.
    pub changed_by: String,
}

impl StaffView for GetHomeService {
    const RPC: StaffRpc = StaffRpc::GetHomeService;
    type Answer = HomeServiceRecord;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<HomeServiceRecord, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let row = row_of(desk, patron.id).await?.ok_or(NOT_SERVED)?;
        desk.viewed(&patron);
        let every_weeks = u8::try_from(row.every_weeks)
            .map_err(|_| StoreError::Inconsistent { table: "home_service", column: "every_weeks" })?;
        let shown = |text: String| if patron.protected_address { String::new() } else { text };
        Ok(HomeServiceRecord {
            address_protected: patron.protected_address,
            street: shown(row.street),
            postcode: shown(row.postcode),
            post_office: shown(row.post_office),
            door_note: shown(row.door_note),
            first_on: row.first_on,
            every_weeks,
            next_on: rules::next_on(row.first_on, every_weeks, desk.moment.today()),
            preferences: row.preferences,
            history_consent: row.history_consent.try_into().map_err(StoreError::from)?,
            profile_consent: row.profile_consent.try_into().map_err(StoreError::from)?,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        })
    }
}
