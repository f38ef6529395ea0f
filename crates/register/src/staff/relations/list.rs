//! `RelationService.ListRelations`: who stands beside a patron, and beside whom the patron stands. Each of them is
//! shown to have been looked at in the trail (A52).

use super::{bond, guardian_end_age};
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    Purpose, RelationKind,
    relations::{self as rules, BondState, ErasureHold},
};
use kortisto_store::{
    StoreError,
    entities::{patrons, relations},
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::HashMap;

/// Asks for relations.
pub struct ListRelations {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// One of the two in a relation.
#[derive(Clone)]
pub struct RelatedPerson {
    /// The number of the patron.
    pub number: String,
    /// Family name.
    pub family_name: String,
    /// Given names.
    pub given_names: String,
}

/// A relation.
#[derive(Clone)]
pub struct RelationRecord {
    /// Its key.
    pub id: i64,
    /// What it is.
    pub kind: RelationKind,
    /// Beside whom somebody stands.
    pub ward: RelatedPerson,
    /// Who stands beside.
    pub other: RelatedPerson,
    /// Where it stands today.
    pub state: BondState,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_until: Option<NaiveDate>,
    /// What keeps the record of the one beside from being erased, as far as this relation goes (A51).
    pub holds: Vec<ErasureHold>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was ended.
    pub ended_reason: Option<String>,
}

impl StaffView for ListRelations {
    const RPC: StaffRpc = StaffRpc::ListRelations;
    type Answer = Paged<RelationRecord>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<RelationRecord>, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let either = Condition::any()
            .add(relations::Column::WardId.eq(patron.id))
            .add(relations::Column::OtherId.eq(patron.id));
        let mut query = relations::Entity::find().filter(either);
        if let Some(after) = self.page.after {
            query = query.filter(relations::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(relations::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |row| row.id);
        let persons = persons(desk, &page.rows).await?;
        desk.viewed(&patron);
        for person in persons.values().filter(|person| person.id != patron.id) {
            desk.viewed(person);
        }
        let (today, end_age) = (desk.moment.today(), guardian_end_age(desk).await?);
        page.try_map(|row| record(row, &persons, end_age, today))
    }
}

/// Both sides of these relations, by their keys.
async fn persons(
    desk: &StaffDesk<'_>,
    rows: &[relations::Model],
) -> Result<HashMap<i64, patrons::Model>, RegisterError> {
    let keys = rows.iter().flat_map(|row| [row.ward_id, row.other_id]);
    let found = patrons::Entity::find()
        .filter(patrons::Column::Id.is_in(keys))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().map(|patron| (patron.id, patron)).collect())
}

fn record(
    row: relations::Model,
    persons: &HashMap<i64, patrons::Model>,
    end_age: u8,
    today: NaiveDate,
) -> Result<RelationRecord, RegisterError> {
    let person = |id: i64| persons.get(&id).ok_or(RegisterError::Internal("a relation without its patron"));
    let (ward, other) = (person(row.ward_id)?, person(row.other_id)?);
    let bond = bond(&row, ward.birth_date)?;
    let holds = rules::erasure_holds(&[bond], end_age, today);
    Ok(RelationRecord {
        id: row.id,
        kind: bond.kind,
        ward: named(ward),
        other: named(other),
        state: bond.state(end_age, today),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        holds: holds.into_iter().map(|(_, hold)| hold).collect(),
        recorded_by: row.recorded_by,
        recorded_at: row.recorded_at,
        ended_by: row.ended_by,
        ended_at: row.ended_at,
        ended_reason: row.ended_reason,
    })
}

fn named(patron: &patrons::Model) -> RelatedPerson {
    RelatedPerson {
        number: patron.number.clone(),
        family_name: patron.family_name.clone(),
        given_names: patron.given_names.clone(),
    }
}
