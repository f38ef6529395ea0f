//! `PolicyService.ListPolicies`.

use super::branch_codes;
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::policies, queries::keyset};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::HashMap;

/// Asks for a page of policies.
pub struct ListPolicies {
    /// Only those of this key.
    pub key: Option<String>,
    /// Only those that hold on this day.
    pub day: Option<NaiveDate>,
    /// Which page, by the keys and the numbers of the rows.
    pub page: Page<(String, i64)>,
}

/// A page of policies.
#[derive(Debug, Clone)]
pub struct PolicyList {
    /// The policies.
    pub policies: Paged<policies::Model, (String, i64)>,
    /// The codes of branches by their keys.
    pub branches: HashMap<i64, String>,
}

impl StaffView for ListPolicies {
    const RPC: StaffRpc = StaffRpc::ListPolicies;
    type Answer = PolicyList;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PolicyList, RegisterError> {
        let mut wanted = Condition::all();
        if let Some(key) = &self.key {
            wanted = wanted.add(policies::Column::Key.eq(key));
        }
        if let Some(day) = self.day {
            let not_over = Condition::any()
                .add(policies::Column::ValidUntil.is_null())
                .add(policies::Column::ValidUntil.gte(day));
            wanted = wanted.add(policies::Column::ValidFrom.lte(day)).add(not_over);
        }
        if let Some((key, id)) = &self.page.after {
            wanted = wanted.add(keyset::behind((policies::Column::Key, key), (policies::Column::Id, *id)));
        }
        let found = policies::Entity::find()
            .filter(wanted)
            .order_by_asc(policies::Column::Key)
            .order_by_asc(policies::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let policies = self.page.cut(found, |last| (last.key.clone(), last.id));
        Ok(PolicyList { policies, branches: branch_codes(desk).await? })
    }
}
