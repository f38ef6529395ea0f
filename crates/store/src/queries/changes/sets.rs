//! The statements that write each kind of row. `{rows}` is the parameter of the set.

use crate::queries::dialect::{Columns, Kind};

/// How one kind of row is written.
pub(super) struct Set {
    pub(super) columns: Columns,
    /// Statements in order; on PostgreSQL each becomes a CTE of the one statement of the turn.
    pub(super) postgres: &'static [(&'static str, &'static str)],
    pub(super) sqlite: &'static [&'static str],
}

macro_rules! both {
    ($name:literal, $sql:literal) => {
        (&[($name, $sql)] as &[(&str, &str)], &[$sql] as &[&str])
    };
}

macro_rules! set {
    ($set:ident, $name:literal, $columns:expr, $sql:literal) => {
        pub(super) const $set: Set = {
            let (postgres, sqlite) = both!($name, $sql);
            Set { columns: $columns, postgres, sqlite }
        };
    };
}

set!(
    AUDIT,
    "w_audit",
    &[
        ("id", Kind::Uuid),
        ("at", Kind::Instant),
        ("action", Kind::Text),
        ("granted", Kind::Bool),
        ("reasons", Kind::Text),
        ("actor", Kind::Text),
        ("device_id", Kind::Int),
        ("branch_id", Kind::Int),
        ("subject", Kind::Uuid),
        ("item_id", Kind::Int),
        ("loan_id", Kind::Uuid),
        ("hold_id", Kind::Uuid),
        ("request_id", Kind::Uuid),
        ("named_salt", Kind::Bytes),
    ],
    "insert into audit (id, at, action, granted, reasons, actor, device_id, branch_id, subject, item_id, \
     loan_id, hold_id, request_id, named_salt) select id, at, action, granted, reasons, actor, device_id, branch_id, \
     subject, item_id, loan_id, hold_id, request_id, named_salt from {rows}"
);

set!(
    STAFF_AUDIT,
    "w_staff_audit",
    &[
        ("id", Kind::Uuid),
        ("at", Kind::Instant),
        ("action", Kind::Text),
        ("granted", Kind::Bool),
        ("reasons", Kind::Text),
        ("actor", Kind::Text),
        ("device_id", Kind::Int),
        ("branch_id", Kind::Int),
        ("subject", Kind::Uuid),
        ("item_id", Kind::Int),
        ("loan_id", Kind::Uuid),
        ("hold_id", Kind::Uuid),
        ("named_salt", Kind::Bytes),
        ("request_id", Kind::Uuid),
        ("staff_account_id", Kind::Int),
        ("staff_session_id", Kind::Uuid),
        ("purpose", Kind::Small),
        ("detail", Kind::Text),
        ("values_hash", Kind::Bytes),
    ],
    "insert into audit (id, at, action, granted, reasons, actor, device_id, branch_id, subject, item_id, loan_id, \
     hold_id, named_salt, request_id, staff_account_id, staff_session_id, purpose, detail, values_hash) select id, at, \
     action, granted, reasons, actor, device_id, branch_id, subject, item_id, loan_id, hold_id, named_salt, \
     request_id, staff_account_id, staff_session_id, purpose, detail, values_hash from {rows}"
);

set!(
    AUDIT_VALUES,
    "w_audit_values",
    &[
        ("audit_id", Kind::Uuid),
        ("position", Kind::Small),
        ("field", Kind::Text),
        ("old_value", Kind::Text),
        ("new_value", Kind::Text),
        ("salt", Kind::Bytes),
    ],
    "insert into audit_values (audit_id, position, field, old_value, new_value, salt) \
     select audit_id, position, field, old_value, new_value, salt from {rows}"
);

set!(
    REMEMBERED,
    "w_remembered",
    &[
        ("device_id", Kind::Int),
        ("request_id", Kind::Uuid),
        ("request_hash", Kind::Bytes),
        ("answer", Kind::Text),
        ("at", Kind::Instant),
    ],
    "insert into remembered_answers (device_id, request_id, request_hash, answer, at) \
     select device_id, request_id, request_hash, answer, at from {rows} order by device_id, request_id"
);

