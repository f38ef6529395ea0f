//! The rows of a turn's changes, as they go into a parameter.

use crate::queries::dialect::{At, Hex};
use chrono::NaiveDate;
use kortisto_domain::HoldState;
use serde::Serialize;
use uuid::Uuid;

/// One decision, as it is kept (reliability: an audit row exists exactly when its change does).
#[derive(Clone, Serialize)]
pub struct AuditRow {
    /// Its key; the decision id of a door check.
    pub id: Uuid,
    /// When it was decided.
    pub at: At,
    /// What was asked, for example `checkout`.
    pub action: &'static str,
    /// The verdict.
    pub granted: bool,
    /// The reasons of a refusal, as JSON list of their names.
    pub reasons: String,
    /// Who asked: `device`, `operator` or `job`.
    pub actor: &'static str,
    /// Which device.
    pub device_id: Option<i64>,
    /// Where.
    pub branch_id: Option<i64>,
    /// About whom, as pseudonym.
    pub subject: Option<Uuid>,
    /// About which item.
    pub item_id: Option<i64>,
    /// About which loan.
    pub loan_id: Option<Uuid>,
    /// About which hold.
    pub hold_id: Option<Uuid>,
    /// Under which request id.
    pub request_id: Option<Uuid>,
    /// What is mixed into the hash of item, loan and hold, where there is one of them.
    pub named_salt: Option<Hex>,
}

/// One act of staff, as it is kept.
#[derive(Clone, Serialize)]
pub struct StaffAuditRow {
    /// Its key.
    pub id: Uuid,
    /// When.
    pub at: At,
    /// What was done, for example `staff.get_patron`.
    pub action: String,
    /// Whether it was done, or refused.
    pub granted: bool,
    /// Why it was refused, as JSON list of names.
    pub reasons: String,
    /// Who did it: `staff` or `operator`.
    pub actor: &'static str,
    /// At which desk.
    pub device_id: Option<i64>,
    /// Where.
    pub branch_id: Option<i64>,
    /// About whom, as pseudonym.
    pub subject: Option<Uuid>,
    /// About which item.
    pub item_id: Option<i64>,
    /// About which loan.
    pub loan_id: Option<Uuid>,
    /// About which hold.
    pub hold_id: Option<Uuid>,
    /// What is mixed into the hash of item, loan and hold, where there is one of them.
    pub named_salt: Option<Hex>,
    /// Under which request id.
    pub request_id: Option<Uuid>,
    /// With which account.
    pub staff_account_id: Option<i64>,
    /// In which session.
    pub staff_session_id: Option<Uuid>,
    /// Why.
    pub purpose: Option<i16>,
    /// What the trail shows apart.
    pub detail: Option<String>,
    /// The hash over its values, if it has some.
    pub values_hash: Option<Hex>,
}

/// The old and the new value of one field that an act of staff changed. Personal data: it has no `Debug`.
#[derive(Clone, Serialize)]
pub struct AuditValueRow {
    /// Key of the act.
    pub audit_id: Uuid,
    /// Its place among the values of the act, from 0 on.
    pub position: i16,
    /// Which field.
    pub field: &'static str,
    /// Its value before.
    pub old_value: Option<String>,
    /// Its value after.
    pub new_value: Option<String>,
    /// What keeps a hash from telling the values.
    pub salt: Hex,
}

/// The answer to a request id.
#[derive(Clone, Serialize)]
pub struct RememberedRow {
    /// Which device asked.
    pub device_id: i64,
    /// Its request id.
    pub request_id: Uuid,
    /// Keyed hash of what it asked.
    pub request_hash: Hex,
    /// The answer, as the register writes it.
    pub answer: String,
    /// When.
    pub at: At,
}

/// A loan to open.
#[derive(Clone, Serialize)]
pub struct NewLoanRow {
    /// Its item.
    pub item_id: i64,
    /// Its key.
    pub id: Uuid,
    /// Who borrows.
    pub patron_id: i64,
    /// With which card.
    pub card_id: i64,
    /// Where.
    pub branch_id: i64,
    /// At which device.
    pub device_id: i64,
    /// Material, for the limits.
    pub material: String,
    /// When.
    pub lent_at: At,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The moment from which it is late.
    pub due_at: At,
    /// The state of the item before.
    pub was_item_state: i16,
    /// Where the item was.
    pub was_at_branch_id: i64,
    /// The hold that the loan fulfils.
    pub was_hold_id: Option<Uuid>,
}

/// A loan to move to the history.
#[derive(Clone, Serialize)]
pub struct ClosedLoanRow {
    /// Its item.
    pub item_id: i64,
    /// Its key.
    pub id: Uuid,
    /// When.
    pub returned_at: At,
    /// Where.
    pub branch_id: i64,
    /// At which device.
    pub device_id: i64,
}

