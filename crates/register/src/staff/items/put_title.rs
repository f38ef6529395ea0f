//! `ItemService.PutTitle`: a title as it is kept.

use super::{cents, find_title};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc, operation::came_first, trail::differences},
};
use kortisto_store::{Engine, entities::titles, queries::locks};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// The title as it should stand.
#[derive(Serialize)]
pub struct PutTitle {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number, by which an existing title is found.
    pub number: String,
    /// What a person reads.
    pub label: String,
    /// Its material, one of those that policies know.
    pub material: String,
    /// Its language.
    pub language: String,
    /// The age from which it is lent, in years.
    pub age_rating: Option<i16>,
    /// What a lost item of it costs, in cents.
    pub price_cents: Option<i64>,
}

impl StaffChange for PutTitle {
    const RPC: StaffRpc = StaffRpc::PutTitle;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        if let Some(there) = find_title(desk, &self.number).await? {
            let key = locks::Key { title_id: Some(there.id), ..locks::Key::default() };
            locks::take(desk.transaction, Engine::of(desk.transaction), &[key]).await?;
        }
        let there = find_title(desk, &self.number).await?;
        let old = |get: fn(&titles::Model) -> &String| there.as_ref().map(|row| get(row).clone());
        let years = |rating: Option<i16>| rating.map(|years| years.to_string());
        let fields = differences([
            ("label", old(|row| &row.label), Some(self.label.clone())),
            ("material", old(|row| &row.material), Some(self.material.clone())),
            ("language", old(|row| &row.language), Some(self.language.clone())),
            ("age_rating", years(there.as_ref().and_then(|row| row.age_rating)), years(self.age_rating)),
            ("price_cents", cents(there.as_ref().and_then(|row| row.price_cents)), cents(self.price_cents)),
        ]);
        let is_new = there.is_none();
        let mut row = there.map_or_else(Default::default, titles::Model::into_active_model);
        row.number = Set(self.number.clone());
        row.label = Set(self.label.clone());
        row.material = Set(self.material.clone());
        row.language = Set(self.language.clone());
        row.age_rating = Set(self.age_rating);
        row.price_cents = Set(self.price_cents);
        let written =
            if is_new { row.insert(desk.transaction).await } else { row.update(desk.transaction).await };
        written.map_err(|error| came_first(error.into()))?;
        desk.changed(format!("title {}", self.number), fields);
        Ok(is_new)
    }
}