set!(
    NEW_LOANS,
    "w_new_loans",
    &[
        ("item_id", Kind::Int),
        ("id", Kind::Uuid),
        ("patron_id", Kind::Int),
        ("card_id", Kind::Int),
        ("branch_id", Kind::Int),
        ("device_id", Kind::Int),
        ("material", Kind::Text),
        ("lent_at", Kind::Instant),
        ("due_on", Kind::Date),
        ("due_at", Kind::Instant),
        ("was_item_state", Kind::Small),
        ("was_at_branch_id", Kind::Int),
        ("was_hold_id", Kind::Uuid),
    ],
    "insert into open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on, \
     due_at, was_item_state, was_at_branch_id, was_hold_id) \
     select item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on, due_at, \
     was_item_state, was_at_branch_id, was_hold_id from {rows} order by item_id"
);

pub(super) const CLOSED_LOANS: Set = Set {
    columns: &[
        ("item_id", Kind::Int),
        ("id", Kind::Uuid),
        ("returned_at", Kind::Instant),
        ("branch_id", Kind::Int),
        ("device_id", Kind::Int),
    ],
    postgres: &[
        (
            "w_closed_loans",
            "delete from open_loans o using {rows} where o.item_id = k.item_id and o.id = k.id \
             returning o.*, k.returned_at, k.branch_id as returned_branch_id, k.device_id as returned_device_id",
        ),
        (
            "w_loan_history",
            "insert into loan_history (id, item_id, patron_id, card_id, branch_id, device_id, material, lent_at, \
             due_on, returned_at, returned_branch_id, returned_device_id, renewals) select id, item_id, patron_id, \
             card_id, branch_id, device_id, material, lent_at, due_on, returned_at, returned_branch_id, \
             returned_device_id, renewals from w_closed_loans",
        ),
    ],
    sqlite: &[
        "insert into loan_history (id, item_id, patron_id, card_id, branch_id, device_id, material, lent_at, \
         due_on, returned_at, returned_branch_id, returned_device_id, renewals) select o.id, o.item_id, \
         o.patron_id, o.card_id, o.branch_id, o.device_id, o.material, o.lent_at, o.due_on, k.returned_at, \
         k.branch_id, k.device_id, o.renewals from {rows} join open_loans o on o.item_id = k.item_id and o.id = k.id",
        "delete from open_loans where item_id in (select k.item_id from {rows})",
    ],
};

set!(
    RENEWED_LOANS,
    "w_renewed_loans",
    &[
        ("item_id", Kind::Int),
        ("id", Kind::Uuid),
        ("device_id", Kind::Int),
        ("due_on", Kind::Date),
        ("due_at", Kind::Instant),
        ("renewals", Kind::Small),
        ("renewed_at", Kind::Instant),
        ("was_due_on", Kind::Date),
        ("was_due_at", Kind::Instant),
        ("was_device_id", Kind::Int),
        ("renewals_made", Kind::Small),
    ],
    // A renewed loan is reminded of anew.
    "update open_loans set device_id = k.device_id, due_on = k.due_on, due_at = k.due_at, renewals = k.renewals, \
     renewed_at = k.renewed_at, was_due_on = k.was_due_on, was_due_at = k.was_due_at, \
     was_device_id = k.was_device_id, renewals_made = k.renewals_made, notices_sent = 0 \
     from {rows} where open_loans.item_id = k.item_id and open_loans.id = k.id"
);

set!(
    UNDONE_LOANS,
    "w_undone_loans",
    &[("item_id", Kind::Int), ("id", Kind::Uuid)],
    "delete from open_loans where item_id in (select k.item_id from {rows})"
);

