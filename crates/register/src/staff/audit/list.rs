//! `AuditService.ListAuditEvents`: who did what, and who looked at whom. Looking at it is in it too.

use crate::{
    RegisterError,
    audit::first_id_at,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{audit, audit_values, devices, patrons, staff_accounts},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// The longest time that can be asked for without naming a patron or an account: nobody browses the lives of all.
const RANGE_MAX: TimeDelta = TimeDelta::days(31);

/// Asks for a page of events, newest first.
pub struct ListAuditEvents {
    /// About this patron.
    pub patron_number: Option<String>,
    /// By this account.
    pub user_name: Option<String>,
    /// From this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Of this action, for example `get_patron`.
    pub action: Option<String>,
    /// Which page.
    pub page: Page<Uuid>,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// One event.
pub struct AuditEvent {
    /// The row.
    pub row: audit::Model,
    /// The name of the account.
    pub user_name: Option<String>,
    /// The name of the device.
    pub device: Option<String>,
    /// The code of the branch; empty where there is none.
    pub branch: String,
    /// The number of the patron; none where it is about nobody, or about somebody who has been erased.
    pub patron_number: Option<String>,
    /// Old and new values, as far as they have not been erased.
    pub changes: Vec<ChangedField>,
}

/// A field that changed.
pub struct ChangedField {
    /// The field.
    pub field: String,
    /// Its value before; empty for none and for a secret.
    pub old: Option<String>,
    /// Its value since.
    pub new: Option<String>,
}

impl StaffView for ListAuditEvents {
    const RPC: StaffRpc = StaffRpc::ListAuditEvents;
    type Answer = Paged<AuditEvent, Uuid>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        self.check_range()?;
        let mut found = audit::Entity::find();
        match &self.patron_number {
            Some(number) => {
                let patron = desk.patron(number).await?;
                found = found.filter(audit::Column::Subject.eq(patron.pseudonym));
                desk.viewed(&patron);
            }
            None if self.purpose == Some(Purpose::SubjectAccess) => {
                let rule = "the patron who asks for their data".to_owned();
                return Err(RegisterError::FieldInvalid { field: "patron_number", rule });
            }
            None => desk.changed(self.described(), Vec::new()),
        }
        if let Some(user_name) = &self.user_name {
            let account = staff_accounts::Entity::find()
                .filter(staff_accounts::Column::UserName.eq(user_name))
                .one(desk.transaction)
                .await
                .map_err(StoreError::from)?
                .ok_or(RegisterError::NotFound { what: "staff account" })?;
            found = found.filter(audit::Column::StaffAccountId.eq(account.id));
        }
        // Ids begin with their time, and the index of ids is the one that is there.
        if let Some(from) = self.from {
            found =
                found.filter(audit::Column::Id.gte(first_id_at(from))).filter(audit::Column::At.gte(from));
        }
        if let Some(until) = self.until {
            let end = first_id_at(until + TimeDelta::milliseconds(1));
            found = found.filter(audit::Column::Id.lt(end)).filter(audit::Column::At.lt(until));
        }
        if let Some(action) = &self.action {
            found = found.filter(audit::Column::Action.eq(action));
        }
        if let Some(after) = self.page.after {
            found = found.filter(audit::Column::Id.lt(after));
        }
        let rows = found
            .order_by_desc(audit::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |row| row.id);
        let names = Names::load(desk, &page.rows).await?;
        Ok(page.map(|row| names.event(row)))
    }
}

impl ListAuditEvents {
    fn check_range(&self) -> Result<(), RegisterError> {
        let invalid = |field, rule: &str| Err(RegisterError::FieldInvalid { field, rule: rule.to_owned() });
        if self.from.is_some_and(|from| self.until.is_some_and(|until| until <= from)) {
            return invalid("until_time", "later than from_time");
        }
        if self.patron_number.is_some() || self.user_name.is_some() {
            return Ok(());
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if until - from <= RANGE_MAX => Ok(()),
            _ => invalid("from_time", "at most 31 days before until_time, or else a patron or an account"),
        }
    }

    /// What was asked for, for the trail.
    fn described(&self) -> String {
        let mut text = "audit events".to_owned();
        let parts = [
            ("of account", self.user_name.clone()),
            ("of action", self.action.clone()),
            ("from", self.from.map(|at| at.to_rfc3339())),
            ("until", self.until.map(|at| at.to_rfc3339())),
        ];
        for (word, value) in parts.into_iter().filter_map(|(word, value)| Some((word, value?))) {
            text.push_str(&format!(" {word} {value}"));
        }
        text
    }
}

/// The names behind the keys of a page.
struct Names {
    accounts: HashMap<i64, String>,
    devices: HashMap<i64, String>,
    patrons: HashMap<Uuid, String>,
    branches: HashMap<i64, String>,
    changes: HashMap<Uuid, Vec<audit_values::Model>>,
}

impl Names {
    async fn load(desk: &StaffDesk<'_>, rows: &[audit::Model]) -> Result<Self, RegisterError> {
        let transaction = desk.transaction;
        let accounts = staff_accounts::Entity::find()
            .filter(staff_accounts::Column::Id.is_in(rows.iter().filter_map(|row| row.staff_account_id)))
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let devices = devices::Entity::find()
            .filter(devices::Column::Id.is_in(rows.iter().filter_map(|row| row.device_id)))
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let patrons = patrons::Entity::find()
            .filter(patrons::Column::Pseudonym.is_in(rows.iter().filter_map(|row| row.subject)))
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let values = audit_values::Entity::find()
            .filter(audit_values::Column::AuditId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(audit_values::Column::Position)
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        let mut changes: HashMap<Uuid, Vec<_>> = HashMap::new();
        for value in values {
            changes.entry(value.audit_id).or_default().push(value);
        }
        let rulebook = desk.rulebook().await?;
        let branches = rows.iter().filter_map(|row| row.branch_id);
        Ok(Self {
            accounts: accounts.into_iter().map(|account| (account.id, account.user_name)).collect(),
            devices: devices.into_iter().map(|device| (device.id, device.name)).collect(),
            patrons: patrons.into_iter().map(|patron| (patron.pseudonym, patron.number)).collect(),
            branches: branches.map(|id| (id, rulebook.branch_code(id).to_owned())).collect(),
            changes,
        })
    }

    fn event(&self, row: audit::Model) -> AuditEvent {
        let changes = self.changes.get(&row.id).into_iter().flatten();
        AuditEvent {
            user_name: row.staff_account_id.and_then(|id| self.accounts.get(&id).cloned()),
            device: row.device_id.and_then(|id| self.devices.get(&id).cloned()),
            branch: row.branch_id.and_then(|id| self.branches.get(&id).cloned()).unwrap_or_default(),
            patron_number: row.subject.and_then(|subject| self.patrons.get(&subject).cloned()),
            changes: changes
                .map(|value| ChangedField {
                    field: value.field.clone(),
                    old: value.old_value.clone(),
                    new: value.new_value.clone(),
                })
                .collect(),
            row,
        }
    }
}
