//! `BanService.PlaceBans`: one ban for each of many patrons, all of them or none.

use super::{BanTerms, placed};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::BanKind;
use kortisto_store::{StoreError, entities::patrons};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Bans several patrons.
#[derive(Serialize)]
pub struct PlaceBans {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The numbers of the patrons, 1 to 100, each once.
    pub patron_numbers: Vec<String>,
    /// What every one of the bans says.
    pub terms: BanTerms,
}

/// The bans of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedBans {
    /// The id of the batch.
    pub batch: Uuid,
    /// The keys of the bans, in the order of the numbers asked for.
    pub ids: Vec<i64>,
}

impl StaffChange for PlaceBans {
    const RPC: StaffRpc = StaffRpc::PlaceBans;
    type Answer = PlacedBans;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<PlacedBans, RegisterError> {
        if self.terms.kind == BanKind::Use {
            let rule = "a use ban is an individual decision: place one for each patron".to_owned();
            return Err(RegisterError::FieldInvalid { field: "terms.kind", rule });
        }
        let wanted: BTreeSet<&str> = self.patron_numbers.iter().map(String::as_str).collect();
        if wanted.len() < self.patron_numbers.len() {
            let rule = "each patron once".to_owned();
            return Err(RegisterError::FieldInvalid { field: "patron_numbers", rule });
        }
        let rulebook = desk.rulebook().await?;
        let batch = desk.register.surroundings.new_id(desk.moment.at());
        let settled = self.terms.settle_in(&rulebook, &desk.moment, desk.author(), Some(batch))?;
        // In the order of the keys, so that two batches never wait for each other.
        let found = patrons::Entity::find()
            .filter(patrons::Column::Number.is_in(wanted.iter().copied()))
            .order_by_asc(patrons::Column::Id)
            .lock_exclusive()
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if found.len() < wanted.len() {
            return Err(RegisterError::NotFound { what: "patron" });
        }
        let mut placed_for = Vec::with_capacity(found.len());
        for patron in found {
            let ban = settled.row(patron.id).insert(desk.transaction).await.map_err(StoreError::from)?;
            placed_for.push((patron.number.clone(), ban.id));
            desk.changed_patron(patron, placed(&ban)).await?;
        }
        let id_of = |number: &String| placed_for.iter().find(|(of, _)| of == number).map(|(_, id)| *id);
        Ok(PlacedBans { batch, ids: self.patron_numbers.iter().filter_map(id_of).collect() })
    }
}
