//! The groups of columns that circulation and doors share: device, session, card and patron.

use super::{
    cursor::Cursor,
    dialect::{inner_list, list},
};
use crate::{Engine, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    DeviceKind, DeviceState,
    codes::UnknownCode,
    facts::{Ban, Card, MaterialCount, Patron, SelfServiceRight, Ward},
};
use uuid::Uuid;

/// Joins the device by the fingerprint of its certificate.
pub const DEVICE_JOIN: &str = "left join device_certificates dc on dc.fingerprint = k.fingerprint \
     left join devices d on d.id = dc.device_id ";

/// Columns of [`Device`], after [`DEVICE_JOIN`].
pub const DEVICE_COLUMNS: &str = "d.id, d.kind, d.state, d.branch_id, d.last_seen_at, \
     dc.expires_at, dc.dropped_at, dc.first_used_at";

/// A device as it stands at this moment.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its key.
    pub id: i64,
    /// What it is.
    pub kind: DeviceKind,
    /// Whether it may ask.
    pub state: DeviceState,
    /// Where it stands; never taken from a request.
    pub branch_id: i64,
    /// When it last asked, to the minute.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// End of the certificate that it presented.
    pub certificate_expires_at: DateTime<Utc>,
    /// When that certificate was dropped for a newer one or revoked.
    pub certificate_dropped_at: Option<DateTime<Utc>>,
    /// When that certificate was first used.
    pub certificate_first_used_at: Option<DateTime<Utc>>,
}

impl Device {
    /// Reads [`DEVICE_COLUMNS`].
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, StoreError> {
        let Some(id) = cursor.get::<Option<i64>>()? else {
            cursor.skip(7);
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            kind: cursor.code()?,
            state: cursor.code()?,
            branch_id: cursor.get()?,
            last_seen_at: cursor.get()?,
            certificate_expires_at: cursor.get()?,
            certificate_dropped_at: cursor.get()?,
            certificate_first_used_at: cursor.get()?,
        }))
    }
}

/// A card and its patron as they stand at this moment.
#[derive(Debug, Clone)]
pub struct Party {
    /// Key of the card.
    pub card_id: i64,
    /// Key of the patron.
    pub patron_id: i64,
    /// The card, for the rules.
    pub card: Card,
    /// The patron, for the rules.
    pub patron: Patron,
    /// The name of the patron in the audit trail; it is erased with the patron.
    pub pseudonym: Uuid,
    /// ISO 639 code.
    pub language: String,
    /// Last day on which the card was used (A46).
    pub last_card_event_on: Option<NaiveDate>,
}

/// Columns of [`Party`], after joins that name the card `c` and the patron `p`; `today` names the local date.
#[must_use]
pub fn party_columns(engine: Engine, today: &str) -> String {
    const BAN: &str = "b.id, b.kind, b.branch_id, b.starts_at, b.ends_at";
    let bans = list(engine, BAN, "from bans b where b.patron_id = p.id and b.lifted_at is null");
    let [debt, oldest_debt, earliest_due] = standing("p.id", today);
    let wards = {
        let bans = inner_list(engine, BAN, "from bans b where b.patron_id = w.id and b.lifted_at is null");
        let [debt, oldest_debt, earliest_due] = standing("w.id", today);
        list(
            engine,
            &format!(
                "w.id, r.kind, r.valid_from, r.valid_until, w.birth_date, {debt}, {oldest_debt}, {earliest_due}, {bans}"
            ),
            "from relations r join patrons w on w.id = r.ward_id where r.other_id = p.id and r.ended_at is null",
        )
    };
    let rights = list(
        engine,
        "a.kind, a.branch_id, a.valid_from, a.valid_until",
        "from self_service_rights a where a.patron_id = p.id and a.withdrawn_at is null",
    );
    let loans = list(
        engine,
        "l.material, l.loans",
        "from (select material, count(*) as loans from open_loans where patron_id = p.id group by material) l",
    );
    let switched_off =
        list(engine, "u.service", "from services_in_use u where u.patron_id = p.id and not u.enabled");
    format!(
        "c.id, c.patron_id, c.state, c.valid_from, c.valid_until, p.state, p.category, p.birth_date, \
         p.valid_until, {debt}, {oldest_debt}, {earliest_due}, {bans}, {rights}, {loans}, {switched_off}, {wards}, \
         p.pseudonym, p.service_language, p.last_card_event_on"
    )
}

