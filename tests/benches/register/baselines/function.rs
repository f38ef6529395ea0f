//! A check-out that is one call of `bench_checkout`, the function of PostgreSQL's floor.

use super::{Lends, failed, fingerprint};
use kortisto::{
    common::v1::Verdict,
    device::v1::{CheckoutRequest, CheckoutResponse},
};
use kortisto_store::{Store, entities::device_certificates};
use kortisto_vault::token_hash;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, Statement};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

/// An answer as long as the one that the register keeps.
pub(crate) const ANSWER: &str = r#"{"Loan":{"decision":{"verdict":"Granted","reasons":[]},"language":"fi","loan":{"id":"0190c1f2-7b3a-7cde-8f01-23456789abcd","barcode":"B000000001","label":"Kirjailija, Aino: Teoksen nimi ja alanimeke","due_on":"2026-12-20","lent_at":"2026-11-22T17:00:00.123456Z"}}}"#;

/// The service.
pub(super) struct ByFunction {
    pub(super) store: Store,
}

/// Devices by fingerprint, so that a check-out is one round trip.
static DEVICES: Mutex<Option<HashMap<Vec<u8>, i64>>> = Mutex::new(None);

impl ByFunction {
    async fn device(&self, fingerprint: Vec<u8>) -> Result<i64, Status> {
        let known = |found: &HashMap<Vec<u8>, i64>| found.get(&fingerprint).copied();
        if let Some(id) = DEVICES.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(known) {
            return Ok(id);
        }
        let row =
            device_certificates::Entity::find_by_id(fingerprint.clone()).one(self.store.readers()).await;
        let id = row.map_err(failed)?.ok_or_else(|| Status::unauthenticated("no such device"))?.device_id;
        let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
        devices.get_or_insert_default().insert(fingerprint, id);
        Ok(id)
    }
}

#[async_trait]
impl Lends for ByFunction {
    async fn checkout(
        &self,
        request: Request<CheckoutRequest>,
    ) -> Result<Response<CheckoutResponse>, Status> {
        let device = self.device(fingerprint(&request)?).await?;
        let message = request.into_inner();
        let token =
            token_hash(&message.patron_token).ok_or_else(|| Status::invalid_argument("patron_token"))?;
        let request_id = Uuid::try_parse(&message.request_id).map_err(failed)?;
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "select bench_checkout($1, $2, $3, $4, $5)",
            [
                device.into(),
                token.to_vec().into(),
                message.item_barcode.into(),
                request_id.into(),
                ANSWER.into(),
            ],
        );
        let row = self.store.writer().query_one_raw(statement).await.map_err(failed)?;
        let loan: Option<Uuid> = row.and_then(|row| row.try_get_by_index(0).ok()).flatten();
        let verdict = if loan.is_some() { Verdict::Granted } else { Verdict::Denied };
        Ok(Response::new(CheckoutResponse { verdict: verdict.into(), ..CheckoutResponse::default() }))
    }
}
