//! `PlaceService.PutBranch`: a branch, a bookmobile or lockers that stand by themselves.

use super::{begin, check_municipality, differences};
use crate::{
    RegisterError, in_use,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::BranchKind;
use kortisto_store::{StoreError, entities::branches};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// The branch as it should stand.
#[derive(Serialize)]
pub struct PutBranch {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code, by which an existing branch is found.
    pub code: String,
    /// The name.
    pub name: String,
    /// The municipality whose policies and fees apply.
    pub municipality: String,
    /// What it is.
    pub kind: BranchKind,
    /// Its ISIL.
    pub isil: Option<String>,
}

impl StaffChange for PutBranch {
    const RPC: StaffRpc = StaffRpc::PutBranch;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        begin(desk).await?;
        check_municipality(desk, "branch.municipality", &self.municipality).await?;
        let there = branches::Entity::find()
            .filter(branches::Column::Code.eq(&self.code))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        self.check_isil(desk, there.as_ref()).await?;
        if let Some(there) = there.as_ref().filter(|_| self.kind != BranchKind::Bookmobile) {
            self.check_stops(desk, there).await?;
        }
        let old = |get: fn(&branches::Model) -> &String| there.as_ref().map(|row| get(row).clone());
        let kind = |code: i16| BranchKind::try_from(code).map_or("", BranchKind::word).to_owned();
        let fields = differences([
            ("name", old(|row| &row.name), Some(self.name.clone())),
            ("municipality", old(|row| &row.municipality), Some(self.municipality.clone())),
            ("kind", there.as_ref().map(|row| kind(row.kind)), Some(self.kind.word().to_owned())),
            ("isil", there.as_ref().and_then(|row| row.isil.clone()), self.isil.clone()),
        ]);
        let is_new = there.is_none();
        let mut row = there.map_or_else(Default::default, branches::Model::into_active_model);
        row.code = Set(self.code.clone());
        row.name = Set(self.name.clone());
        row.municipality = Set(self.municipality.clone());
        row.kind = Set(self.kind.code());
        row.isil = Set(self.isil.clone());
        if is_new { row.insert(desk.transaction).await } else { row.update(desk.transaction).await }
            .map_err(StoreError::from)?;
        desk.changed(format!("branch {}", self.code), fields);
        Ok(is_new)
    }
}

impl PutBranch {
    /// An ISIL names one place: items carry it, and opening hours are imported by it.
    async fn check_isil(
        &self,
        desk: &StaffDesk<'_>,
        own: Option<&branches::Model>,
    ) -> Result<(), RegisterError> {
        let Some(isil) = &self.isil else { return Ok(()) };
        let others = branches::Entity::find()
            .filter(branches::Column::Isil.eq(isil))
            .filter(branches::Column::Id.ne(own.map_or(0, |own| own.id)))
            .count(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if others == 0 { Ok(()) } else { Err(RegisterError::AlreadyExists { field: "branch.isil" }) }
    }

    async fn check_stops(&self, desk: &StaffDesk<'_>, own: &branches::Model) -> Result<(), RegisterError> {
        let rule = in_use::BOOKMOBILE;
        let has_stops = in_use::has_stops(desk.transaction, own.id).await?;
        if has_stops { Err(RegisterError::RuleBroken { rule }) } else { Ok(()) }
    }
}