/// What somebody owes on the day `today` and since when, and the earliest due date of their loans. A fee from before its
/// day was kept lapses with the job.
fn standing(patron: &str, today: &str) -> [String; 3] {
    let owed = format!(
        "from fees f where f.patron_id = {patron} and f.open_cents > 0 \
         and (f.lapses_on is null or f.lapses_on > {today})"
    );
    [
        format!("(select cast(coalesce(sum(f.open_cents), 0) as bigint) {owed})"),
        format!("(select min(f.created_at) {owed})"),
        format!("(select min(o.due_on) from open_loans o where o.patron_id = {patron})"),
    ]
}

impl Party {
    /// Reads [`party_columns`].
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, StoreError> {
        let Some(card_id) = cursor.get::<Option<i64>>()? else {
            cursor.skip(19);
            return Ok(None);
        };
        let patron_id = cursor.get()?;
        let card = Card { state: cursor.code()?, valid_from: cursor.get()?, valid_until: cursor.get()? };
        let patron = Patron {
            state: cursor.code()?,
            category: cursor.code()?,
            birth_date: cursor.get()?,
            valid_until: cursor.get()?,
            debt_cents: cursor.get()?,
            oldest_debt_at: cursor.get()?,
            earliest_due: cursor.get()?,
            bans: cursor.list::<BanRow>()?.into_iter().map(ban).collect::<Result<_, _>>()?,
            rights: cursor.list::<RightRow>()?.into_iter().map(right).collect::<Result<_, _>>()?,
            open_loans: cursor
                .list::<(String, u32)>()?
                .into_iter()
                .map(|(material, loans)| MaterialCount { material, loans })
                .collect(),
            switched_off: cursor
                .list::<(i16,)>()?
                .into_iter()
                .map(|(service,)| service.try_into())
                .collect::<Result<_, UnknownCode>>()?,
            wards: cursor.list::<WardRow>()?.into_iter().map(ward).collect::<Result<_, _>>()?,
        };
        Ok(Some(Self {
            card_id,
            patron_id,
            card,
            patron,
            pseudonym: cursor.get()?,
            language: cursor.get()?,
            last_card_event_on: cursor.get()?,
        }))
    }
}

type BanRow = (i64, i16, Option<i64>, DateTime<Utc>, Option<DateTime<Utc>>);
type RightRow = (i16, Option<i64>, NaiveDate, Option<NaiveDate>);

/// The ward, the relation's kind and days, the ward's birth date, debt, oldest debt, earliest due date and bans.
type WardRow = (
    i64,
    i16,
    NaiveDate,
    Option<NaiveDate>,
    Option<NaiveDate>,
    i64,
    Option<DateTime<Utc>>,
    Option<NaiveDate>,
    Vec<BanRow>,
);

fn ban((id, kind, branch, starts_at, ends_at): BanRow) -> Result<Ban, StoreError> {
    Ok(Ban { id, kind: kind.try_into()?, branch, starts_at, ends_at })
}

fn ward(row: WardRow) -> Result<Ward, StoreError> {
    let (patron, kind, valid_from, valid_until, birth_date, debt_cents, oldest_debt_at, earliest_due, bans) =
        row;
    Ok(Ward {
        patron,
        relation: kind.try_into()?,
        valid_from,
        valid_until,
        birth_date,
        debt_cents,
        oldest_debt_at,
        earliest_due,
        bans: bans.into_iter().map(ban).collect::<Result<_, _>>()?,
    })
}

fn right((kind, branch, valid_from, valid_until): RightRow) -> Result<SelfServiceRight, StoreError> {
    Ok(SelfServiceRight { kind: kind.try_into()?, branch, valid_from, valid_until })
}
