//! What a ban says, checked against law and policy before it is written.

use crate::{RegisterError, Rulebook};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    BanKind, Moment,
    bans::placing::{self, BanRule, Proposal},
    policy::BanPolicy,
};
use kortisto_store::entities::bans;
use sea_orm::ActiveValue::Set;
use serde::Serialize;
use uuid::Uuid;

/// What a ban says. Its texts hold what happened to a person: never printed, and hashed where requests are compared.
#[derive(Clone, Serialize)]
pub struct BanTerms {
    /// What it forbids.
    pub kind: BanKind,
    /// The code of the branch; none means everywhere.
    pub branch: Option<String>,
    /// When it begins; none means at once.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends by itself; none means when it is lifted.
    pub ends_at: Option<DateTime<Utc>>,
    /// Why, 1 to 500 characters.
    pub grounds: String,
    /// Who decided, at most 100 characters.
    pub decision_maker: Option<String>,
    /// What the patron said when heard, at most 2000 characters.
    pub heard: Option<String>,
    /// How to claim a correction, at most 2000 characters.
    pub appeal: Option<String>,
}

/// A ban that keeps every rule, ready to be written for any number of patrons.
pub(crate) struct Settled<'a> {
    terms: &'a BanTerms,
    branch_id: Option<i64>,
    at: DateTime<Utc>,
    placed_by: String,
    batch: Option<Uuid>,
}

impl BanTerms {
    /// A ban everywhere, from now on until it is lifted.
    #[must_use]
    pub fn new(kind: BanKind, grounds: impl Into<String>) -> Self {
        Self {
            kind,
            branch: None,
            starts_at: None,
            ends_at: None,
            grounds: grounds.into(),
            decision_maker: None,
            heard: None,
            appeal: None,
        }
    }

    /// Checks it at this moment against the rules of the branch with its code. `placed_by` is the author in the ban's
    /// row.
    pub(crate) fn settle_in(
        &self,
        rulebook: &Rulebook,
        moment: &Moment,
        placed_by: String,
        batch: Option<Uuid>,
    ) -> Result<Settled<'_>, RegisterError> {
        let branch_id = match &self.branch {
            None => None,
            Some(code) => Some(rulebook.branch_id(code).ok_or(RegisterError::NotFound { what: "branch" })?),
        };
        // Without a branch the rules of no branch are asked; a use ban without one is refused anyway.
        let policy = rulebook.policies.bans(&rulebook.place(branch_id.unwrap_or(0)), moment.today());
        self.settle(branch_id, &policy, moment, placed_by, batch)
    }

    /// Checks it at this moment, at this branch and by this policy.
    pub(crate) fn settle(
        &self,
        branch_id: Option<i64>,
        policy: &BanPolicy,
        moment: &Moment,
        placed_by: String,
        batch: Option<Uuid>,
    ) -> Result<Settled<'_>, RegisterError> {
        let at = moment.at();
        let proposal = Proposal {
            kind: self.kind,
            at_one_branch: branch_id.is_some(),
            starts_at: self.starts_at.unwrap_or(at),
            ends_at: self.ends_at,
            grounds: &self.grounds,
            decision_maker: self.decision_maker.as_deref(),
            heard: self.heard.as_deref(),
            appeal: self.appeal.as_deref(),
        };
        placing::check(&proposal, policy, at).map_err(|rule| RegisterError::FieldInvalid {
            field: in_request(rule),
            rule: rule.right().to_owned(),
        })?;
        Ok(Settled { terms: self, branch_id, at, placed_by, batch })
    }
}

/// The field at fault as the contract calls it.
fn in_request(rule: BanRule) -> &'static str {
    match rule.field() {
        "grounds" => "terms.grounds",
        "starts_at" => "terms.starts_at",
        "ends_at" => "terms.ends_at",
        "branch" => "terms.branch",
        "decision_maker" => "terms.decision_maker",
        "heard" => "terms.heard",
        "appeal" => "terms.appeal",
        _ => "terms",
    }
}

impl Settled<'_> {
    /// The row for a patron.
    pub(crate) fn row(&self, patron_id: i64) -> bans::ActiveModel {
        let terms = self.terms;
        bans::ActiveModel {
            patron_id: Set(patron_id),
            kind: Set(terms.kind.code()),
            branch_id: Set(self.branch_id),
            starts_at: Set(terms.starts_at.unwrap_or(self.at)),
            ends_at: Set(terms.ends_at),
            reason: Set(terms.grounds.clone()),
            placed_by: Set(self.placed_by.clone()),
            placed_at: Set(self.at),
            decision_maker: Set(terms.decision_maker.clone()),
            heard: Set(terms.heard.clone()),
            appeal: Set(terms.appeal.clone()),
            batch: Set(self.batch),
            ..Default::default()
        }
    }
}
