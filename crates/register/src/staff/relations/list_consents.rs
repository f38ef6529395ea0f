//! `RelationService.ListConsents`: every consent, refusal and withdrawal of a patron, the newest first.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, Purpose};
use kortisto_store::{
    StoreError,
    entities::{consents, patrons},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;

/// Asks for consents.
pub struct ListConsents {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct ConsentRecord {
    /// Its key.
    pub id: i64,
    /// What it is about.
    pub about: ConsentPurpose,
    /// What was answered.
    pub state: ConsentState,
    /// How.
    pub form: ConsentForm,
    /// The version of the text.
    pub text_version: String,
    /// The number of whoever answered; none means the patron.
    pub given_by_number: Option<String>,
    /// The relation by which they answered.
    pub relation_id: Option<i64>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who withdrew it.
    pub withdrawn_by: Option<String>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl StaffView for ListConsents {
    const RPC: StaffRpc = StaffRpc::ListConsents;
    type Answer = Paged<ConsentRecord>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<ConsentRecord>, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let mut query = consents::Entity::find().filter(consents::Column::PatronId.eq(patron.id));
        if let Some(after) = self.page.after {
            query = query.filter(consents::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(consents::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |row| row.id);
        let givers = patrons::Entity::find()
            .filter(patrons::Column::Id.is_in(page.rows.iter().filter_map(|row| row.given_by_id)))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let numbers: HashMap<i64, String> =
            givers.into_iter().map(|giver| (giver.id, giver.number)).collect();
        desk.viewed(&patron);
        let record = |row: consents::Model| {
            Ok::<_, StoreError>(ConsentRecord {
                id: row.id,
                about: row.purpose.try_into()?,
                state: row.state.try_into()?,
                form: row.form.try_into()?,
                text_version: row.text_version,
                given_by_number: row.given_by_id.and_then(|id| numbers.get(&id).cloned()),
                relation_id: row.relation_id,
                recorded_by: row.recorded_by,
                recorded_at: row.recorded_at,
                withdrawn_by: row.withdrawn_by,
                withdrawn_at: row.withdrawn_at,
            })
        };
        Ok(page.try_map(record)?)
    }
}
