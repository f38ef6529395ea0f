//! Consents as they are kept: recorded, found while they stand, withdrawn. Who may give which is up to
//! [`kortisto_domain::consents`].

use crate::{RegisterError, loans::history};
use chrono::{DateTime, Utc};
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState};
use kortisto_store::{StoreError, entities::consents};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};

/// Who writes, and when.
pub(crate) struct Signature {
    /// `staff:3` or `device:7`.
    pub(crate) by: String,
    /// The moment.
    pub(crate) at: DateTime<Utc>,
}

/// What somebody answered when consent was asked for.
pub(crate) struct Answer<'a> {
    /// The patron whom it concerns.
    pub(crate) patron_id: i64,
    /// What it is about.
    pub(crate) about: ConsentPurpose,
    /// What was answered.
    pub(crate) state: ConsentState,
    /// How.
    pub(crate) form: ConsentForm,
    /// The version of the text, 1 to 100 characters.
    pub(crate) text_version: &'a str,
    /// Who answered, and by which relation; none means the patron.
    pub(crate) given_by: Option<(i64, i64)>,
}

impl Answer<'_> {
    /// Keeps the answer as evidence; a refusal is kept too.
    ///
    /// # Errors
    /// [`RegisterError`] when the database fails.
    pub(crate) async fn keep(
        &self,
        transaction: &DatabaseTransaction,
        signature: Signature,
    ) -> Result<consents::Model, RegisterError> {
        let row = consents::ActiveModel {
            patron_id: Set(self.patron_id),
            relation_id: Set(self.given_by.map(|(_, relation)| relation)),
            purpose: Set(self.about.code()),
            state: Set(self.state.code()),
            form: Set(self.form.code()),
            text_version: Set(self.text_version.to_owned()),
            given_by_id: Set(self.given_by.map(|(giver, _)| giver)),
            recorded_at: Set(signature.at),
            recorded_by: Set(signature.by),
            ..Default::default()
        };
        Ok(row.insert(transaction).await.map_err(StoreError::from)?)
    }
}

/// The consents of a patron to this that stand, the oldest first.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(crate) async fn standing(
    transaction: &DatabaseTransaction,
    patron_id: i64,
    about: ConsentPurpose,
) -> Result<Vec<consents::Model>, RegisterError> {
    let rows = consents::Entity::find()
        .filter(consents::Column::PatronId.eq(patron_id))
        .filter(consents::Column::Purpose.eq(about.code()))
        .filter(consents::Column::State.eq(ConsentState::Granted.code()))
        .filter(consents::Column::WithdrawnAt.is_null())
        .order_by_asc(consents::Column::RecordedAt)
        .order_by_asc(consents::Column::Id)
        .all(transaction)
        .await;
    Ok(rows.map_err(StoreError::from)?)
}

/// Withdraws a consent, and erases the history that was kept by it.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(crate) async fn withdraw(
    transaction: &DatabaseTransaction,
    consent: consents::Model,
    signature: Signature,
) -> Result<(), RegisterError> {
    let (patron_id, about) = (consent.patron_id, consent.purpose.try_into().map_err(StoreError::from)?);
    let mut row = consent.into_active_model();
    row.withdrawn_at = Set(Some(signature.at));
    row.withdrawn_by = Set(Some(signature.by));
    row.update(transaction).await.map_err(StoreError::from)?;
    history::erase(transaction, patron_id, about).await
}
