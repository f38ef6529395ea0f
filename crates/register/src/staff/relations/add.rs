//! `RelationService.AddRelation`: somebody stands beside a patron from a day on.

use super::{beside, bond, guardian_end_age};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::{
    PatronState, RelationKind,
    relations::{self as rules, BondState, NewBond},
};
use kortisto_store::{
    StoreError,
    entities::{patrons, relations},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use serde::Serialize;
use uuid::Uuid;

/// Adds a relation.
#[derive(Serialize)]
pub struct AddRelation {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the child, the patron somebody answers for, or the institution.
    pub ward_number: String,
    /// The number of the one who stands beside; needs no card.
    pub other_number: String,
    /// What it is.
    pub kind: RelationKind,
    /// First day; none means today.
    pub valid_from: Option<NaiveDate>,
    /// Last day; none means until it is ended.
    pub valid_until: Option<NaiveDate>,
}

impl StaffChange for AddRelation {
    const RPC: StaffRpc = StaffRpc::AddRelation;
    /// The key of the relation.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let [ward, other] = lock_both(desk, &self.ward_number, &self.other_number).await?;
        let (today, end_age) = (desk.moment.today(), guardian_end_age(desk).await?);
        let new = NewBond {
            kind: self.kind,
            ward: ward.category.try_into().map_err(StoreError::from)?,
            ward_birth_date: ward.birth_date,
            other: other.category.try_into().map_err(StoreError::from)?,
            valid_from: self.valid_from.unwrap_or(today),
            valid_until: self.valid_until,
        };
        rules::check(&new, end_age, today).map_err(|rule| RegisterError::FieldInvalid {
            field: rule.field(),
            rule: rule.right().to_owned(),
        })?;
        for row in beside(desk, &ward).await? {
            let state = bond(&row, ward.birth_date)?.state(end_age, today);
            let stands = matches!(state, BondState::Ahead | BondState::InForce);
            if stands && row.other_id == other.id && row.kind == self.kind.code() {
                return Err(RegisterError::AlreadyExists { field: "other_number" });
            }
        }
        let relation = relations::ActiveModel {
            ward_id: Set(ward.id),
            other_id: Set(other.id),
            kind: Set(self.kind.code()),
            valid_from: Set(new.valid_from),
            valid_until: Set(self.valid_until),
            recorded_at: Set(desk.moment.at()),
            recorded_by: Set(desk.author()),
            ..Default::default()
        }
        .insert(desk.transaction)
        .await
        .map_err(StoreError::from)?;
        let changes = |beside: &patrons::Model| {
            let added = |field, value: Option<String>| FieldChange::new(field, None, value);
            vec![
                added("relation", Some(relation.id.to_string())),
                added("relation.kind", Some(self.kind.word().to_owned())),
                added("relation.with", Some(beside.number.clone())),
                added("relation.valid_from", Some(new.valid_from.to_string())),
                added("relation.valid_until", self.valid_until.map(|day| day.to_string())),
            ]
        };
        let (of_ward, of_other) = (changes(&other), changes(&ward));
        desk.changed_patron(ward, of_ward).await?;
        desk.changed_patron(other, of_other).await?;
        Ok(relation.id)
    }
}

/// Both patrons, held in the order of their keys. Neither may have left.
async fn lock_both(
    desk: &StaffDesk<'_>,
    ward: &str,
    other: &str,
) -> Result<[patrons::Model; 2], RegisterError> {
    let (ward, other) = (desk.patron(ward).await?.id, desk.patron(other).await?.id);
    if ward == other {
        let rule = "somebody else than the ward".to_owned();
        return Err(RegisterError::FieldInvalid { field: "other_number", rule });
    }
    let [first, second] = [ward.min(other), ward.max(other)];
    let first = desk.lock_patron_by_id(first).await?;
    let second = desk.lock_patron_by_id(second).await?;
    if [&first, &second].iter().any(|patron| patron.state == PatronState::Ended.code()) {
        return Err(RegisterError::RuleBroken { rule: "nobody stands beside a patron who has left" });
    }
    Ok(if first.id == ward { [first, second] } else { [second, first] })
}
