//! Recomputes the chain from its first row and names the first number that is not right.

use super::{
    canonical::{BEGINNING, link},
    head::{Head, heads},
    seal::{SEAL_MARGIN, unsealed},
    values::values_hash,
};
use chrono::{DateTime, Utc};
use kortisto_store::{
    StoreError,
    entities::{audit, audit_seals, audit_values},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};
use uuid::Uuid;

/// Seals read at a time.
const PAGE_SEALS: u64 = 1_000;

/// What is wrong at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// The seal is not there, but later ones are.
    SealMissing,
    /// The row that was sealed is not there any more.
    RowMissing,
    /// The row, its place or its seal is not what it was when it was sealed.
    RowChanged,
    /// The row says one thing and its old and new values another. All of them gone is an erasure and no fault.
    ValuesChanged,
    /// A head with this number was not signed by this register.
    HeadForged,
    /// The chain is whole in itself but not the one that was signed: it was written anew somewhere after `after`.
    Rewritten {
        /// The newest signed number before this one that is right; 0 where there is none.
        after: i64,
    },
    /// The chain ends here, but a later number was signed.
    CutOff {
        /// The newest number that was signed.
        signed: i64,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SealMissing => f.write_str("its seal is missing"),
            Self::RowMissing => f.write_str("the row was deleted"),
            Self::RowChanged => f.write_str("the row, its place or its seal was changed"),
            Self::ValuesChanged => f.write_str("the old and new values are not those of the row"),
            Self::HeadForged => f.write_str("the head was not signed by this register"),
            Self::Rewritten { after } => {
                write!(f, "the signed head is another: the chain was written anew after {after}")
            }
            Self::CutOff { signed } => {
                write!(f, "the chain ends before it, but {signed} has been signed")
            }
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainReport {
    /// The first number that is not right, and what is wrong there; none when the chain is whole.
    pub fault: Option<(i64, ChainFault)>,
    /// Rows that were found right.
    pub rows: i64,
    /// Heads that were found right.
    pub heads: usize,
    /// Rows whose values have been erased.
    pub erased: usize,
    /// Rows of which it is forgotten what item, loan or hold they name.
    pub forgotten: usize,
    /// Rows without a seal yet; more than some seconds' worth means that no server seals.
    pub unsealed: u64,
    /// The first row that was sealed long after rows younger than it: written late, or slipped in. No fault by
    /// itself; a server that stood still does it too.
    pub late: Option<i64>,
}

/// Checks the whole chain, against the heads in the database and those that were kept elsewhere.
///
/// # Errors
/// [`StoreError`] when the database cannot be read.
pub async fn verify(
    connection: &impl ConnectionTrait,
    public_key: &[u8; 32],
    kept: &[Head],
) -> Result<ChainReport, StoreError> {
    let mut signed: BTreeMap<i64, Vec<Head>> = BTreeMap::new();
    for head in heads(connection).await?.into_iter().chain(kept.iter().cloned()) {
        signed.entry(head.number).or_default().push(head);
    }
    let unsealed = unsealed(Uuid::nil(), None).count(connection).await?;
    let mut walk = Walk {
        public_key,
        signed,
        number: 0,
        hash: BEGINNING,
        signed_up_to: 0,
        newest: DateTime::<Utc>::MIN_UTC,
        report: ChainReport { unsealed, ..ChainReport::default() },
    };
    loop {
        let seals = audit_seals::Entity::find()
            .filter(audit_seals::Column::Number.gt(walk.number))
            .order_by_asc(audit_seals::Column::Number)
            .limit(PAGE_SEALS)
            .all(connection)
            .await?;
        if seals.is_empty() {
            break;
        }
        let mut page = Page::load(connection, &seals).await?;
        for seal in seals {
            if let Err(fault) = walk.step(&seal, &mut page) {
                walk.report.fault = Some(fault);
                return Ok(walk.report);
            }
        }
    }
    if let Some((signed, heads)) = walk.signed.last_key_value().filter(|(number, _)| **number > walk.number) {
        // A forged head beyond the end says nothing about the end.
        let fault = if heads.iter().any(|head| head.is_signed_by(public_key)) {
            (walk.number + 1, ChainFault::CutOff { signed: *signed })
        } else {
            (*signed, ChainFault::HeadForged)
        };
        walk.report.fault = Some(fault);
    }
    Ok(walk.report)
}

/// The rows and values of a page of seals.
struct Page {
    rows: HashMap<Uuid, audit::Model>,
    values: HashMap<Uuid, Vec<audit_values::Model>>,
}

impl Page {
    async fn load(
        connection: &impl ConnectionTrait,
        seals: &[audit_seals::Model],
    ) -> Result<Self, StoreError> {
        let ids: Vec<Uuid> = seals.iter().map(|seal| seal.audit_id).collect();
        let rows = audit::Entity::find()
            .filter(audit::Column::Id.is_in(ids.iter().copied()))
            .all(connection)
            .await?;
        let found = audit_values::Entity::find()
            .filter(audit_values::Column::AuditId.is_in(ids))
            .order_by_asc(audit_values::Column::Position)
            .all(connection)
            .await?;
        let mut values: HashMap<Uuid, Vec<_>> = HashMap::new();
        for value in found {
            values.entry(value.audit_id).or_default().push(value);
        }
        Ok(Self { rows: rows.into_iter().map(|row| (row.id, row)).collect(), values })
    }
}

/// The place in the chain that the check has come to.
struct Walk<'a> {
    public_key: &'a [u8; 32],
    signed: BTreeMap<i64, Vec<Head>>,
    number: i64,
    hash: [u8; 32],
    signed_up_to: i64,
    /// The time of the youngest row so far.
    newest: DateTime<Utc>,
    report: ChainReport,
}

impl Walk<'_> {
    fn step(&mut self, seal: &audit_seals::Model, page: &mut Page) -> Result<(), (i64, ChainFault)> {
        let number = self.number + 1;
        let fault = |what| Err((number, what));
        if seal.number != number {
            return fault(ChainFault::SealMissing);
        }
        let Some(row) = page.rows.remove(&seal.audit_id) else {
            return fault(ChainFault::RowMissing);
        };
        let hash = link(&self.hash, number, &row);
        if seal.hash != hash {
            return fault(ChainFault::RowChanged);
        }
        match (page.values.remove(&row.id), &row.values_hash) {
            (None, None) => {}
            (None, Some(_)) => self.report.erased += 1,
            (Some(values), Some(kept)) if values_hash(&values).as_slice() == kept.as_slice() => {}
            (Some(_), _) => return fault(ChainFault::ValuesChanged),
        }
        self.report.forgotten += usize::from(row.named_hash.is_some());
        for head in self.signed.get(&number).into_iter().flatten() {
            if !head.is_signed_by(self.public_key) {
                return fault(ChainFault::HeadForged);
            }
            if head.hash != hash {
                return fault(ChainFault::Rewritten { after: self.signed_up_to });
            }
            self.report.heads += 1;
        }
        // Only now: of several heads with one number the first may agree and the next one not.
        if self.signed.contains_key(&number) {
            self.signed_up_to = number;
        }
        if self.newest > row.at && self.newest - row.at > SEAL_MARGIN {
            self.report.late.get_or_insert(number);
        }
        self.newest = self.newest.max(row.at);
        (self.number, self.hash) = (number, hash);
        self.report.rows = number;
        Ok(())
    }
}
