//! What a staff operation works on: one transaction, and the trail it leaves.

use super::{
    Account,
    trail::{Entry, FieldChange},
};
use crate::{Register, RegisterError, Rulebook, audit::About, consents::Signature};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::{Moment, Purpose};
use kortisto_store::{
    StoreError,
    entities::{items, patrons},
    queries::party::Device,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use std::sync::Arc;

/// One staff operation at work.
pub struct StaffDesk<'t> {
    pub(crate) register: &'t Register,
    pub(crate) transaction: &'t DatabaseTransaction,
    pub(crate) moment: Moment,
    pub(crate) account: Account,
    pub(crate) device: Device,
    pub(crate) purpose: Option<Purpose>,
    pub(super) trail: Vec<Entry>,
}

impl StaffDesk<'_> {
    /// Who does it, in columns like `changed_by` (A45).
    pub(crate) fn author(&self) -> String {
        format!("staff:{}", self.account.id)
    }

    /// Who signs a consent here, and when.
    pub(crate) fn signature(&self) -> Signature {
        Signature { by: self.author(), at: self.moment.at() }
    }

    /// The patron with this number, not held.
    pub(crate) async fn patron(&self, number: &str) -> Result<patrons::Model, RegisterError> {
        patrons::Entity::find()
            .filter(patrons::Column::Number.eq(number))
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "patron" })
    }

    /// The patron with this number, held against every decision until this commits. Lock order: device, patron,
    /// item; hold several patrons in the order of their keys.
    pub(crate) async fn lock_patron(&self, number: &str) -> Result<patrons::Model, RegisterError> {
        patrons::Entity::find()
            .filter(patrons::Column::Number.eq(number))
            // SQLite has one writer, and this is it.
            .lock_exclusive()
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "patron" })
    }

    /// The patron with this key, held in the same way.
    pub(crate) async fn lock_patron_by_id(&self, id: i64) -> Result<patrons::Model, RegisterError> {
        patrons::Entity::find_by_id(id)
            .lock_exclusive()
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "patron" })
    }

    /// The item with this barcode, not held; none where there is none.
    pub(crate) async fn find_item(&self, barcode: &str) -> Result<Option<items::Model>, RegisterError> {
        let found = items::Entity::find().filter(items::Column::Barcode.eq(barcode));
        Ok(found.one(self.transaction).await.map_err(StoreError::from)?)
    }

    /// The item with this barcode, not held.
    pub(crate) async fn item(&self, barcode: &str) -> Result<items::Model, RegisterError> {
        self.find_item(barcode).await?.ok_or(RegisterError::NotFound { what: "item" })
    }

    /// The key of the branch with this code; none where no code is given.
    pub(crate) async fn branch_id(&self, code: Option<&str>) -> Result<Option<i64>, RegisterError> {
        let Some(code) = code else { return Ok(None) };
        let id = self.rulebook().await?.branch_id(code);
        id.map(Some).ok_or(RegisterError::NotFound { what: "branch" })
    }

    /// Leaves an audit row: this person's data was seen.
    pub(crate) fn viewed(&mut self, patron: &patrons::Model) {
        self.noted(patron, None, Vec::new());
    }

    /// Leaves an audit row about a patron, marked where the trail is to show it apart, of something that does not
    /// count as a change of the record (A44).
    pub(crate) fn noted(
        &mut self,
        patron: &patrons::Model,
        mark: Option<&'static str>,
        fields: Vec<FieldChange>,
    ) {
        let about = About { subject: Some(patron.pseudonym), ..About::default() };
        self.trail.push(Entry { about, detail: mark.map(str::to_owned), fields });
    }

    /// Leaves an audit row about a patron's loan or hold, as what happened to it is told by `ExplainLoan` and
    /// `ExplainHold`.
    pub(crate) fn noted_of(&mut self, patron: &patrons::Model, about: About, fields: Vec<FieldChange>) {
        let about = About { subject: Some(patron.pseudonym), ..about };
        self.trail.push(Entry { about, detail: None, fields });
    }

    /// Leaves an audit row of a change that is not about one patron.
    pub(crate) fn changed(&mut self, detail: impl Into<String>, fields: Vec<FieldChange>) {
        self.trail.push(Entry { about: About::default(), detail: Some(detail.into()), fields });
    }

    /// Leaves an audit row of a change to a patron, and notes on the patron when and by whom (A44, A45).
    pub(crate) async fn changed_patron(
        &mut self,
        patron: patrons::Model,
        fields: Vec<FieldChange>,
    ) -> Result<(), RegisterError> {
        self.record_change(patron, None, fields).await.map(|_| ())
    }

    /// The same, marked where the trail is to show it apart. Gives when the record was changed: later than ever
    /// before, also where a server's clock was set back, so that it tells versions apart.
    pub(crate) async fn record_change(
        &mut self,
        patron: patrons::Model,
        mark: Option<&'static str>,
        fields: Vec<FieldChange>,
    ) -> Result<DateTime<Utc>, RegisterError> {
        self.noted(&patron, mark, fields);
        let at = self.moment.at().max(patron.changed_at + TimeDelta::microseconds(1));
        let mut row = patron.into_active_model();
        row.changed_at = Set(at);
        row.changed_by = Set(self.author());
        row.update(self.transaction).await.map_err(StoreError::from)?;
        Ok(at)
    }

    /// The policies and places as this transaction sees them.
    pub(crate) async fn rulebook(&self) -> Result<Arc<Rulebook>, RegisterError> {
        self.register.rulebook_in(self.transaction).await
    }
}
