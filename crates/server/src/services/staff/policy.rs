//! `PolicyService`.

use super::{fault, fields};
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{
    ApplyPoliciesRequest, ApplyPoliciesResponse, DryRunPoliciesRequest, DryRunPoliciesResponse,
    GetPolicyHistoryRequest, GetPolicyHistoryResponse, ListPoliciesRequest, ListPoliciesResponse,
    ListPolicyKeysRequest, ListPolicyKeysResponse, Policy, PolicyChange, PolicyFault, PolicyKey, PolicyScope,
    Right, RightChange, ValidatePoliciesRequest, ValidatePoliciesResponse,
    policy_service_server::PolicyService,
};
use kortisto_register::{
    policies::{
        Outlook,
        dry_run::{self, Effects},
    },
    staff::{
        Page,
        policies::{
            ApplyPolicies, DryRunPolicies, GetPolicyHistory, ListPolicies, ListPolicyKeys, ValidatePolicies,
        },
    },
};
use kortisto_store::entities::{policies, policy_changes};
use std::{collections::HashMap, sync::Arc};
use tonic::{Request, Response, Status, async_trait};

/// Longest policy file in a request, in characters.
const TEXT_CHARS_MAX: usize = 60_000;

/// Faults that a reply lists.
const FAULTS_MAX: usize = 100;

#[async_trait]
impl PolicyService for Api {
    async fn list_policy_keys(
        &self,
        request: Request<ListPolicyKeysRequest>,
    ) -> Result<Response<ListPolicyKeysResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListPolicyKeys { page }).await?;
        let keys = page.rows.into_iter().map(|entry| PolicyKey {
            key: entry.key.to_owned(),
            meaning: entry.meaning.to_owned(),
            unit: entry.unit.to_owned(),
            allowed: entry.allowed,
            default_value: entry.default,
            reach: entry.reach.to_owned(),
            source: entry.source.to_owned(),
        });
        Ok(Response::new(ListPolicyKeysResponse {
            keys: keys.collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn list_policies(
        &self,
        request: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let key = if message.key.is_empty() { None } else { Some(fields::code("key", &message.key)?) };
        let ask = ListPolicies {
            key,
            day: fields::optional_date("day", &message.day)?,
            page: Page {
                size: fields::page_size(message.page_size)?,
                after: policy_token(&message.page_token)?,
            },
        };
        let list = desk.view(ask).await?;
        let policies = list.policies.rows.into_iter().map(|row| policy(row, &list.branches));
        Ok(Response::new(ListPoliciesResponse {
            policies: policies.collect(),
            next_page_token: list.policies.next.map(|(key, id)| format!("{key}:{id}")).unwrap_or_default(),
        }))
    }

    async fn validate_policies(
        &self,
        request: Request<ValidatePoliciesRequest>,
    ) -> Result<Response<ValidatePoliciesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let text = text(request.into_inner().text)?;
        let found = desk.view(ValidatePolicies { text }).await?;
        let faults = found.faults.listed().iter().take(FAULTS_MAX).map(|fault| PolicyFault {
            line: count(fault.line),
            field: fault.column.to_owned(),
            value: fault.value.clone().unwrap_or_default(),
            reason: fault.reason.clone(),
            right: fault.right.clone(),
        });
        Ok(Response::new(ValidatePoliciesResponse {
            faults: faults.collect(),
            fault_count: count(found.faults.total()),
            created: count(found.outlook.created),
            changed: count(found.outlook.changed),
            unchanged: count(found.outlook.unchanged),
        }))
    }

    async fn apply_policies(
        &self,
        request: Request<ApplyPoliciesRequest>,
    ) -> Result<Response<ApplyPoliciesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let text = text(message.text)?;
        let Outlook { created, changed, unchanged } = desk.change(ApplyPolicies { request_id, text }).await?;
        Ok(Response::new(ApplyPoliciesResponse {
            created: count(created),
            changed: count(changed),
            unchanged: count(unchanged),
        }))
    }

    async fn dry_run_policies(
        &self,
        request: Request<DryRunPoliciesRequest>,
    ) -> Result<Response<DryRunPoliciesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let (deadline, trace_id) = (desk.deadline, desk.trace_id.clone());
        let after = page_token::place(&message.page_token)?.unwrap_or_default();
        let purpose = fields::purpose(message.purpose)?;
        let rows = desk.view(DryRunPolicies { text: text(message.text)?, purpose }).await?;
        let register = Arc::clone(&self.register);
        let trial = tokio::time::timeout_at(deadline, register.try_policies(rows, after)).await;
        let (effects, next) =
            trial.map_err(|_| Fault::DeadlinePassed)?.map_err(|error| fault(&error, &trace_id))?;
        Ok(Response::new(DryRunPoliciesResponse {
            patrons: count(effects.patrons),
            changes: changes(effects),
            next_page_token: page_token::of(next),
        }))
    }

    async fn get_policy_history(
        &self,
        request: Request<GetPolicyHistoryRequest>,
    ) -> Result<Response<GetPolicyHistoryResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = GetPolicyHistory {
            key: fields::code("key", &message.key)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let history = desk.view(ask).await?;
        let changes = history.changes.rows.into_iter().map(|row| change(row, &history.branches));
        Ok(Response::new(GetPolicyHistoryResponse {
            changes: changes.collect(),
            next_page_token: page_token::of(history.changes.next),
        }))
    }
}