set!(
    YEARS,
    "w_years",
    &[
        ("patron_id", Kind::Int),
        ("year", Kind::Small),
        ("loans", Kind::Int),
        ("holds", Kind::Int),
        ("uncollected_holds", Kind::Int),
    ],
    "insert into year_counters (patron_id, year, loans, holds, uncollected_holds) \
     select patron_id, year, loans, holds, uncollected_holds from {rows} where true order by patron_id, year \
     on conflict (patron_id, year) do update set loans = year_counters.loans + excluded.loans, \
     holds = year_counters.holds + excluded.holds, \
     uncollected_holds = year_counters.uncollected_holds + excluded.uncollected_holds"
);

const NEW_FEE: Columns = &[
    ("id", Kind::Uuid),
    ("patron_id", Kind::Int),
    ("municipality", Kind::Text),
    ("kind", Kind::Text),
    ("amount_cents", Kind::Int),
    ("at", Kind::Instant),
    ("loan_id", Kind::Uuid),
    ("step", Kind::Small),
    ("item_id", Kind::Int),
    ("hold_id", Kind::Uuid),
    ("card_id", Kind::Int),
    ("rule", Kind::Text),
    ("law", Kind::Small),
    ("lapses_on", Kind::Date),
    ("note", Kind::Text),
];

macro_rules! insert_fees {
    () => {
        "insert into fees (id, patron_id, municipality, kind, amount_cents, open_cents, created_at, loan_id, step, \
         item_id, hold_id, card_id, rule, law, lapses_on, note) select id, patron_id, municipality, kind, amount_cents, \
         amount_cents, at, loan_id, step, item_id, hold_id, card_id, rule, law, lapses_on, note from {rows}"
    };
}

// The charge is the first entry of its fee and has its key, and so a fee has one charge.
macro_rules! insert_charges {
    () => {
        "insert into fee_entries (id, fee_id, kind, cents, at, recorded_by) \
         select id, id, 1, amount_cents, at, 'register' from {rows}"
    };
}

pub(super) const NEW_FEES: Set = Set {
    columns: NEW_FEE,
    postgres: &[("w_new_fees", insert_fees!()), ("w_charges", insert_charges!())],
    sqlite: &[insert_fees!(), insert_charges!()],
};

set!(
    FEE_BALANCES,
    "w_fee_balances",
    &[("id", Kind::Uuid), ("cents", Kind::Int)],
    "update fees set open_cents = fees.open_cents + k.cents from {rows} where fees.id = k.id"
);

set!(
    FEE_ENTRIES,
    "w_fee_entries",
    &[
        ("id", Kind::Uuid),
        ("fee_id", Kind::Uuid),
        ("kind", Kind::Small),
        ("cents", Kind::Int),
        ("at", Kind::Instant),
        ("recorded_by", Kind::Text),
        ("payment_id", Kind::Uuid),
        ("grounds", Kind::Text),
        ("refund_order_id", Kind::Text),
    ],
    "insert into fee_entries (id, fee_id, kind, cents, at, recorded_by, payment_id, grounds, refund_order_id) \
     select id, fee_id, kind, cents, at, recorded_by, payment_id, grounds, refund_order_id from {rows}"
);

set!(
    ITEMS,
    "w_items",
    &[
        ("id", Kind::Int),
        ("state", Kind::Small),
        ("at_branch_id", Kind::Int),
        ("kept_for_hold_id", Kind::Uuid),
        ("at", Kind::Instant),
    ],
    "update items set state = k.state, at_branch_id = k.at_branch_id, kept_for_hold_id = k.kept_for_hold_id, \
     state_since = case when items.state = k.state then items.state_since else k.at end \
     from {rows} where items.id = k.id"
);