/// A loan that lasts until another day after the turn.
#[derive(Clone, Serialize)]
pub struct RenewedLoanRow {
    /// Its item.
    pub item_id: i64,
    /// Its key.
    pub id: Uuid,
    /// At which device.
    pub device_id: i64,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The moment from which it is late.
    pub due_at: At,
    /// How often it has been renewed.
    pub renewals: i16,
    /// When; none where the first renewal is undone.
    pub renewed_at: Option<At>,
    /// The last day before; none where a renewal is undone.
    pub was_due_on: Option<NaiveDate>,
    /// The moment from which it was late.
    pub was_due_at: Option<At>,
    /// The device at which it had been lent or renewed; none where a renewal is undone.
    pub was_device_id: Option<i64>,
    /// How often it has been renewed, with the renewals that were undone.
    pub renewals_made: i16,
}

/// A loan that never was: a check-out undone.
#[derive(Clone, Serialize)]
pub struct UndoneLoanRow {
    /// Its item.
    pub item_id: i64,
    /// Its key.
    pub id: Uuid,
}

/// What happened to a patron in a calendar year (A75), added to what happened before.
#[derive(Clone, Copy, Default, Serialize)]
pub struct YearRow {
    /// Which patron.
    pub patron_id: i64,
    /// The year.
    pub year: i16,
    /// Loans more, or less where one is undone.
    pub loans: i32,
    /// Holds more.
    pub holds: i32,
    /// Holds more that were not picked up.
    pub uncollected_holds: i32,
}

/// A fee that came about, with its whole amount open.
#[derive(Clone, Serialize)]
pub struct NewFeeRow {
    /// Its key.
    pub id: Uuid,
    /// Who owes it.
    pub patron_id: i64,
    /// The municipality to which it is owed, as three digits.
    pub municipality: String,
    /// What it is for, as a word.
    pub kind: &'static str,
    /// How much, in cents; more than 0.
    pub amount_cents: i64,
    /// When.
    pub at: At,
    /// The loan that it is for.
    pub loan_id: Option<Uuid>,
    /// Which of its kind it is for this loan, from 0 on: the loan's renewals, or the number of a reminder.
    pub step: i16,
    /// The item that it is for.
    pub item_id: Option<i64>,
    /// The hold that it is for.
    pub hold_id: Option<Uuid>,
    /// The card that it is for.
    pub card_id: Option<i64>,
    /// The policy key by which it was charged.
    pub rule: Option<&'static str>,
    /// The law by which it lapses.
    pub law: i16,
    /// The first day on which it has lapsed.
    pub lapses_on: NaiveDate,
    /// What a desk wrote about it.
    pub note: Option<String>,
}

/// A line of a notice that is to be delivered. The notice itself comes about with its first line.
#[derive(Clone, Serialize)]
pub struct NoticeLineRow {
    /// The key of the notice.
    pub notice_id: Uuid,
    /// Whom it is about.
    pub patron_id: i64,
    /// What it is.
    pub kind: i16,
    /// Which reminder it is, from 1 on; 0 where there is only one.
    pub step: i16,
    /// When it came about.
    pub at: At,
    /// Its place in the notice, from 0 on.
    pub position: i16,
    /// What it is about, in one word that no other line has: a repeated cause writes nothing.
    pub cause: String,
    /// The item.
    pub item_id: Option<i64>,
    /// The loan.
    pub loan_id: Option<Uuid>,
    /// The due date of the loan that it is about.
    pub due_on: Option<NaiveDate>,
    /// The hold.
    pub hold_id: Option<Uuid>,
}

/// An entry of the ledger of a fee.
#[derive(Clone, Serialize)]
pub struct FeeEntryRow {
    /// Its key.
    pub id: Uuid,
    /// Its fee.
    pub fee_id: Uuid,
    /// What it is.
    pub kind: i16,
    /// What is owed more, or less where it is negative, in cents.
    pub cents: i64,
    /// When.
    pub at: At,
    /// Who wrote it down.
    pub recorded_by: String,
    /// The payment that it is part of.
    pub payment_id: Option<Uuid>,
    /// Why.
    pub grounds: Option<String>,
    /// By which the operator knows the refund; on the first entry of a refund.
    pub refund_order_id: Option<String>,
}

/// What the entries of a turn add to what is open of a fee.
#[derive(Clone, Serialize)]
pub(super) struct FeeBalanceRow {
    pub(super) id: Uuid,
    pub(super) cents: i64,
}

/// An item as it stands after the turn.
#[derive(Clone, Serialize)]
pub struct ItemRow {
    /// Its key.
    pub id: i64,
    /// Its state.
    pub state: i16,
    /// Where it is.
    pub at_branch_id: i64,
    /// The hold that keeps it.
    pub kept_for_hold_id: Option<Uuid>,
}

