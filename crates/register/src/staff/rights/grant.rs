//! `BanService.GrantSelfServiceRight`: lets a patron into unstaffed libraries.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc, relations::consent_facts},
};
use chrono::NaiveDate;
use kortisto_domain::{
    RightKind,
    consents::Consent,
    rights::{self as rules, Grant, GrantRule},
};
use kortisto_store::{
    StoreError,
    entities::{consents, self_service_rights},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Grants a right.
#[derive(Serialize)]
pub struct GrantSelfServiceRight {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// How.
    pub kind: RightKind,
    /// The code of the branch; none means everywhere.
    pub branch: Option<String>,
    /// First day; none means today.
    pub valid_from: Option<NaiveDate>,
    /// Last day; none means until withdrawn.
    pub valid_until: Option<NaiveDate>,
    /// Where the contract is filed, at most 200 characters.
    pub contract: Option<String>,
    /// The key of the consent that it rests on.
    pub consent_id: Option<i64>,
}

impl StaffChange for GrantSelfServiceRight {
    const RPC: StaffRpc = StaffRpc::GrantSelfServiceRight;
    /// The key of the right.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let branch_id = desk.branch_id(self.branch.as_deref()).await?;
        let patron = desk.lock_patron(&self.patron_number).await?;
        let today = desk.moment.today();
        let grant = Grant {
            kind: self.kind,
            valid_from: self.valid_from.unwrap_or(today),
            valid_until: self.valid_until,
            has_contract: self.contract.is_some(),
            consent: self.consent(desk, patron.id).await?,
        };
        rules::check(&grant, today).map_err(fault)?;
        let standing = self_service_rights::Entity::find()
            .filter(self_service_rights::Column::PatronId.eq(patron.id))
            .filter(self_service_rights::Column::WithdrawnAt.is_null())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let not_over = |row: &&self_service_rights::Model| row.valid_until.is_none_or(|last| today <= last);
        let same =
            |row: &self_service_rights::Model| row.kind == self.kind.code() && row.branch_id == branch_id;
        if standing.iter().filter(not_over).any(same) {
            return Err(RegisterError::AlreadyExists { field: "kind" });
        }
        let right = self_service_rights::ActiveModel {
            patron_id: Set(patron.id),
            kind: Set(self.kind.code()),
            branch_id: Set(branch_id),
            valid_from: Set(grant.valid_from),
            valid_until: Set(self.valid_until),
            consent_id: Set(self.consent_id),
            contract: Set(self.contract.clone()),
            granted_by: Set(Some(desk.author())),
            granted_at: Set(Some(desk.moment.at())),
            ..Default::default()
        }
        .insert(desk.transaction)
        .await
        .map_err(StoreError::from)?;
        let new = |field, value: Option<String>| FieldChange::new(field, None, value);
        let changes = vec![
            new("self_service_right", Some(right.id.to_string())),
            new("self_service_right.kind", Some(self.kind.word().to_owned())),
            new("self_service_right.branch", self.branch.clone()),
            new("self_service_right.valid_from", Some(grant.valid_from.to_string())),
            new("self_service_right.valid_until", self.valid_until.map(|day| day.to_string())),
        ];
        desk.changed_patron(patron, changes).await?;
        Ok(right.id)
    }
}

impl GrantSelfServiceRight {
    /// The consent that is named, if it is this patron's.
    async fn consent(&self, desk: &StaffDesk<'_>, patron_id: i64) -> Result<Option<Consent>, RegisterError> {
        let Some(id) = self.consent_id else { return Ok(None) };
        let row = consents::Entity::find_by_id(id)
            .filter(consents::Column::PatronId.eq(patron_id))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or_else(|| fault(GrantRule::ConsentStands))?;
        Ok(Some(consent_facts(&row)?))
    }
}

fn fault(rule: GrantRule) -> RegisterError {
    RegisterError::FieldInvalid { field: rule.field(), rule: rule.right().to_owned() }
}