set!(
    HOLDS,
    "w_holds",
    &[
        ("id", Kind::Uuid),
        ("state", Kind::Small),
        ("kept_item_id", Kind::Int),
        ("ready_at", Kind::Instant),
        ("pickup_until", Kind::Date),
        ("pickup_number", Kind::Text),
        ("stays_in_compartment", Kind::Bool),
        ("at", Kind::Instant),
    ],
    // Day and number stay where a row brings none: a hold that is taken back has them again.
    "update holds set state = k.state, kept_item_id = k.kept_item_id, ready_at = coalesce(k.ready_at, holds.ready_at), \
     pickup_until = coalesce(k.pickup_until, holds.pickup_until), \
     pickup_number = coalesce(k.pickup_number, holds.pickup_number), reserved_until = null, \
     reserved_device_id = null, compartment = case when k.stays_in_compartment then holds.compartment end, \
     compartment_device_id = case when k.stays_in_compartment then holds.compartment_device_id end, \
     closed_at = case when k.state in (4, 5, 6) then k.at end from {rows} where holds.id = k.id"
);

set!(
    NEW_SESSIONS,
    "w_new_sessions",
    &[
        ("id", Kind::Uuid),
        ("token_hash", Kind::Bytes),
        ("patron_id", Kind::Int),
        ("card_id", Kind::Int),
        ("device_id", Kind::Int),
        ("started_at", Kind::Instant),
        ("expires_at", Kind::Instant),
        ("ended_at", Kind::Instant),
        ("guardian_id", Kind::Int),
    ],
    "insert into patron_sessions (id, token_hash, patron_id, card_id, device_id, started_at, expires_at, ended_at, \
     guardian_id) \
     select id, token_hash, patron_id, card_id, device_id, started_at, expires_at, ended_at, guardian_id from {rows}"
);

set!(
    ENDED_SESSIONS,
    "w_ended_sessions",
    &[("id", Kind::Uuid), ("ended_at", Kind::Instant)],
    "update patron_sessions set ended_at = k.ended_at from {rows} where patron_sessions.id = k.id"
);

set!(
    PINS,
    "w_pins",
    &[
        ("card_id", Kind::Int),
        ("failures", Kind::Small),
        ("locked_until", Kind::Instant),
        ("disabled_at", Kind::Instant),
        ("last_wrong", Kind::Bytes),
        ("scheme", Kind::Small),
        ("key_id", Kind::Small),
        ("hash", Kind::Bytes),
        ("set_at", Kind::Instant),
    ],
    "update pins set failures = k.failures, locked_until = k.locked_until, disabled_at = k.disabled_at, \
     last_wrong = k.last_wrong, scheme = k.scheme, key_id = k.key_id, hash = k.hash, \
     set_at = coalesce(k.set_at, pins.set_at) \
     from {rows} where pins.card_id = k.card_id"
);

set!(
    WEB_PASSWORDS,
    "w_web_passwords",
    &[
        ("card_id", Kind::Int),
        ("scheme", Kind::Small),
        ("key_id", Kind::Small),
        ("hash", Kind::Bytes),
        ("set_at", Kind::Instant),
    ],
    "insert into web_passwords (card_id, scheme, key_id, hash, set_at) \
     select card_id, scheme, key_id, hash, set_at from {rows} where true \
     on conflict (card_id) do update set scheme = excluded.scheme, key_id = excluded.key_id, \
     hash = excluded.hash, set_at = excluded.set_at"
);

// A session that is named and ended in the same turn is one row in two sets, which write the same.
set!(
    SIGNED_OUT,
    "w_signed_out",
    NAMED,
    "update patron_sessions set ended_at = k.at from {rows} \
     where patron_sessions.patron_id = k.id and patron_sessions.ended_at is null"
);

// What a guardian has opened for wards. The same holds for it.
set!(
    WARDS_SIGNED_OUT,
    "w_wards_signed_out",
    NAMED,
    "update patron_sessions set ended_at = k.at from {rows} \
     where patron_sessions.guardian_id = k.id and patron_sessions.ended_at is null"
);

set!(
    ATTEMPTS,
    "w_attempts",
    &[
        ("device_id", Kind::Int),
        ("attempt_id", Kind::Uuid),
        ("card_key", Kind::Bytes),
        ("request_hash", Kind::Bytes),
        ("at", Kind::Instant),
        ("outcome", Kind::Small),
    ],
    "insert into pin_attempts (device_id, attempt_id, card_key, request_hash, at, outcome) \
     select device_id, attempt_id, card_key, request_hash, at, outcome from {rows} where true \
     on conflict (device_id, attempt_id) do update set outcome = excluded.outcome"
);

