//! Everything that the register holds about a patron, as one record.

use crate::{RegisterError, staff::StaffDesk};
use chrono::{Datelike as _, NaiveDate};
use kortisto_domain::{
    AddressKind, PatronCategory, age,
    contact::{self, PostalFacts},
    protection, registration,
};
use kortisto_store::{
    StoreError,
    entities::{
        addresses, emails, notice_preferences, patron_stops, patrons, phones, services_in_use, stops,
        year_counters,
    },
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

/// What the register holds about a patron. Personal data: it has no `Debug`.
#[derive(Clone)]
pub struct PatronRecord {
    /// The row. Where contact data is withheld, its home municipality is empty.
    pub patron: patrons::Model,
    /// Age in full years on the day of the question; none without a birth date (A17).
    pub age: Option<u32>,
    /// Whether the patron is a child on that day (A36).
    pub is_child: bool,
    /// Whether the address is protected on that day.
    pub is_protected: bool,
    /// Whether addresses, phones, e-mails and home municipality are withheld for that reason.
    pub contact_withheld: bool,
    /// The local day on which the record was last changed or the card last used, the later one (A47).
    pub last_changed_or_used_on: NaiveDate,
    /// Code of the home branch.
    pub home_branch: String,
    /// Code of the branch where holds are picked up.
    pub pickup_branch: Option<String>,
    /// Addresses, in the order of their kinds.
    pub addresses: Vec<Address>,
    /// Phone numbers.
    pub phones: Vec<phones::Model>,
    /// E-mail addresses.
    pub emails: Vec<emails::Model>,
    /// How notices are wanted.
    pub notices: Vec<notice_preferences::Model>,
    /// Services that were switched on or off.
    pub services: Vec<services_in_use::Model>,
    /// Bookmobile stops, each with the code of its bookmobile.
    pub stops: Vec<(String, stops::Model)>,
    /// Loans and holds of this calendar year; none when there were none.
    pub this_year: Option<year_counters::Model>,
}

/// An address, and whether post goes there today.
#[derive(Clone)]
pub struct Address {
    /// The row.
    pub row: addresses::Model,
    /// Whether it gets the post.
    pub gets_post: bool,
}

/// Puts together what may be seen of a patron for the purpose of the call.
pub(super) async fn of(
    desk: &StaffDesk<'_>,
    mut patron: patrons::Model,
) -> Result<PatronRecord, RegisterError> {
    let today = desk.moment.today();
    let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
    let is_protected = protection::is_protected(patron.protected_address, patron.protected_until, today);
    let shown = protection::shows_contact(is_protected, desk.purpose, &desk.account.roles);
    let changed_on = desk.moment.day_of(patron.changed_at);
    let rulebook = desk.rulebook().await?;
    if !shown {
        patron.home_municipality = None;
    }
    Ok(PatronRecord {
        age: patron.birth_date.map(|birth| age::age_on(birth, today)),
        is_child: registration::is_child(category, patron.birth_date, today),
        is_protected,
        contact_withheld: !shown,
        last_changed_or_used_on: registration::last_changed_or_used(changed_on, patron.last_card_event_on),
        home_branch: rulebook.branch_code(patron.home_branch_id).to_owned(),
        pickup_branch: patron.pickup_branch_id.map(|id| rulebook.branch_code(id).to_owned()),
        addresses: if shown { addresses_of(desk, patron.id, today).await? } else { Vec::new() },
        phones: if shown { phones_of(desk, patron.id).await? } else { Vec::new() },
        emails: if shown { emails_of(desk, patron.id).await? } else { Vec::new() },
        notices: notice_preferences::Entity::find()
            .filter(notice_preferences::Column::PatronId.eq(patron.id))
            .order_by_asc(notice_preferences::Column::Notice)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?,
        services: services_in_use::Entity::find()
            .filter(services_in_use::Column::PatronId.eq(patron.id))
            .order_by_asc(services_in_use::Column::Service)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?,
        stops: stops_of(desk, patron.id).await?,
        this_year: year_counters::Entity::find()
            .filter(year_counters::Column::PatronId.eq(patron.id))
            .filter(year_counters::Column::Year.eq(i16::try_from(today.year()).unwrap_or(i16::MAX)))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?,
        patron,
    })
}

/// The addresses of a patron, in the order of their kinds.
pub(super) async fn addresses_of(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    today: NaiveDate,
) -> Result<Vec<Address>, RegisterError> {
    let rows = addresses::Entity::find()
        .filter(addresses::Column::PatronId.eq(patron_id))
        .order_by_asc(addresses::Column::Kind)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let mut facts = Vec::with_capacity(rows.len());
    for row in &rows {
        facts.push(PostalFacts {
            kind: AddressKind::try_from(row.kind).map_err(StoreError::from)?,
            mailing: row.mailing,
            valid_from: row.valid_from,
            valid_until: row.valid_until,
        });
    }
    let mailing = contact::mailing_address(&facts, today);
    let placed = rows.into_iter().enumerate();
    Ok(placed.map(|(place, row)| Address { row, gets_post: mailing == Some(place) }).collect())
}

/// The phone numbers of a patron, the oldest first.
pub(super) async fn phones_of(
    desk: &StaffDesk<'_>,
    patron_id: i64,
) -> Result<Vec<phones::Model>, RegisterError> {
    let rows = phones::Entity::find()
        .filter(phones::Column::PatronId.eq(patron_id))
        .order_by_asc(phones::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(rows)
}

/// The e-mail addresses of a patron, the oldest first.
pub(super) async fn emails_of(
    desk: &StaffDesk<'_>,
    patron_id: i64,
) -> Result<Vec<emails::Model>, RegisterError> {
    let rows = emails::Entity::find()
        .filter(emails::Column::PatronId.eq(patron_id))
        .order_by_asc(emails::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(rows)
}

/// The bookmobile stops of a patron, each with the code of its bookmobile.
pub(super) async fn stops_of(
    desk: &StaffDesk<'_>,
    patron_id: i64,
) -> Result<Vec<(String, stops::Model)>, RegisterError> {
    let used = patron_stops::Entity::find()
        .filter(patron_stops::Column::PatronId.eq(patron_id))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let rows = stops::Entity::find()
        .filter(stops::Column::Id.is_in(used.iter().map(|row| row.stop_id)))
        .order_by_asc(stops::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let rulebook = desk.rulebook().await?;
    Ok(rows.into_iter().map(|stop| (rulebook.branch_code(stop.branch_id).to_owned(), stop)).collect())
}
