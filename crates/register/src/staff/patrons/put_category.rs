//! `PatronService.PutCategory`: one category of the consortium's own list, mapped to a canonical one (A42).

use super::details::word;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::PatronCategory;
use kortisto_store::{
    StoreError,
    entities::{patron_categories, patrons},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Adds a category or changes its names.
#[derive(Serialize)]
pub struct PutCategory {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// Its code, 1 to 64 characters.
    pub code: String,
    /// Its Finnish name, 1 to 100 characters.
    pub name_fi: String,
    /// Its Swedish name.
    pub name_sv: String,
    /// Its English name.
    pub name_en: String,
    /// What the rules take it for. It cannot change while patrons have the category: they would change with it, and
    /// nobody would see it in their records.
    pub canonical: PatronCategory,
}

impl StaffChange for PutCategory {
    const RPC: StaffRpc = StaffRpc::PutCategory;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let there = super::lookup::category(desk, &self.code).await?;
        if there.as_ref().is_some_and(|row| row.canonical != self.canonical.code())
            && self.is_in_use(desk).await?
        {
            let rule = "patrons have this category; add another one for another canonical category";
            return Err(RegisterError::RuleBroken { rule });
        }
        let row = patron_categories::ActiveModel {
            code: Set(self.code.clone()),
            name_fi: Set(self.name_fi.clone()),
            name_sv: Set(self.name_sv.clone()),
            name_en: Set(self.name_en.clone()),
            canonical: Set(self.canonical.code()),
        };
        let row = match &there {
            Some(_) => row.update(desk.transaction).await,
            None => row.insert(desk.transaction).await,
        };
        let row = row.map_err(StoreError::from)?;
        let shown = |of: fn(&patron_categories::Model) -> Option<String>, field| {
            FieldChange::new(field, there.as_ref().and_then(of), of(&row))
        };
        let fields = vec![
            shown(|row| Some(row.name_fi.clone()), "name_fi"),
            shown(|row| Some(row.name_sv.clone()), "name_sv"),
            shown(|row| Some(row.name_en.clone()), "name_en"),
            shown(|row| word(Some(row.canonical), PatronCategory::word), "canonical"),
        ];
        desk.changed(format!("patron category {}", self.code), fields);
        Ok(())
    }
}

impl PutCategory {
    async fn is_in_use(&self, desk: &StaffDesk<'_>) -> Result<bool, RegisterError> {
        let somebody = patrons::Entity::find()
            .select_only()
            .column(patrons::Column::Id)
            .filter(patrons::Column::CategoryCode.eq(self.code.as_str()))
            .into_tuple::<i64>()
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(somebody.is_some())
    }
}
