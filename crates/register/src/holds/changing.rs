//! Changing a hold that waits in its queue. Its place in the queue stays, also while it is frozen.

use super::{
    details::{HoldDetails, details},
    holder::Holder,
    wish::{Freeze, HoldEdit},
};
use crate::RegisterError;
use kortisto_domain::{Decision, HoldState, Reason, place_hold};
use kortisto_store::{
    StoreError,
    entities::{holds, titles},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use uuid::Uuid;

/// A hold before and after.
pub(crate) struct Changed {
    pub(crate) before: holds::Model,
    pub(crate) after: holds::Model,
    pub(crate) details: HoldDetails,
}

impl Holder<'_> {
    /// Changes a hold of the patron, or says why not: `HoldUnknown`, `HoldNotChangeable`, `PickupPlaceUnknown`,
    /// `HoldNotAllowed`.
    pub(crate) async fn change(
        &self,
        id: Uuid,
        edit: &HoldEdit,
    ) -> Result<(Decision, Option<Changed>), RegisterError> {
        self.check_day("valid_until", edit.valid_until)?;
        if let Some(Freeze::Until(day)) = edit.freeze {
            self.check_day("frozen_until", Some(day))?;
        }
        self.lock_hold(id).await?;
        let Some(before) = self.own_hold(id).await? else {
            return Ok((Decision::refused(Reason::HoldUnknown), None));
        };
        let mut reasons = Vec::new();
        if before.state != HoldState::Pending.code() {
            reasons.push(Reason::HoldNotChangeable);
        }
        let pickup = match &edit.pickup {
            None => None,
            Some(place) => {
                let found = self.pickup(place).await?;
                reasons.extend(found.is_none().then_some(Reason::PickupPlaceUnknown));
                found
            }
        };
        let decision = Decision::from_reasons(reasons);
        if !decision.is_granted() {
            return Ok((decision, None));
        }
        let mut row = before.clone().into_active_model();
        if let Some(pickup) = pickup {
            row.pickup_branch_id = Set(pickup.branch);
            row.pickup_stop_id = Set(pickup.stop);
            row.pickup_locker_id = Set(pickup.locker);
        }
        let branch = pickup.map_or(before.pickup_branch_id, |pickup| pickup.branch);
        let (policy, today) = (self.policy_of(&before, branch).await?, self.moment.today());
        if branch != before.pickup_branch_id && !policy.allowed {
            return Ok((Decision::refused(Reason::HoldNotAllowed), None));
        }
        if let Some(day) = edit.valid_until {
            // From when it was placed: a hold is not kept alive by changing it again and again.
            let latest = place_hold::last_day(&policy, Some(day), self.moment.day_of(before.placed_at));
            row.valid_until = Set(Some(latest.max(today)));
        }
        match edit.freeze {
            None => {}
            Some(Freeze::Lifted) => row.frozen_until = Set(None),
            Some(Freeze::Until(day)) => {
                row.frozen_until = Set(Some(place_hold::frozen_until(&policy, day, today)));
            }
        }
        let after = if row.is_changed() {
            row.update(self.transaction).await.map_err(StoreError::from)?
        } else {
            before.clone()
        };
        let shown = details(self.transaction, self.rulebook, vec![after.clone()]).await?.pop();
        let details = shown.ok_or(RegisterError::Internal("a hold has no details"))?;
        Ok((decision, Some(Changed { before, after, details })))
    }

    /// What applies to a hold that has been placed; where nothing could serve it any more, what applies to its title.
    async fn policy_of(
        &self,
        hold: &holds::Model,
        branch: i64,
    ) -> Result<kortisto_domain::policy::PlacingPolicy, RegisterError> {
        let title = titles::Entity::find_by_id(hold.title_id)
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("a hold has no title"))?;
        let servable = self.servable(&title, hold.only_item_id, hold.only_branch_id, branch).await?;
        let applies = servable.iter().find(|policy| policy.allowed).or_else(|| servable.first()).copied();
        Ok(applies.unwrap_or_else(|| self.placing(&title, "", branch)))
    }
}