set!(
    KNOWN_DEVICES,
    "w_known_devices",
    &[
        ("card_id", Kind::Int),
        ("device_id", Kind::Int),
        ("last_success_at", Kind::Instant),
        ("tries_left", Kind::Small),
    ],
    "insert into known_devices (card_id, device_id, last_success_at, tries_left) \
     select card_id, device_id, last_success_at, tries_left from {rows} where true \
     on conflict (card_id, device_id) do update set last_success_at = excluded.last_success_at, \
     tries_left = excluded.tries_left"
);

macro_rules! insert_notices {
    ($where:literal) => {
        concat!(
            "insert into notices (id, patron_id, kind, step, created_at, next_try_at) \
             select distinct notice_id, patron_id, kind, step, at, at from {rows} where ",
            $where
        )
    };
}

macro_rules! insert_notice_lines {
    ($end:literal) => {
        concat!(
            "insert into notice_lines (notice_id, position, cause, item_id, loan_id, due_on, hold_id) \
             select notice_id, position, cause, item_id, loan_id, due_on, hold_id from {rows} where true \
             on conflict (cause) do nothing",
            $end
        )
    };
}

// What was written about before is left out, and a notice of which nothing is left does not come about.
pub(super) const NOTICE_LINES: Set = Set {
    columns: &[
        ("notice_id", Kind::Uuid),
        ("patron_id", Kind::Int),
        ("kind", Kind::Small),
        ("step", Kind::Small),
        ("at", Kind::Instant),
        ("position", Kind::Small),
        ("cause", Kind::Text),
        ("item_id", Kind::Int),
        ("loan_id", Kind::Uuid),
        ("due_on", Kind::Date),
        ("hold_id", Kind::Uuid),
    ],
    postgres: &[
        ("w_notice_lines", insert_notice_lines!(" returning notice_id as written")),
        ("w_notices", insert_notices!("notice_id in (select written from w_notice_lines)")),
    ],
    sqlite: &[
        insert_notices!("cause not in (select l.cause from notice_lines l where l.cause = k.cause)"),
        insert_notice_lines!(""),
    ],
};

const NAMED: Columns = &[("id", Kind::Int), ("at", Kind::Instant), ("on_date", Kind::Date)];

set!(
    DEVICES_SEEN,
    "w_devices_seen",
    NAMED,
    "update devices set last_seen_at = k.at from {rows} where devices.id = k.id"
);

// A device seen and suspended in one turn is one row in two sets; PostgreSQL would apply only one of
// two CTEs that update it, so suspension writes both columns and leaves the row out of the other set.
set!(
    DEVICES_SUSPENDED,
    "w_devices_suspended",
    NAMED,
    "update devices set pin_suspended_at = k.at, last_seen_at = k.at from {rows} where devices.id = k.id"
);

set!(
    PATRONS_SEEN,
    "w_patrons_seen",
    NAMED,
    "update patrons set last_card_event_on = k.on_date from {rows} where patrons.id = k.id"
);

// The older certificates of the device are dropped with the first use of the new one, and one of the same
// instant too: of two that were asked for at once the device has kept one.
set!(
    CERTIFICATES,
    "w_certificates",
    &[("fingerprint", Kind::Bytes), ("device_id", Kind::Int), ("at", Kind::Instant)],
    "update device_certificates set \
     first_used_at = case when device_certificates.fingerprint = k.fingerprint then k.at \
       else device_certificates.first_used_at end, \
     dropped_at = case when device_certificates.fingerprint = k.fingerprint then null else k.at end \
     from {rows} where device_certificates.device_id = k.device_id and device_certificates.dropped_at is null \
     and (device_certificates.fingerprint = k.fingerprint or device_certificates.issued_at <= \
       (select n.issued_at from device_certificates n where n.fingerprint = k.fingerprint))"
);
