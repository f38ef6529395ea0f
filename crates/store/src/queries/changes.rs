//! What a turn writes: rows collected while it decides, applied with one statement per table; on
//! PostgreSQL all of them in one round trip.

mod apply;
mod rows;
mod sets;

pub use apply::{apply, apply_trail};
pub use rows::{
    AttemptOutcome, AttemptRow, AuditRow, AuditValueRow, CertificateRow, ClosedLoanRow, FeeEntryRow, HoldRow,
    ItemRow, KnownDeviceRow, NewFeeRow, NewLoanRow, NoticeLineRow, PinStateRow, RememberedRow,
    RenewedLoanRow, SessionEndRow, SessionRow, StaffAuditRow, UndoneLoanRow, WebPasswordRow, YearRow,
};

use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// The changes of one turn. A row that changes twice is written once, as it stood last.
#[derive(Default)]
pub struct Changes {
    /// One row for every operation decided.
    pub audit: Vec<AuditRow>,
    /// Answers for replay.
    pub remembered: Vec<RememberedRow>,
    /// Loans opened.
    pub new_loans: Vec<NewLoanRow>,
    /// Loans closed.
    pub closed_loans: Vec<ClosedLoanRow>,
    /// Loans renewed, by item.
    pub renewed_loans: BTreeMap<i64, RenewedLoanRow>,
    /// Check-outs undone.
    pub undone_loans: Vec<UndoneLoanRow>,
    /// Fees that came about, each with its charge.
    pub new_fees: Vec<NewFeeRow>,
    /// Entries of fees, other than their charges.
    pub fee_entries: Vec<FeeEntryRow>,
    /// Notices to deliver, line by line.
    pub notice_lines: Vec<NoticeLineRow>,
    /// What counts for the year, by patron and year.
    pub years: BTreeMap<(i64, i16), YearRow>,
    /// Items, by key.
    pub items: BTreeMap<i64, ItemRow>,
    /// Holds, by key.
    pub holds: BTreeMap<Uuid, HoldRow>,
    /// Sessions opened.
    pub new_sessions: Vec<SessionRow>,
    /// Sessions ended.
    pub ended_sessions: Vec<SessionEndRow>,
    /// PIN states, by card.
    pub pins: BTreeMap<i64, PinStateRow>,
    /// Passwords of the online library, by card.
    pub web_passwords: BTreeMap<i64, WebPasswordRow>,
    /// Patrons of whom every session ends.
    pub signed_out: HashSet<i64>,
    /// Guardians of whom every session for a ward ends; those of whom every session ends are guardians too.
    pub wards_signed_out: HashSet<i64>,
    /// PIN attempts, by device and attempt.
    pub attempts: BTreeMap<(i64, Uuid), AttemptRow>,
    /// Cards at devices, by card and device.
    pub known_devices: BTreeMap<(i64, i64), KnownDeviceRow>,
    /// Devices that asked.
    pub devices_seen: HashSet<i64>,
    /// Devices whose PIN attempts are suspended from now on.
    pub devices_suspended: HashSet<i64>,
    /// Certificates in use for the first time; the older ones of their devices are dropped.
    pub certificates_first_used: BTreeMap<Vec<u8>, CertificateRow>,
    /// Patrons whose card was used for the first time today (A46).
    pub patrons_seen: HashSet<i64>,
}

impl Changes {
    /// What counts for this patron in this year, to be added to.
    pub fn year(&mut self, patron_id: i64, year: i16) -> &mut YearRow {
        self.years.entry((patron_id, year)).or_insert_with(|| YearRow {
            patron_id,
            year,
            ..YearRow::default()
        })
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.audit.is_empty()
            && self.remembered.is_empty()
            && self.new_loans.is_empty()
            && self.closed_loans.is_empty()
            && self.renewed_loans.is_empty()
            && self.undone_loans.is_empty()
            && self.new_fees.is_empty()
            && self.fee_entries.is_empty()
            && self.notice_lines.is_empty()
            && self.years.is_empty()
            && self.items.is_empty()
            && self.holds.is_empty()
            && self.new_sessions.is_empty()
            && self.ended_sessions.is_empty()
            && self.pins.is_empty()
            && self.web_passwords.is_empty()
            && self.signed_out.is_empty()
            && self.wards_signed_out.is_empty()
            && self.attempts.is_empty()
            && self.known_devices.is_empty()
            && self.devices_seen.is_empty()
            && self.devices_suspended.is_empty()
            && self.certificates_first_used.is_empty()
            && self.patrons_seen.is_empty()
    }
}
