//! Policies, branches, hours, resources and stops, kept in memory under their version.
//!
//! Memory never decides alone: every turn reads the version with its facts, and a turn that finds a
//! newer one loads the rows in its own transaction before it decides.

use crate::Surroundings;
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use kortisto_domain::{
    PatronCategory,
    facts::{DayWindow, OpeningHours, OpeningWindow, Resource},
    fees::overdue::DAYS_MAX,
    policy::{AppliedPolicy, ItemClass, Place, PolicyRow, PolicySet, Scope},
};
use kortisto_store::{
    StoreError,
    queries::rulebook::{self, RulebookRows},
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

/// A branch and its hours.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The municipality whose policies and fees apply.
    pub municipality: String,
    /// Its opening hours.
    pub hours: OpeningHours,
}

/// Where at its branch a hold is picked up, where that matters; at most one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupSpot {
    /// The code of a stop of the bookmobile.
    pub stop: Option<String>,
    /// The code of a locker.
    pub locker: Option<String>,
}

/// Everything that a decision reads besides facts about persons and items.
#[derive(Debug)]
pub struct Rulebook {
    version: i64,
    /// The time zone of the consortium.
    pub zone: Tz,
    branches: HashMap<i64, Branch>,
    resources: HashMap<i64, BTreeMap<String, Resource>>,
    /// The codes of stops and of resources, by their keys.
    stop_codes: HashMap<i64, String>,
    resource_codes: HashMap<i64, String>,
    /// The policies.
    pub policies: PolicySet,
}

impl Rulebook {
    /// Loads it, with the exceptions of opening hours of every day that a late loan may be charged for, and of the day
    /// before: what was asked before midnight may be answered after it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails, or as [`Rulebook::from_rows`].
    pub async fn load(
        connection: &impl ConnectionTrait,
        surroundings: &Surroundings,
    ) -> Result<Self, StoreError> {
        let since = surroundings.moment().today() - Days::new(DAYS_MAX + 1);
        Self::from_rows(rulebook::load(connection, since).await?, surroundings.zone)
    }

    /// Builds it from its rows.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when a row cannot have come through the checks of an import.
    pub fn from_rows(rows: RulebookRows, zone: Tz) -> Result<Self, StoreError> {
        let policies = rows.policies.into_iter().map(policy_row).collect::<Result<_, _>>()?;
        let policies = PolicySet::new(policies)
            .map_err(|_| StoreError::Inconsistent { table: "policies", column: "value" })?;
        let mut branches: HashMap<i64, Branch> = rows
            .branches
            .into_iter()
            .map(|row| {
                let branch = Branch {
                    code: row.code,
                    name: row.name,
                    municipality: row.municipality,
                    hours: OpeningHours::default(),
                };
                (row.id, branch)
            })
            .collect();
        for row in rows.windows {
            let window = OpeningWindow {
                weekday: small(row.weekday, "weekday")?,
                opens_minute: minute(row.opens_minute)?,
                closes_minute: minute(row.closes_minute)?,
                mode: row.mode.try_into()?,
                valid_from: row.valid_from,
                valid_until: row.valid_until,
            };
            if let Some(branch) = branches.get_mut(&row.branch_id) {
                branch.hours.windows.push(window);
            }
        }
        for row in rows.exceptions {
            let window = DayWindow {
                opens_minute: minute(row.opens_minute)?,
                closes_minute: minute(row.closes_minute)?,
                mode: row.mode.try_into()?,
            };
            if let Some(branch) = branches.get_mut(&row.branch_id) {
                branch.hours.exceptions.entry(row.day).or_default().push(window);
            }
        }
        let stop_codes = rows.stops.into_iter().map(|row| (row.id, row.code)).collect();
        let mut resource_codes = HashMap::new();
        let mut resources: HashMap<i64, BTreeMap<String, Resource>> = HashMap::new();
        for row in rows.resources {
            let resource = Resource {
                kind: row.kind.try_into()?,
                min_age: row.min_age.map(|age| small(age, "min_age")).transpose()?,
                asks_pin: row.asks_pin,
            };
            resource_codes.insert(row.id, row.code.clone());
            resources.entry(row.branch_id).or_default().insert(row.code, resource);
        }
        Ok(Self { version: rows.version, zone, branches, resources, stop_codes, resource_codes, policies })
    }

    /// A branch.
    #[must_use]
    pub fn branch(&self, id: i64) -> Option<&Branch> {
        self.branches.get(&id)
    }

