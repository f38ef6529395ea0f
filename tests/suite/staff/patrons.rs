//! `PatronService` of staff: what it keeps, what it refuses, and what devices then answer.

mod categories;
mod contacts;
pub(super) mod good;
mod identity;
mod plans;
mod protection;
mod records;
mod search;
mod services;

use crate::coverage::rpc::{fault, reason};
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{self as wire, patron_service_client::PatronServiceClient},
};
use kortisto_domain::{Purpose, StaffRole};
use kortisto_store::entities::{audit, audit_values};
use kortisto_testkit::{
    Engine, TestRegister,
    register::{Bearer, Staff, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use tonic::{Response, Status, service::interceptor::InterceptedService, transport::Channel};

type Client = PatronServiceClient<InterceptedService<Channel, Bearer>>;

/// A register with somebody at a desk.
struct Library {
    t: TestRegister,
    staff: Staff,
}

impl Library {
    async fn open(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        Self { t, staff }
    }

    fn client(&self) -> Client {
        PatronServiceClient::new(self.staff.channel())
    }

    /// The record as the desk sees it.
    async fn record(&self, number: &str) -> wire::Patron {
        self.record_for(&self.staff, number, Purpose::CustomerService).await
    }

    async fn record_for(&self, staff: &Staff, number: &str, purpose: Purpose) -> wire::Patron {
        let ask = wire::GetPatronRequest { number: number.to_owned(), purpose: purpose.code().into() };
        let mut client = PatronServiceClient::new(staff.channel());
        client.get_patron(ask).await.unwrap().into_inner().patron.unwrap()
    }

    async fn create(&self, details: wire::PatronDetails) -> Result<wire::CreatePatronResponse, Status> {
        let ask = wire::CreatePatronRequest { request_id: new_id(), details: Some(details) };
        self.client().create_patron(ask).await.map(Response::into_inner)
    }

    /// Changes what is set, whatever the version.
    async fn update(&self, number: &str, details: wire::PatronDetails) -> Result<String, Status> {
        let etag = self.record(number).await.etag;
        let ask = wire::UpdatePatronRequest {
            request_id: new_id(),
            number: number.to_owned(),
            etag,
            details: Some(details),
        };
        self.client().update_patron(ask).await.map(|answer| answer.into_inner().etag)
    }

    /// The rows of the trail about a patron, oldest first, with the fields that changed.
    async fn trail(&self, patron: &TestPatron) -> Vec<(audit::Model, Vec<audit_values::Model>)> {
        let rows = audit::Entity::find()
            .filter(audit::Column::Subject.eq(patron.pseudonym))
            .order_by_asc(audit::Column::Id)
            .all(self.t.store.writer())
            .await
            .unwrap();
        let mut trail = Vec::new();
        for row in rows {
            let values = audit_values::Entity::find()
                .filter(audit_values::Column::AuditId.eq(row.id))
                .order_by_asc(audit_values::Column::Position)
                .all(self.t.store.writer())
                .await
                .unwrap();
            trail.push((row, values));
        }
        trail
    }

    /// What the one row of this action about the patron says that changed: field, old value, new value.
    async fn changed(
        &self,
        patron: &TestPatron,
        action: &str,
    ) -> Vec<(String, Option<String>, Option<String>)> {
        let mut trail = self.trail(patron).await;
        trail.retain(|(row, _)| row.action == action);
        assert_eq!(trail.len(), 1, "{action}");
        let (_, values) = trail.pop().unwrap();
        values.into_iter().map(|value| (value.field, value.old_value, value.new_value)).collect()
    }
}

/// The field that an INVALID_ARGUMENT names.
fn field(status: &Status) -> String {
    let (reason, metadata) = fault(status);
    assert_eq!(reason, ErrorReason::FieldInvalid, "{status:?}");
    metadata["field"].clone()
}

fn assert_reason<T: std::fmt::Debug>(answer: Result<T, Status>, expected: ErrorReason) {
    assert_eq!(reason(&answer.unwrap_err()), expected);
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}
