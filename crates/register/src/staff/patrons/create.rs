//! `PatronService.CreatePatron`: somebody becomes a patron.

use super::{details::PatronDetails, etag::Etag};
use crate::{
    RegisterError, aliases,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{PatronCategory, PatronState, registration};
use kortisto_store::{StoreError, entities::patrons};
use sea_orm::{ActiveModelTrait as _, ActiveValue::NotSet, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Registers a patron.
#[derive(Serialize)]
pub struct CreatePatron {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// Who. Family name, category and service language are given; without a home branch it is that of the desk.
    pub details: PatronDetails,
}

/// A new patron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPatron {
    /// The number.
    pub number: String,
    /// What the patron may tell help staff.
    pub support_id: String,
    /// What stands on the hold shelf.
    pub hold_alias: String,
    /// The version of the record.
    pub etag: Etag,
}

impl StaffChange for CreatePatron {
    const RPC: StaffRpc = StaffRpc::CreatePatron;
    type Answer = NewPatron;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<NewPatron, RegisterError> {
        for (field, missing) in [
            ("family_name", self.details.family_name.is_none()),
            ("category", self.details.category.is_none()),
            ("service_language", self.details.service_language.is_none()),
        ] {
            if missing {
                return Err(RegisterError::FieldInvalid {
                    field,
                    rule: "is given at registration".to_owned(),
                });
            }
        }
        let mut patron = blank(desk).await?;
        let fields = self.details.put_into(desk, &mut patron).await?;
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        let unproven = patron.identity_document.is_none();
        if unproven && registration::needs_identity_check(category, patron.birth_date, desk.moment.today()) {
            let rule = "with what the person proved who they are; only a child needs not";
            return Err(RegisterError::FieldInvalid { field: "identity_document", rule: rule.to_owned() });
        }
        let mut row = patron.into_active_model().reset_all();
        row.id = NotSet;
        let patron = row.insert(desk.transaction).await.map_err(StoreError::from)?;
        desk.noted(&patron, None, fields);
        Ok(NewPatron {
            etag: Etag::of(&patron),
            number: patron.number,
            support_id: patron.support_id.unwrap_or_default(),
            hold_alias: patron.hold_alias.unwrap_or_default(),
        })
    }
}

/// A record of which nothing is known but that it is made, here and now, by whoever is signed in.
async fn blank(desk: &StaffDesk<'_>) -> Result<patrons::Model, RegisterError> {
    let (surroundings, at) = (&desk.register.surroundings, desk.moment.at());
    let number = aliases::draw_number(desk.transaction, surroundings).await?;
    let names = aliases::draw(desk.transaction, surroundings, 1)
        .await?
        .pop()
        .ok_or(RegisterError::Internal("no names were drawn"))?;
    Ok(patrons::Model {
        id: 0,
        number,
        pseudonym: surroundings.new_pseudonym(),
        category: PatronCategory::Person.code(),
        state: PatronState::Active.code(),
        family_name: String::new(),
        given_names: String::new(),
        birth_date: None,
        service_language: String::new(),
        home_branch_id: desk.device.branch_id,
        valid_until: None,
        created_at: at,
        changed_at: at,
        changed_by: desk.author(),
        last_card_event_on: None,
        category_code: None,
        call_name: None,
        gender: None,
        mother_tongue: None,
        home_municipality: None,
        protected_address: false,
        protected_until: None,
        support_id: Some(names.support_id),
        hold_alias: Some(names.hold_alias),
        business_id: None,
        pickup_branch_id: None,
        identity_checked_at: None,
        identity_checked_by: None,
        identity_document: None,
        search_name: String::new(),
    })
}
