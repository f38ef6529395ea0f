//! `IdentityCodeService.RecordIdentityCode`: the code of a patron, encrypted.

use crate::{
    Register, RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc, cards::taken},
};
use kortisto_domain::{PatronCategory, cards, identity_codes as rules};
use kortisto_store::{
    StoreError,
    entities::{identity_codes, patrons},
};
use kortisto_vault::{IdentityCode, PatronBinding, SealedCode};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The field that carries the code.
const FIELD: &str = "identity_code";

/// Records a code.
#[derive(Serialize)]
pub struct RecordIdentityCode {
    #[serde(skip)]
    request_id: Uuid,
    patron_number: String,
    /// Stands for the code where requests are compared.
    blind_index: [u8; 16],
    #[serde(skip)]
    code: IdentityCode,
}

/// The code is recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RecordedCode {
    /// Whether the patron had another one before.
    pub superseded: bool,
}

impl RecordIdentityCode {
    /// The code of the patron with this number.
    #[must_use]
    pub fn new(register: &Register, request_id: Uuid, patron_number: String, code: IdentityCode) -> Self {
        let blind_index = register.keys.identity_index(&code);
        Self { request_id, patron_number, blind_index, code }
    }
}

impl StaffChange for RecordIdentityCode {
    const RPC: StaffRpc = StaffRpc::RecordIdentityCode;
    type Answer = RecordedCode;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<RecordedCode, RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        if !cards::is_person(category) {
            return Err(RegisterError::RuleBroken { rule: "only a person has a personal identity code" });
        }
        let born = self.code.birth_date();
        if !rules::is_plausible(born, desk.moment.today()) {
            let rule = "the code of somebody who is alive: look at the sign of the century".to_owned();
            return Err(RegisterError::FieldInvalid { field: FIELD, rule });
        }
        if patron.birth_date.is_some_and(|known| known != born) {
            return Err(RegisterError::RuleBroken {
                rule: "the code names another birth date than the patron has; find out which one is right",
            });
        }
        let known = identity_codes::Entity::find()
            .filter(identity_codes::Column::BlindIndex.eq(self.blind_index.to_vec()))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if known.is_some() {
            return Err(RegisterError::AlreadyExists { field: FIELD });
        }
        let superseded = supersede(desk, &patron).await?;
        let random = &*desk.register.surroundings.random;
        let sealed = SealedCode::seal(&self.code, &desk.register.keys, PatronBinding(patron.id), random);
        identity_codes::ActiveModel {
            patron_id: Set(patron.id),
            blind_index: Set(self.blind_index.to_vec()),
            key_id: Set(sealed.key_id),
            sealed: Set(sealed.sealed),
            recorded_at: Set(desk.moment.at()),
            recorded_by: Set(desk.author()),
            superseded_at: Set(None),
            ..Default::default()
        }
        .insert(desk.transaction)
        .await
        .map_err(taken(FIELD))?;
        let mut fields = vec![FieldChange::secret(FIELD)];
        let mut row = patron.clone().into_active_model();
        let patron = if patron.birth_date.is_none() {
            fields.push(FieldChange::new("birth_date", None, Some(born.to_string())));
            row.birth_date = Set(Some(born));
            row.update(desk.transaction).await.map_err(StoreError::from)?
        } else {
            patron
        };
        desk.changed_patron(patron, fields).await?;
        Ok(RecordedCode { superseded })
    }
}

/// Ends the code in force; it stays the patron's, so that old papers still find them.
async fn supersede(desk: &StaffDesk<'_>, patron: &patrons::Model) -> Result<bool, RegisterError> {
    let ended = identity_codes::Entity::update_many()
        .col_expr(identity_codes::Column::SupersededAt, Expr::value(desk.moment.at()))
        .filter(identity_codes::Column::PatronId.eq(patron.id))
        .filter(identity_codes::Column::SupersededAt.is_null())
        .exec(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(ended.rows_affected > 0)
}
