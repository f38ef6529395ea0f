//! Those beside a patron, and consents, as staff record, end and look at them (A37, A49 to A55).

mod add;
mod end;
mod list;
mod list_consents;
mod record_consent;
mod withdraw_consent;

pub use add::AddRelation;
pub use end::EndRelation;
pub use list::{ListRelations, RelatedPerson, RelationRecord};
pub use list_consents::{ConsentRecord, ListConsents};
pub use record_consent::RecordConsent;
pub use withdraw_consent::WithdrawConsent;

use super::StaffDesk;
use crate::RegisterError;
use chrono::NaiveDate;
use kortisto_domain::{
    ConsentPurpose, RelationKind,
    consents::Consent,
    relations::{self as rules, Bond},
};
use kortisto_store::{
    StoreError,
    entities::{consents, patrons, relations},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// A relation as the rules know it.
pub(crate) fn bond(row: &relations::Model, ward_birth_date: Option<NaiveDate>) -> Result<Bond, StoreError> {
    Ok(Bond {
        kind: row.kind.try_into()?,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        dissolved: row.ended_at.is_some(),
        ward_birth_date,
    })
}

/// A consent as the rules know it.
pub(crate) fn consent_facts(row: &consents::Model) -> Result<Consent, StoreError> {
    Ok(Consent {
        purpose: row.purpose.try_into()?,
        state: row.state.try_into()?,
        withdrawn: row.withdrawn_at.is_some(),
    })
}

/// The relations to those beside a patron, ended ones included.
async fn beside(desk: &StaffDesk<'_>, ward: &patrons::Model) -> Result<Vec<relations::Model>, RegisterError> {
    let rows = relations::Entity::find()
        .filter(relations::Column::WardId.eq(ward.id))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(rows)
}

/// The age of a ward at which the relation to a guardian ends today.
async fn guardian_end_age(desk: &StaffDesk<'_>) -> Result<u8, RegisterError> {
    Ok(desk.rulebook().await?.policies.relations(desk.moment.today()).guardian_end_age)
}

/// Whether an institution has a responsible person in force, `without` this relation; true for everybody else.
pub(crate) async fn is_answered_for(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    without: Option<i64>,
) -> Result<bool, RegisterError> {
    let rows = beside(desk, patron).await?;
    let others = rows.iter().filter(|row| Some(row.id) != without);
    let bonds: Vec<Bond> = others.map(|row| bond(row, patron.birth_date)).collect::<Result<_, _>>()?;
    let category = patron.category.try_into().map_err(StoreError::from)?;
    let end_age = guardian_end_age(desk).await?;
    Ok(rules::is_answered_for(category, &bonds, end_age, desk.moment.today()))
}

/// Whether a guardian's consent to this counts for the patron today.
pub(crate) async fn guardian_consents(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    about: ConsentPurpose,
) -> Result<bool, RegisterError> {
    let given = consents::Entity::find()
        .filter(consents::Column::PatronId.eq(patron.id))
        .filter(consents::Column::Purpose.eq(about.code()))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let relations = beside(desk, patron).await?;
    let (today, end_age) = (desk.moment.today(), guardian_end_age(desk).await?);
    for row in &given {
        let guardianship = match row.relation_id {
            // Of a consent that was taken over without its relation nothing is known but the age of the ward.
            None => Bond {
                kind: RelationKind::Guardian,
                valid_from: desk.moment.day_of(row.recorded_at),
                valid_until: None,
                dissolved: false,
                ward_birth_date: patron.birth_date,
            },
            Some(id) => match relations.iter().find(|relation| relation.id == id) {
                Some(relation) => bond(relation, patron.birth_date)?,
                None => continue,
            },
        };
        if consent_facts(row)?.counts_as_guardians(about, &guardianship, end_age, today) {
            return Ok(true);
        }
    }
    Ok(false)
}