/// The same with the moment of the turn: since then it has its state, where that is another one now.
#[derive(Clone, Serialize)]
pub(super) struct SettledItemRow {
    #[serde(flatten)]
    pub(super) item: ItemRow,
    pub(super) at: At,
}

/// A hold as it stands after the turn.
#[derive(Clone, Serialize)]
pub struct HoldRow {
    /// Its key.
    pub id: Uuid,
    /// Its state.
    pub state: i16,
    /// The item kept for it.
    pub kept_item_id: Option<i64>,
    /// Since when it is ready.
    pub ready_at: Option<At>,
    /// Its last day on the shelf.
    pub pickup_until: Option<NaiveDate>,
    /// Its number on the shelf.
    pub pickup_number: Option<String>,
    /// Whether its item lies where a locker has put it, or would again if the loan were undone.
    pub stays_in_compartment: bool,
    /// When this came about.
    pub at: At,
}

impl HoldRow {
    /// A hold in this state, for which no item is kept. Its day and number on the shelf stay as they are.
    #[must_use]
    pub const fn new(id: Uuid, state: HoldState, at: At) -> Self {
        Self {
            id,
            state: state.code(),
            kept_item_id: None,
            ready_at: None,
            pickup_until: None,
            pickup_number: None,
            stays_in_compartment: false,
            at,
        }
    }
}

/// A session to open.
#[derive(Clone, Serialize)]
pub struct SessionRow {
    /// Its key.
    pub id: Uuid,
    /// SHA-256 of its token.
    pub token_hash: Hex,
    /// Who.
    pub patron_id: i64,
    /// With which card.
    pub card_id: i64,
    /// At which device.
    pub device_id: i64,
    /// From when.
    pub started_at: At,
    /// Until when.
    pub expires_at: At,
    /// Ended within the turn that opened it.
    pub ended_at: Option<At>,
    /// Who opens it for the patron, a ward; none where the patron does.
    pub guardian_id: Option<i64>,
}

/// A session to end.
#[derive(Clone, Serialize)]
pub struct SessionEndRow {
    /// Its key.
    pub id: Uuid,
    /// When.
    pub ended_at: At,
}

/// The PIN of a card as it stands after the turn.
#[derive(Clone, Serialize)]
pub struct PinStateRow {
    /// Which card.
    pub card_id: i64,
    /// Failures in a row.
    pub failures: i16,
    /// No attempt before this instant.
    pub locked_until: Option<At>,
    /// When it was switched off.
    pub disabled_at: Option<At>,
    /// Fingerprint of the last wrong PIN.
    pub last_wrong: Option<Hex>,
    /// Scheme of the hash.
    pub scheme: i16,
    /// Key of the hash.
    pub key_id: i16,
    /// The hash.
    pub hash: Hex,
    /// When the patron chose it, if in this turn.
    pub set_at: Option<At>,
}

/// The password of a card as it stands after the turn.
#[derive(Clone, Serialize)]
pub struct WebPasswordRow {
    /// Which card.
    pub card_id: i64,
    /// Scheme of the hash.
    pub scheme: i16,
    /// Key of the hash.
    pub key_id: i16,
    /// The hash.
    pub hash: Hex,
    /// When the patron chose it, or this turn where there was none.
    pub set_at: At,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum AttemptOutcome {
    /// Counted, being verified. Counts as a failure until it is settled, so that a crash loses none.
    Pending = 1,
    /// The right PIN.
    Right = 2,
    /// A wrong PIN, an unknown card or a locked one.
    Wrong = 3,
    /// The wrong PIN of the attempt before, typed again: counted once.
    Repeated = 4,
}

/// One attempt.
#[derive(Clone, Serialize)]
pub struct AttemptRow {
    /// At which device.
    pub device_id: i64,
    /// Its id.
    pub attempt_id: Uuid,
    /// Keyed hash of the card number.
    pub card_key: Hex,
    /// Keyed hash of card and PIN.
    pub request_hash: Hex,
    /// When.
    pub at: At,
    /// Its [`AttemptOutcome`].
    pub outcome: i16,
}

/// A card at a device.
#[derive(Clone, Serialize)]
pub struct KnownDeviceRow {
    /// Which card.
    pub card_id: i64,
    /// Which device.
    pub device_id: i64,
    /// The last right PIN.
    pub last_success_at: At,
    /// Own attempts left while the card is locked from elsewhere.
    pub tries_left: i16,
}

/// A certificate used for the first time.
#[derive(Clone, Serialize)]
pub struct CertificateRow {
    /// Its fingerprint.
    pub fingerprint: Hex,
    /// Its device.
    pub device_id: i64,
    /// When.
    pub at: At,
}

/// A row that is only named.
#[derive(Clone, Serialize)]
pub(super) struct Named {
    pub(super) id: i64,
    pub(super) at: At,
    pub(super) on_date: NaiveDate,
}
