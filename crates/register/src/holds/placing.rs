//! Placing a hold.
//!
//! A hold gets the next number of its title, under the title's row, and keeps it: numbers only grow and none is given
//! twice, so nobody is overtaken. An item that stands on a shelf at that moment is found by the list of items to pull,
//! or at its next return.

use super::{
    details::{HoldDetails, details},
    holder::{Holder, Pickup},
    wish::{HoldLevel, HoldTarget, HoldWish},
};
use crate::{RegisterError, loans::open_loan::year_of};
use kortisto_domain::{
    Decision, HoldState,
    place_hold::{self, Placing, Wanted},
    policy::{ItemClass, PlacingPolicy},
};
use kortisto_store::{
    Engine, StoreError,
    entities::{holds, items, open_loans, titles},
    queries::{changes::Changes, locks},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};

/// Of what a hold is to be, found in the register.
struct Named {
    title: titles::Model,
    /// Set when only this item will do.
    only_item: Option<i64>,
    /// Set when only items of one branch will do; none within, where there is no such branch.
    only_branch: Option<Option<i64>>,
}

impl Holder<'_> {
    /// Places a hold, or says why not.
    pub(crate) async fn place(
        &self,
        wish: &HoldWish,
        changes: &mut Changes,
    ) -> Result<(Decision, Option<HoldDetails>), RegisterError> {
        self.check_day("valid_until", wish.valid_until)?;
        let Some(named) = self.named(wish).await? else {
            return Ok((self.judge(None, self.branch), None));
        };
        let pickup = self.pickup(&wish.pickup).await?;
        let branch = pickup.map_or(self.branch, |pickup| pickup.branch);
        let servable = match named.only_branch {
            Some(None) => Vec::new(),
            of => self.servable(&named.title, named.only_item, of.flatten(), branch).await?,
        };
        let open = self.open_holds().await?;
        let wanted = Wanted {
            servable: &servable,
            already: self.has_already(&named, &open).await?,
            open_holds: open.len() as u64,
            pickup_place_known: pickup.is_some(),
        };
        let decision = self.judge(Some(&wanted), branch);
        let policy = servable.iter().find(|policy| policy.allowed);
        let (Some(policy), Some(pickup), true) = (policy, pickup, decision.is_granted()) else {
            return Ok((decision, None));
        };
        let row = self.insert(wish, &named, policy, pickup).await?;
        changes.year(self.party.patron_id, year_of(self.moment.today())).holds += 1;
        let placed = details(self.transaction, self.rulebook, vec![row]).await?.pop();
        Ok((decision, placed))
    }

    /// A day that has passed is no answer to how long a hold should wait.
    pub(crate) fn check_day(
        &self,
        field: &'static str,
        day: Option<chrono::NaiveDate>,
    ) -> Result<(), RegisterError> {
        match day {
            Some(day) if day < self.moment.today() => {
                Err(RegisterError::FieldInvalid { field, rule: "today or a later day".to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn judge(&self, wanted: Option<&Wanted<'_>>, branch: i64) -> Decision {
        let place = self.rulebook.place(branch);
        let category = self.party.patron.category;
        let class = ItemClass::default();
        let lending = self.rulebook.policies.lending(&place, category, class, self.moment.today());
        place_hold::decide(&Placing {
            card: &self.party.card,
            patron: &self.party.patron,
            wanted,
            blocks: &lending.blocks,
            branch,
            moment: &self.moment,
        })
    }

    /// Finds what is wanted, and holds the row of its title: the queue grows by one at a time.
    async fn named(&self, wish: &HoldWish) -> Result<Option<Named>, RegisterError> {
        let (title, item) = match &wish.target {
            HoldTarget::Title(number) => {
                let title = titles::Entity::find().filter(titles::Column::Number.eq(number));
                (title.one(self.transaction).await.map_err(StoreError::from)?.map(|row| row.id), None)
            }
            HoldTarget::Item(barcode) => {
                let item = items::Entity::find().filter(items::Column::Barcode.eq(barcode));
                let item = item.one(self.transaction).await.map_err(StoreError::from)?;
                (item.as_ref().map(|item| item.title_id), item.map(|item| item.id))
            }
        };
        let Some(title) = title else { return Ok(None) };
        let key = locks::Key { title_id: Some(title), ..locks::Key::default() };
        locks::take(self.transaction, Engine::of(self.transaction), &[key]).await?;
        let title =
            titles::Entity::find_by_id(title).one(self.transaction).await.map_err(StoreError::from)?;
        let Some(title) = title else { return Ok(None) };
        let only_branch = match &wish.level {
            HoldLevel::Branch(code) => Some(self.rulebook.branch_id(code)),
            HoldLevel::Title | HoldLevel::Item => None,
        };
        Ok(Some(Named { title, only_item: item.filter(|_| wish.level == HoldLevel::Item), only_branch }))
    }

    /// Whether the patron waits for it in the same way already, or has it on loan: any item of the title, or the one.
    async fn has_already(&self, named: &Named, open: &[holds::Model]) -> Result<bool, RegisterError> {
        let same = |hold: &holds::Model| {
            hold.title_id == named.title.id
                && hold.only_item_id == named.only_item
                && hold.only_branch_id == named.only_branch.flatten()
        };
        if open.iter().any(same) {
            return Ok(true);
        }
        let loans = open_loans::Entity::find()
            .filter(open_loans::Column::PatronId.eq(self.party.patron_id))
            .all(self.transaction)
            .await
            .map_err(StoreError::from)?;
        let lent = loans.iter().map(|loan| loan.item_id);
        if let Some(item) = named.only_item {
            return Ok(loans.iter().any(|loan| loan.item_id == item));
        }
        let of_title = items::Entity::find()
            .filter(items::Column::Id.is_in(lent))
            .filter(items::Column::TitleId.eq(named.title.id))
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(of_title.is_some())
    }

    async fn insert(
        &self,
        wish: &HoldWish,
        named: &Named,
        policy: &PlacingPolicy,
        pickup: Pickup,
    ) -> Result<holds::Model, RegisterError> {
        let (at, today) = (self.moment.at(), self.moment.today());
        let frozen = wish.frozen_until.filter(|day| *day >= today);
        let row = holds::ActiveModel {
            id: Set(self.register.surroundings.new_id(at)),
            queue_number: Set(self.next_number(&named.title).await?),
            patron_id: Set(self.party.patron_id),
            title_id: Set(named.title.id),
            only_item_id: Set(named.only_item),
            only_branch_id: Set(named.only_branch.flatten()),
            pickup_branch_id: Set(pickup.branch),
            pickup_stop_id: Set(pickup.stop),
            pickup_locker_id: Set(pickup.locker),
            state: Set(HoldState::Pending.code()),
            placed_at: Set(at),
            card_id: Set(Some(self.party.card_id)),
            frozen_until: Set(frozen.map(|day| place_hold::frozen_until(policy, day, today))),
            valid_until: Set(Some(place_hold::last_day(policy, wish.valid_until, today))),
            ..Default::default()
        };
        Ok(row.insert(self.transaction).await.map_err(StoreError::from)?)
    }

    /// The next number of the title, whose row is held: later than every one that was given, also by an import that
    /// did not count on the title.
    async fn next_number(&self, title: &titles::Model) -> Result<i64, RegisterError> {
        let newest = holds::Entity::find()
            .filter(holds::Column::TitleId.eq(title.id))
            .filter(holds::Column::State.eq(HoldState::Pending.code()))
            .order_by_desc(holds::Column::QueueNumber)
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?;
        let last = newest.map_or(0, |hold| hold.queue_number).max(title.queue_last);
        let mut row = title.clone().into_active_model();
        row.queue_last = Set(last + 1);
        row.update(self.transaction).await.map_err(StoreError::from)?;
        Ok(last + 1)
    }
}