    /// Every branch with its key, in the order of their codes.
    pub fn branches(&self) -> impl Iterator<Item = (i64, &Branch)> {
        let mut all: Vec<_> = self.branches.iter().map(|(id, branch)| (*id, branch)).collect();
        all.sort_unstable_by(|one, other| one.1.code.cmp(&other.1.code));
        all.into_iter()
    }

    /// The opening hours of a branch; one that does not exist is never open.
    #[must_use]
    pub fn hours(&self, id: i64) -> &OpeningHours {
        static NEVER: OpeningHours = OpeningHours { windows: Vec::new(), exceptions: BTreeMap::new() };
        self.branch(id).map_or(&NEVER, |branch| &branch.hours)
    }

    /// The code of a branch, or nothing for one that does not exist.
    #[must_use]
    pub fn branch_code(&self, id: i64) -> &str {
        self.branch(id).map_or("", |branch| &branch.code)
    }

    /// Where at its branch a hold is picked up.
    #[must_use]
    pub fn pickup_spot(&self, stop: Option<i64>, locker: Option<i64>) -> PickupSpot {
        let code = |codes: &HashMap<i64, String>, key: Option<i64>| codes.get(&key?).cloned();
        PickupSpot { stop: code(&self.stop_codes, stop), locker: code(&self.resource_codes, locker) }
    }

    /// The code of the branch that a policy names, if it names one.
    #[must_use]
    pub fn branch_of(&self, policy: &AppliedPolicy) -> Option<&str> {
        let branch = policy.row.as_ref()?.scope.branch?;
        Some(self.branch_code(branch))
    }

    /// The key of the branch with this code.
    #[must_use]
    pub fn branch_id(&self, code: &str) -> Option<i64> {
        self.branches.iter().find(|(_, branch)| branch.code == code).map(|(id, _)| *id)
    }

    /// Where a question is asked, for the policies.
    #[must_use]
    pub fn place(&self, branch: i64) -> Place<'_> {
        Place { branch, municipality: self.branch(branch).map_or("", |branch| &branch.municipality) }
    }

    /// Whether anybody may wait for items of this class anywhere.
    #[must_use]
    pub fn is_ever_held(&self, class: ItemClass<'_>, today: NaiveDate) -> bool {
        let here = |branch: &i64| {
            let place = self.place(*branch);
            let may = |category: &PatronCategory| self.policies.may_hold(&place, *category, class, today);
            PatronCategory::ALL.iter().any(may)
        };
        self.branches.keys().any(here)
    }

    /// A resource of a branch.
    #[must_use]
    pub fn resource(&self, branch: i64, code: &str) -> Option<&Resource> {
        self.resources.get(&branch)?.get(code)
    }

    /// The resources of a branch with their codes.
    pub fn resources(&self, branch: i64) -> impl Iterator<Item = (&str, &Resource)> {
        self.resources.get(&branch).into_iter().flatten().map(|(code, resource)| (code.as_str(), resource))
    }
}

/// A policy as the rules know it.
pub(crate) fn policy_row(row: kortisto_store::entities::policies::Model) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow {
        key: row.key,
        value: row.value,
        scope: Scope {
            municipality: row.municipality,
            branch: row.branch_id,
            category: row.category.map(TryInto::try_into).transpose()?,
            material: row.material,
            collection: row.collection,
        },
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        decision: row.decision,
    })
}

fn small(value: i16, column: &'static str) -> Result<u8, StoreError> {
    value.try_into().map_err(|_| StoreError::Inconsistent { table: "opening_windows or resources", column })
}

fn minute(value: i16) -> Result<u16, StoreError> {
    value
        .try_into()
        .map_err(|_| StoreError::Inconsistent { table: "opening_windows", column: "opens or closes_minute" })
}

/// The newest rulebook that this server has seen.
#[derive(Debug)]
pub struct RulebookShelf {
    current: RwLock<Arc<Rulebook>>,
}

impl RulebookShelf {
    /// A shelf with the rulebook read at start.
    #[must_use]
    pub fn new(rulebook: Rulebook) -> Self {
        Self { current: RwLock::new(Arc::new(rulebook)) }
    }

    /// The rulebook.
    #[must_use]
    pub fn current(&self) -> Arc<Rulebook> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The rulebook if it has this version.
    #[must_use]
    pub fn at_version(&self, version: i64) -> Option<Arc<Rulebook>> {
        let current = self.current();
        (current.version == version).then_some(current)
    }

    /// Puts a newly loaded one on the shelf, unless a newer one is there.
    pub fn put(&self, rulebook: &Arc<Rulebook>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if rulebook.version > current.version {
            *current = Arc::clone(rulebook);
        }
    }
}
