//! `CardService.PutCardPattern`: a form that card numbers of the consortium have.

use super::{held::taken, patterns};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{CheckDigit, card_number::CardPattern};
use kortisto_store::{StoreError, entities::card_patterns};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Adds a form, or changes the one with this pattern.
#[derive(Serialize)]
pub struct PutCardPattern {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// A regular expression for the whole number.
    pub pattern: String,
    /// How the last character is checked.
    pub check_digit: CheckDigit,
    /// What it is, for a person to read.
    pub description: String,
}

impl StaffChange for PutCardPattern {
    const RPC: StaffRpc = StaffRpc::PutCardPattern;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        CardPattern::new(&self.pattern, self.check_digit).map_err(|_| RegisterError::FieldInvalid {
            field: "card_pattern.pattern",
            rule: "a small regular expression without look-around and backreferences".to_owned(),
        })?;
        let old = patterns::one(desk, &self.pattern).await?;
        let old_text = old.as_ref().map(patterns::text);
        let new = match old {
            Some(row) => {
                let mut row = row.into_active_model();
                row.check_digit = Set(self.check_digit.code());
                row.description = Set(self.description.clone());
                row.update(desk.transaction).await.map_err(StoreError::from)?
            }
            None => card_patterns::ActiveModel {
                pattern: Set(self.pattern.clone()),
                check_digit: Set(self.check_digit.code()),
                description: Set(self.description.clone()),
                ..Default::default()
            }
            .insert(desk.transaction)
            .await
            .map_err(taken("card_pattern.pattern"))?,
        };
        let change = FieldChange::new("card_pattern", old_text, Some(patterns::text(&new)));
        desk.changed("card pattern", vec![change]);
        Ok(())
    }
}