fn policy(row: policies::Model, branches: &HashMap<i64, String>) -> Policy {
    Policy {
        key: row.key,
        value: row.value,
        scope: Some(PolicyScope {
            municipality: row.municipality.unwrap_or_default(),
            branch: row.branch_id.and_then(|id| branches.get(&id).cloned()).unwrap_or_default(),
            category: row.category.map(i32::from).unwrap_or_default(),
            material: row.material.unwrap_or_default(),
            collection: row.collection.unwrap_or_default(),
        }),
        valid_from: row.valid_from.to_string(),
        valid_until: row.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        decision: row.decision,
    }
}

fn change(row: policy_changes::Model, branches: &HashMap<i64, String>) -> PolicyChange {
    let policy_changes::Model { changed_at, changed_by, old_value, rulebook_version, .. } = row;
    let row = policies::Model {
        id: row.id,
        key: row.key,
        value: row.new_value,
        municipality: row.municipality,
        branch_id: row.branch_id,
        category: row.category,
        material: row.material,
        collection: row.collection,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
        decision: row.decision,
    };
    PolicyChange {
        policy: Some(policy(row, branches)),
        old_value: old_value.unwrap_or_default(),
        changed_at: Some(reply::timestamp(changed_at)),
        changed_by,
        version: rulebook_version,
    }
}

fn changes(effects: Effects) -> Vec<RightChange> {
    let changes = effects.changes.into_iter().map(|(subject, effect)| RightChange {
        right: right(subject.right).into(),
        branch: subject.branch,
        material: subject.material,
        collection: subject.collection,
        gained: count(effect.gained.count),
        gained_patrons: effect.gained.numbers,
        lost: count(effect.lost.count),
        lost_patrons: effect.lost.numbers,
    });
    changes.collect()
}

const fn right(right: dry_run::Right) -> Right {
    match right {
        dry_run::Right::Borrow => Right::Borrow,
        dry_run::Right::BorrowRated => Right::BorrowRated,
        dry_run::Right::Enter => Right::Enter,
        dry_run::Right::UsePc => Right::UsePc,
    }
}

/// A policy file. What it says is judged by the register, which names the line.
fn text(text: String) -> Result<String, Fault> {
    if (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(Fault::field("text", "a policy file of 1 to 60000 characters"))
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A key and a number that a page ended with.
fn policy_token(token: &str) -> Result<Option<(String, i64)>, Fault> {
    page_token::read(token, |text| {
        let (key, number) = text.rsplit_once(':')?;
        Some((key.to_owned(), number.parse().ok()?))
    })
}
