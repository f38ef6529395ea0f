//! `HomeServiceService.GetCarrierManifest`: what a carrier needs for one day, and no more (A84).
//!
//! Name, address, phone and the id of the parcel; no titles, no identity code, no card. Whoever's address is protected
//! or whose record is restricted is not on it: they are counted, and the library delivers itself. Each patron on it has
//! an audit row: the manifest leaves the house.

use crate::{
    RegisterError,
    staff::{Page, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use kortisto_domain::{
    PatronState, Purpose,
    home_service::{self as rules, MANIFEST_AHEAD_DAYS_MAX},
};
use kortisto_store::{
    StoreError,
    entities::{home_service, patrons, phones},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::collections::HashMap;
use std::fmt::Write as _;
use uuid::Uuid;

/// Bytes of the id of a parcel.
const PARCEL_BYTES: usize = 6;

/// Asks for the manifest of a day.
pub struct GetCarrierManifest {
    /// The day of delivery.
    pub date: NaiveDate,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// Where a carrier goes.
#[derive(Clone)]
pub struct CarrierStop {
    /// The id of the parcel: the same for one patron and day, and of no use for anything else.
    pub parcel_id: String,
    /// Given names and family name.
    pub name: String,
    /// Street and house.
    pub street: String,
    /// Postcode.
    pub postcode: String,
    /// Post office.
    pub post_office: String,
    /// A phone number; empty where none is known.
    pub phone: String,
}

/// The manifest of a day.
#[derive(Clone)]
pub struct CarrierManifest {
    /// Where the carrier goes, in the order of postcodes.
    pub stops: Vec<CarrierStop>,
    /// Patrons of the day whom the library delivers to itself.
    pub withheld: u32,
    /// From when on the carrier may not keep it.
    pub expires_at: DateTime<Utc>,
    /// The key after which the next page begins; none on the last.
    pub next: Option<i64>,
}

impl StaffView for GetCarrierManifest {
    const RPC: StaffRpc = StaffRpc::GetCarrierManifest;
    type Answer = CarrierManifest;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<CarrierManifest, RegisterError> {
        let today = desk.moment.today();
        let last = today.checked_add_days(Days::new(MANIFEST_AHEAD_DAYS_MAX));
        if self.date < today || last.is_none_or(|last| self.date > last) {
            let rule = format!("today or one of the next {MANIFEST_AHEAD_DAYS_MAX} days");
            return Err(RegisterError::FieldInvalid { field: "date", rule });
        }
        let due = self.due(desk).await?;
        let served = by_key(desk, due.iter().map(|row| row.patron_id)).await?;
        let (mut withheld, mut rows) = (0, Vec::new());
        for row in due {
            let Some(patron) = served.get(&row.patron_id) else { continue };
            if patron.protected_address || patron.state != PatronState::Active.code() {
                withheld += 1;
            } else {
                rows.push((row, patron.clone()));
            }
        }
        rows.retain(|(row, _)| self.page.after.is_none_or(|after| row.patron_id > after));
        let page = self.page.cut(rows, |(row, _)| row.patron_id);
        let phones = phones_of(desk, page.rows.iter().map(|(row, _)| row.patron_id)).await?;
        let mut stops = Vec::with_capacity(page.rows.len());
        for (row, patron) in page.rows {
            desk.viewed(&patron);
            stops.push(CarrierStop {
                parcel_id: self.parcel_id(desk, patron.pseudonym),
                name: format!("{} {}", patron.given_names, patron.family_name),
                street: row.street,
                postcode: row.postcode,
                post_office: row.post_office,
                phone: phones.get(&row.patron_id).cloned().unwrap_or_default(),
            });
        }
        stops.sort_by(|one, other| (&one.postcode, &one.street).cmp(&(&other.postcode, &other.street)));
        let expires_at = desk.moment.start_of(self.date.checked_add_days(Days::new(1)).unwrap_or(self.date));
        Ok(CarrierManifest { stops, withheld, expires_at, next: page.next })
    }
}

impl GetCarrierManifest {
    /// Those to whom something is delivered on the day, in the order of their keys.
    async fn due(&self, desk: &StaffDesk<'_>) -> Result<Vec<home_service::Model>, RegisterError> {
        let begun = home_service::Entity::find()
            .filter(home_service::Column::FirstOn.lte(self.date))
            .order_by_asc(home_service::Column::PatronId)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let delivers = |row: &home_service::Model| {
            let every_weeks = u8::try_from(row.every_weeks).unwrap_or(1);
            rules::delivers_on(row.first_on, every_weeks, self.date)
        };
        Ok(begun.into_iter().filter(delivers).collect())
    }

    fn parcel_id(&self, desk: &StaffDesk<'_>, pseudonym: Uuid) -> String {
        let day = self.date.to_string();
        let hash = desk.register.keys.request_fingerprint(&[b"parcel", pseudonym.as_bytes(), day.as_bytes()]);
        hash[..PARCEL_BYTES].iter().fold(String::new(), |mut id, byte| {
            // Writing to a string does not fail.
            let _ = write!(id, "{byte:02X}");
            id
        })
    }
}

async fn by_key(
    desk: &StaffDesk<'_>,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, patrons::Model>, RegisterError> {
    let found = patrons::Entity::find()
        .filter(patrons::Column::Id.is_in(keys))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().map(|patron| (patron.id, patron)).collect())
}

/// The phone number of each patron that was recorded first.
async fn phones_of(
    desk: &StaffDesk<'_>,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>, RegisterError> {
    let found = phones::Entity::find()
        .filter(phones::Column::PatronId.is_in(keys))
        .order_by_desc(phones::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().map(|phone| (phone.patron_id, phone.number)).collect())
}
