//! `RelationService.RecordConsent`: what was answered when consent was asked for; a refusal is kept too.

use super::{beside, bond, consent_facts, guardian_end_age};
use crate::{
    RegisterError,
    consents::Answer,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    ConsentForm, ConsentPurpose, ConsentState, RelationKind,
    consents::{self as rules, Giver},
};
use kortisto_store::{
    StoreError,
    entities::{consents, patrons, relations},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::Serialize;
use uuid::Uuid;

/// Records an answer.
#[derive(Serialize)]
pub struct RecordConsent {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron whom it concerns.
    pub patron_number: String,
    /// What it is about.
    pub about: ConsentPurpose,
    /// What was answered.
    pub state: ConsentState,
    /// How.
    pub form: ConsentForm,
    /// The version of the text, 1 to 100 characters.
    pub text_version: String,
    /// The number of whoever answered; none means the patron.
    pub given_by_number: Option<String>,
}

impl StaffChange for RecordConsent {
    const RPC: StaffRpc = StaffRpc::RecordConsent;
    /// The key of the consent.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let giver = match &self.given_by_number {
            Some(number) if *number != patron.number => Some(desk.patron(number).await?),
            _ => None,
        };
        let (role, relation) = match &giver {
            None => (Giver::Patron, None),
            Some(giver) => role_of(desk, &patron, giver, self.about).await?,
        };
        rules::check(self.about, self.state, role).map_err(|rule| RegisterError::FieldInvalid {
            field: rule.field(),
            rule: rule.right().to_owned(),
        })?;
        let given_by_id = giver.as_ref().map(|giver| giver.id);
        let before = consents::Entity::find()
            .filter(consents::Column::PatronId.eq(patron.id))
            .filter(consents::Column::Purpose.eq(self.about.code()))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        for row in before.iter().filter(|row| row.given_by_id == given_by_id) {
            if consent_facts(row)?.stands_for(self.about) {
                let rule = "this consent stands already: withdraw it before another answer";
                return Err(RegisterError::RuleBroken { rule });
            }
        }
        let answer = Answer {
            patron_id: patron.id,
            about: self.about,
            state: self.state,
            form: self.form,
            text_version: &self.text_version,
            given_by: given_by_id.zip(relation.map(|relation| relation.id)),
        };
        let consent = answer.keep(desk.transaction, desk.signature()).await?;
        let new = |field, value: Option<String>| FieldChange::new(field, None, value);
        let changes = vec![
            new("consent", Some(consent.id.to_string())),
            new("consent.about", Some(self.about.word().to_owned())),
            new("consent.state", Some(self.state.word().to_owned())),
            new("consent.form", Some(self.form.word().to_owned())),
            new("consent.text_version", Some(self.text_version.clone())),
            new("consent.given_by", giver.map(|giver| giver.number)),
        ];
        desk.changed_patron(patron, changes).await?;
        Ok(consent.id)
    }
}

/// In which role somebody answers for a patron, and by which relation in force.
async fn role_of(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    giver: &patrons::Model,
    about: ConsentPurpose,
) -> Result<(Giver, Option<relations::Model>), RegisterError> {
    let wanted = match about {
        ConsentPurpose::ResponsiblePerson => (RelationKind::ResponsiblePerson, Giver::ResponsiblePerson),
        _ => (RelationKind::Guardian, Giver::Guardian),
    };
    let (today, end_age) = (desk.moment.today(), guardian_end_age(desk).await?);
    for row in beside(desk, patron).await? {
        let theirs = row.other_id == giver.id && row.kind == wanted.0.code();
        if theirs && bond(&row, patron.birth_date)?.is_in_force(end_age, today) {
            return Ok((wanted.1, Some(row)));
        }
    }
    Ok((Giver::Stranger, None))
}
