//! The rules of a test: its policies, and when its branches are open.

use super::TestRegister;
use chrono::NaiveDate;
use kortisto_domain::{OpeningMode, PatronCategory};
use kortisto_store::{
    entities::{opening_exceptions, opening_windows, policies},
    queries::rulebook,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

/// For what a policy value counts; for everything, from long ago, where nothing is named.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicyScope<'s> {
    /// Code of the municipality.
    pub municipality: Option<&'s str>,
    /// Key of the branch.
    pub branch: Option<i64>,
    /// Category of the patron.
    pub category: Option<PatronCategory>,
    /// Material of the title.
    pub material: Option<&'s str>,
    /// Collection of the item.
    pub collection: Option<&'s str>,
    /// First day.
    pub from: Option<NaiveDate>,
}

fn minutes(hour: u8) -> i16 {
    i16::from(hour) * 60
}

impl TestRegister {
    /// A policy value for the whole consortium, from long ago.
    ///
    /// # Panics
    /// When the database refuses, as do the others here.
    pub async fn policy(&self, key: &str, value: &str) {
        self.policy_for(key, PolicyScope::default(), value).await;
    }

    /// The same for what is of one material.
    ///
    /// # Panics
    /// See [`TestRegister::policy`].
    pub async fn policy_of_material(&self, key: &str, material: &str, value: &str) {
        self.policy_for(key, PolicyScope { material: Some(material), ..PolicyScope::default() }, value).await;
    }

    /// The same for what is of this scope.
    ///
    /// # Panics
    /// See [`TestRegister::policy`].
    pub async fn policy_for(&self, key: &str, scope: PolicyScope<'_>, value: &str) {
        let long_ago = || "2000-01-01".parse().expect("a date");
        policies::ActiveModel {
            key: Set(key.to_owned()),
            value: Set(value.to_owned()),
            municipality: Set(scope.municipality.map(str::to_owned)),
            branch_id: Set(scope.branch),
            category: Set(scope.category.map(PatronCategory::code)),
            material: Set(scope.material.map(str::to_owned)),
            collection: Set(scope.collection.map(str::to_owned)),
            valid_from: Set(scope.from.unwrap_or_else(long_ago)),
            decision: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a policy");
        self.rules_moved().await;
    }

    /// Opens a branch with staff at these hours of the days of a week, Monday first, and at no others: each day from one
    /// hour to another, or not at all.
    ///
    /// # Panics
    /// See [`TestRegister::policy`].
    pub async fn open_at(&self, branch_id: i64, week: [Option<(u8, u8)>; 7]) {
        let writer = self.store.writer();
        let of_branch = opening_windows::Entity::delete_many()
            .filter(opening_windows::Column::BranchId.eq(branch_id))
            .exec(writer);
        of_branch.await.expect("the old hours go");
        for (weekday, (opens, closes)) in (1..).zip(week).filter_map(|(day, hours)| Some((day, hours?))) {
            opening_windows::ActiveModel {
                branch_id: Set(branch_id),
                weekday: Set(weekday),
                opens_minute: Set(minutes(opens)),
                closes_minute: Set(minutes(closes)),
                mode: Set(OpeningMode::Staffed.code()),
                valid_from: Set("2000-01-01".parse().expect("a date")),
                ..Default::default()
            }
            .insert(writer)
            .await
            .expect("an opening window");
        }
        self.rules_moved().await;
    }

    /// Opens a branch on one day at these hours instead of those of its week; none keeps it closed.
    ///
    /// # Panics
    /// See [`TestRegister::policy`].
    pub async fn open_on(&self, branch_id: i64, day: NaiveDate, hours: Option<(u8, u8)>) {
        let (opens, closes) = hours.unwrap_or((0, 24));
        let mode = if hours.is_some() { OpeningMode::Staffed } else { OpeningMode::Closed };
        opening_exceptions::ActiveModel {
            branch_id: Set(branch_id),
            day: Set(day),
            opens_minute: Set(minutes(opens)),
            closes_minute: Set(minutes(closes)),
            mode: Set(mode.code()),
            note: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("an exception");
        self.rules_moved().await;
    }

    async fn rules_moved(&self) {
        rulebook::touch(self.store.writer()).await.expect("the rulebook moves");
    }
}
