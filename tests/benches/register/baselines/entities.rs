//! A check-out as one would write it first: one transaction, one call of sea-orm for each entity.
//!
//! It reads the same facts, decides with the same rules in the shortest form, and writes the same rows.

use super::{Lends, failed, fingerprint, function::ANSWER};
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use kortisto::{
    common::v1::Verdict,
    device::v1::{CheckoutRequest, CheckoutResponse},
};
use kortisto_domain::{CardState, DeviceState, ItemState, PatronState};
use kortisto_register::{Clock as _, Surroundings, SystemClock};
use kortisto_store::{
    Engine, Store, StoreError,
    entities::{
        audit, bans, cards, device_certificates, devices, fees, items, open_loans, patron_sessions, patrons,
        remembered_answers, titles, year_counters,
    },
};
use kortisto_vault::{SystemRandom, token_hash};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(5);
const LOANS_MAX: u64 = 10_000;
const DEBT_CENTS_MAX: i64 = 1_000;

/// The service.
pub(super) struct ByEntities {
    pub(super) store: Store,
}

#[derive(Clone)]
struct Ask {
    fingerprint: Vec<u8>,
    token: Vec<u8>,
    barcode: String,
    request_id: Uuid,
    loan_id: Uuid,
    audit_id: Uuid,
    at: DateTime<Utc>,
}

#[async_trait]
impl Lends for ByEntities {
    async fn checkout(
        &self,
        request: Request<CheckoutRequest>,
    ) -> Result<Response<CheckoutResponse>, Status> {
        let fingerprint = fingerprint(&request)?;
        let message = request.into_inner();
        let surroundings = Surroundings {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            zone: chrono_tz::Europe::Helsinki,
        };
        let at = SystemClock.now();
        let token =
            token_hash(&message.patron_token).ok_or_else(|| Status::invalid_argument("patron_token"))?;
        let ask = Ask {
            fingerprint,
            token: token.to_vec(),
            barcode: message.item_barcode,
            request_id: Uuid::try_parse(&message.request_id).map_err(failed)?,
            loan_id: surroundings.new_id(at),
            audit_id: surroundings.new_id(at),
            at,
        };
        let lent: Result<bool, StoreError> = self
            .store
            .unit_of_work("bench_checkout", Instant::now() + DEADLINE, move |transaction| {
                let ask = ask.clone();
                Box::pin(check_out(transaction, ask))
            })
            .await;
        let verdict = if lent.map_err(failed)? { Verdict::Granted } else { Verdict::Denied };
        Ok(Response::new(CheckoutResponse { verdict: verdict.into(), ..CheckoutResponse::default() }))
    }
}

async fn check_out(t: &DatabaseTransaction, ask: Ask) -> Result<bool, StoreError> {
    let Some(certificate) = device_certificates::Entity::find_by_id(ask.fingerprint).one(t).await? else {
        return Ok(false);
    };
    let Some(device) = devices::Entity::find_by_id(certificate.device_id).one(t).await? else {
        return Ok(false);
    };
    let session = patron_sessions::Entity::find().filter(patron_sessions::Column::TokenHash.eq(ask.token));
    let Some(session) = session.one(t).await? else { return Ok(false) };
    let Some(card) = cards::Entity::find_by_id(session.card_id).one(t).await? else { return Ok(false) };
    let patron = patrons::Entity::find_by_id(card.patron_id);
    let patron = match Engine::of(t) {
        Engine::Postgres => patron.lock_exclusive(),
        Engine::Sqlite => patron,
    };
    let Some(patron) = patron.one(t).await? else { return Ok(false) };
    let known = remembered_answers::Entity::find_by_id((device.id, ask.request_id)).one(t).await?;
    let item = items::Entity::find().filter(items::Column::Barcode.eq(ask.barcode)).one(t).await?;
    let Some(item) = item else { return Ok(false) };
    let Some(title) = titles::Entity::find_by_id(item.title_id).one(t).await? else { return Ok(false) };
    let on_loan = open_loans::Entity::find_by_id(item.id).one(t).await?;
    let loans =
        open_loans::Entity::find().filter(open_loans::Column::PatronId.eq(patron.id)).count(t).await?;
    let bans = bans::Entity::find()
        .filter(bans::Column::PatronId.eq(patron.id))
        .filter(bans::Column::LiftedAt.is_null())
        .all(t)
        .await?;
    let open_fees = fees::Entity::find()
        .filter(fees::Column::PatronId.eq(patron.id))
        .filter(fees::Column::OpenCents.gt(0))
        .all(t)
        .await?;
    let free = known.is_none()
        && device.state == DeviceState::Active.code()
        && session.device_id == device.id
        && session.ended_at.is_none()
        && session.expires_at > ask.at
        && card.state == CardState::Active.code()
        && patron.state == PatronState::Active.code()
        && item.state == ItemState::Available.code()
        && item.kept_for_hold_id.is_none()
        && on_loan.is_none()
        && loans < LOANS_MAX
        && bans.iter().all(|ban| ban.ends_at.is_some_and(|ends| ends <= ask.at))
        && open_fees.iter().map(|fee| fee.open_cents).sum::<i64>() < DEBT_CENTS_MAX;
    if !free {
        return Ok(false);
    }
    open_loans::ActiveModel {
        item_id: Set(item.id),
        id: Set(ask.loan_id),
        patron_id: Set(patron.id),
        card_id: Set(card.id),
        branch_id: Set(device.branch_id),
        device_id: Set(device.id),
        material: Set(title.material),
        lent_at: Set(ask.at),
        due_on: Set((ask.at + TimeDelta::days(28)).date_naive()),
        ..Default::default()
    }
    .insert(t)
    .await?;
    audit::ActiveModel {
        id: Set(ask.audit_id),
        at: Set(ask.at),
        action: Set("checkout".to_owned()),
        granted: Set(true),
        reasons: Set("[]".to_owned()),
        actor: Set("device".to_owned()),
        device_id: Set(Some(device.id)),
        branch_id: Set(Some(device.branch_id)),
        subject: Set(Some(patron.pseudonym)),
        item_id: Set(Some(item.id)),
        loan_id: Set(Some(ask.loan_id)),
        request_id: Set(Some(ask.request_id)),
        named_salt: Set(Some(ask.audit_id.as_bytes().to_vec())),
        ..Default::default()
    }
    .insert(t)
    .await?;
    let year = i16::try_from(ask.at.year()).unwrap_or(i16::MAX);
    match year_counters::Entity::find_by_id((patron.id, year)).one(t).await? {
        Some(counter) => {
            let loans = counter.loans + 1;
            let mut counter = counter.into_active_model();
            counter.loans = Set(loans);
            counter.update(t).await?;
        }
        None => {
            let counter = year_counters::ActiveModel {
                patron_id: Set(patron.id),
                year: Set(year),
                loans: Set(1),
                holds: Set(0),
                uncollected_holds: Set(0),
            };
            counter.insert(t).await?;
        }
    }
    remembered_answers::ActiveModel {
        device_id: Set(device.id),
        request_id: Set(ask.request_id),
        request_hash: Set(vec![7; 32]),
        answer: Set(ANSWER.to_owned()),
        at: Set(ask.at),
    }
    .insert(t)
    .await?;
    Ok(true)
}
