//! `PatronService.SetAddress`: where a patron lives, gets post or stays for a time (A21, A22).

use super::etag::Etag;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::{AddressKind, RecordSource};
use kortisto_store::{StoreError, entities::addresses};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};
use serde::Serialize;
use uuid::Uuid;

/// Sets the one address of a kind; the one before is gone but for the trail. Personal data: it has no `Debug`.
#[derive(Serialize)]
pub struct SetAddress {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// What the address is.
    pub kind: AddressKind,
    /// Street, number and what else stands above the postcode, 1 to 200 characters.
    pub street: String,
    /// Postcode, as its country writes it.
    pub postcode: String,
    /// Post office, 1 to 100 characters.
    pub post_office: String,
    /// Country, ISO 3166-1.
    pub country: String,
    /// Whether post goes there; it then goes to no other.
    pub mailing: bool,
    /// Who said so.
    pub source: RecordSource,
    /// First day; none for today.
    pub valid_from: Option<NaiveDate>,
    /// Last day; none for no end.
    pub valid_until: Option<NaiveDate>,
}

impl StaffChange for SetAddress {
    const RPC: StaffRpc = StaffRpc::SetAddress;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let valid_from = self.valid_from.unwrap_or_else(|| desk.moment.today());
        if self.valid_until.is_some_and(|last_day| last_day < valid_from) {
            let rule = "the first day of the address or later".to_owned();
            return Err(RegisterError::FieldInvalid { field: "valid_until", rule });
        }
        let mut changes = Vec::new();
        if self.mailing {
            changes.extend(self.take_post_from_others(desk, patron.id).await?);
        }
        let there = find(desk, patron.id, self.kind).await?;
        let row = addresses::ActiveModel {
            id: there.as_ref().map_or(NotSet, |row| Set(row.id)),
            patron_id: Set(patron.id),
            kind: Set(self.kind.code()),
            street: Set(self.street.clone()),
            postcode: Set(self.postcode.clone()),
            post_office: Set(self.post_office.clone()),
            country: Set(self.country.clone()),
            mailing: Set(self.mailing),
            source: Set(self.source.code()),
            valid_from: Set(valid_from),
            valid_until: Set(self.valid_until),
            recorded_at: Set(desk.moment.at()),
            recorded_by: Set(desk.author()),
        };
        let row = match &there {
            Some(_) => row.update(desk.transaction).await,
            None => row.insert(desk.transaction).await,
        };
        let row = row.map_err(StoreError::from)?;
        changes.push(FieldChange::new(field(self.kind), there.as_ref().map(shown), Some(shown(&row))));
        desk.record_change(patron, None, changes).await.map(Etag::at)
    }
}

impl SetAddress {
    async fn take_post_from_others(
        &self,
        desk: &StaffDesk<'_>,
        patron_id: i64,
    ) -> Result<Option<FieldChange>, RegisterError> {
        let taken = addresses::Entity::update_many()
            .col_expr(addresses::Column::Mailing, Expr::value(false))
            .filter(addresses::Column::PatronId.eq(patron_id))
            .filter(addresses::Column::Kind.ne(self.kind.code()))
            .filter(addresses::Column::Mailing.eq(true))
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let change = || FieldChange::new("mailing_address", None, Some(self.kind.word().to_owned()));
        Ok((taken.rows_affected > 0).then(change))
    }
}

/// The address of this kind.
pub(super) async fn find(
    desk: &StaffDesk<'_>,
    patron_id: i64,
    kind: AddressKind,
) -> Result<Option<addresses::Model>, RegisterError> {
    let found = addresses::Entity::find()
        .filter(addresses::Column::PatronId.eq(patron_id))
        .filter(addresses::Column::Kind.eq(kind.code()))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found)
}

/// The name of the field in the trail.
pub(super) const fn field(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Home => "home_address",
        AddressKind::Postal => "postal_address",
        AddressKind::Temporary => "temporary_address",
    }
}

/// An address in one line, for the trail.
pub(super) fn shown(row: &addresses::Model) -> String {
    let mailing = if row.mailing { ", mailing" } else { "" };
    let until = row.valid_until.map(|day| day.to_string()).unwrap_or_default();
    format!(
        "{}, {} {}, {}{mailing}, {}..{until}",
        row.street, row.postcode, row.post_office, row.country, row.valid_from
    )
}
