//! The rows of a library, made by the database itself.

use super::{
    devices::first_desk,
    names,
    size::{
        CONNECTIONS, DEVICES, ONE_PATRON, QUEUE_LENGTH, QUEUED_TITLES, SESSIONS, SESSIONS_PER_DEVICE,
        STAFF_SESSION, Size, TAG_READY_HOLD,
    },
};
use crate::caller::token_hash_of;
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_testkit::register::Words;

/// An instant before everything.
pub(super) const LONG_AGO: &str = "2026-01-01T00:00:00+00:00";

/// An instant after everything.
const FAR_AHEAD: &str = "2099-01-01T00:00:00+00:00";

/// First bytes of keys, apart from those of ready holds and of restocked loans.
const TAG_PSEUDONYM: u8 = 0x10;
const TAG_PAST_LOAN: u8 = 0x11;
const TAG_PENDING_HOLD: u8 = 0x12;
const TAG_FEE: u8 = 0x13;
const TAG_SESSION: u8 = 0x14;

/// First byte of the keys of loans after restocking `round`.
const fn tag_of_round(round: u8) -> u8 {
    0x40 + round
}

/// Birth dates of the patrons: those of sixty years.
pub(crate) const BIRTH_DATES: u64 = 21_915;

/// Sessions in one statement.
const SESSION_ROWS: u64 = 2048;

/// Everything but devices, sessions and PINs, in the order of the foreign keys.
pub(super) fn all(words: Words, size: &Size, now: DateTime<Utc>) -> Vec<String> {
    let patrons = words.series(1, size.patrons);
    let (number, card) = (words.numbered('P', "n", 8), words.numbered('K', "n", 8));
    let pseudonym = words.key(TAG_PSEUDONYM, "n");
    let (families, given) = (names::families(), names::given());
    // Everybody is grown up.
    let born = words.days_after("1940-01-01", &format!("n % {BIRTH_DATES}"));
    // Ahead of every local date of the run: writing the first use of a day is not part of any measure.
    let seen = (now + TimeDelta::days(1)).date_naive();
    let mut statements = vec![
        "insert into branches (id, code, name, municipality) values \
         (1, 'main', 'Pääkirjasto', '153'), (2, 'east', 'Itäkirjasto', '153')"
            .to_owned(),
        format!(
            "insert into opening_windows (branch_id, weekday, opens_minute, closes_minute, mode, valid_from) \
             select b.id, n, 0, 1440, 2, '2000-01-01' from branches b cross join {}",
            words.series(1, 7)
        ),
        "insert into resources (branch_id, code, kind, asks_pin) values (1, 'door', 1, false), (1, 'pin-door', 1, true)"
            .to_owned(),
        "insert into policies (key, value, valid_from, decision) values ('loan.max_total', '10000', '2000-01-01', 'bench')"
            .to_owned(),
        "update rulebook_version set version = version + 1".to_owned(),
        format!(
            "insert into patrons (id, number, pseudonym, category, state, family_name, given_names, birth_date, \
             service_language, home_branch_id, created_at, changed_at, changed_by, last_card_event_on, search_name) \
             select n, {number}, {pseudonym}, 1, 1, family.shown, given.shown, {born}, 'fi', 1, \
             '{LONG_AGO}', '{LONG_AGO}', 'bench', '{seen}', family.folded || ' ' || given.folded from {patrons} \
             join {} on family.k = n % {} join {} on given.k = (n / 7) % {}",
            words.texts("family", &families),
            families.len(),
            words.texts("given", &given),
            given.len()
        ),
        format!(
            "insert into cards (id, number, patron_id, state, state_since, valid_from, issuing_branch_id) \
             select n, {card}, n, 1, '{LONG_AGO}', '2020-01-01', 1 from {patrons}"
        ),
        format!(
            "insert into self_service_rights (patron_id, kind, valid_from) select n, 1, '2020-01-01' from {patrons}"
        ),
        // Every fiftieth patron has a ban behind, and every tenth a little debt.
        format!(
            "insert into bans (patron_id, kind, starts_at, ends_at, reason, placed_by, placed_at) \
             select n, 1, '{LONG_AGO}', '2026-02-01T00:00:00+00:00', 'bench', 'bench', '{LONG_AGO}' \
             from {patrons} where n % 50 = 0"
        ),
        format!(
            "insert into fees (id, patron_id, municipality, kind, amount_cents, open_cents, created_at, lapses_on) \
             select {}, n, '153', 'overdue', 200, 200, '{LONG_AGO}', '2098-12-31' from {patrons} where n % 10 = 0",
            words.key(TAG_FEE, "n")
        ),
        format!(
            "insert into fee_entries (id, fee_id, kind, cents, at, recorded_by) \
             select id, id, 1, amount_cents, '{LONG_AGO}', 'bench' from fees"
        ),
    ];
    statements.extend(stock(words, size, now));
    statements
}

fn stock(words: Words, size: &Size, now: DateTime<Utc>) -> Vec<String> {
    // Within the days of a trace: else the server's jobs would begin to forget them. Nothing else is due for a job either.
    let returned = now - TimeDelta::days(30);
    let (from, returned, due) = (
        (returned - TimeDelta::days(14)).to_rfc3339(),
        returned.to_rfc3339(),
        (returned + TimeDelta::days(14)).date_naive(),
    );
    let (titles, items) = (size.titles(), size.items());
    let first_kept = size.free_items + size.lent_items + 1;
    let mut statements = vec![
        format!(
            "insert into titles (id, number, label, material, language) \
             select n, {}, 'Kirjailija, Aino: Teoksen nimi ja alanimeke', 'book', 'fi' from {}",
            words.numbered('T', "n", 8),
            words.series(1, titles + QUEUED_TITLES)
        ),
        format!(
            "insert into items (id, barcode, title_id, home_branch_id, collection, state, at_branch_id) \
             select n, {}, 1 + n % {titles}, 1, 'aikuiset', 1, 1 from {}",
            words.numbered('B', "n", 9),
            words.series(1, items)
        ),
        lent(words, size, 0),
        format!(
            "insert into loan_history (id, item_id, patron_id, card_id, branch_id, device_id, material, lent_at, \
             due_on, returned_at, returned_branch_id, returned_device_id) \
             select {}, 1 + n % {items}, 1 + n % {}, 1 + n % {}, 1, 1, 'book', '{from}', \
             '{due}', '{returned}', 1, 1 from {}",
            words.key(TAG_PAST_LOAN, "n"),
            size.patrons,
            size.patrons,
            words.series(1, size.past_loans)
        ),
        format!(
            "insert into holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at) \
             select {}, n, 1 + n % {}, {titles} + 1 + n % {QUEUED_TITLES}, 1, 1, '{LONG_AGO}' from {}",
            words.key(TAG_PENDING_HOLD, "n"),
            size.patrons,
            words.series(1, QUEUED_TITLES * QUEUE_LENGTH)
        ),
    ];
    // Devices come later; loans name them only in their foreign key.
    statements.insert(0, devices_to_come());
    for connections in CONNECTIONS {
        let (before, count) = (size.kept_before(connections), size.kept_at(connections));
        if count == 0 {
            continue;
        }
        // As `session_of_hold` has it.
        let session =
            format!("(n % {connections}) + {DEVICES} * ((n / {connections}) % {SESSIONS_PER_DEVICE})");
        statements.push(format!(
            "insert into holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at, \
             kept_item_id, ready_at, pickup_until, pickup_number) \
             select {}, {before} + n, 1 + ({session}) % {}, 1 + (n + {}) % {titles}, 1, 3, '{LONG_AGO}', n + {}, \
             '{LONG_AGO}', '2098-12-31', 'A001' from {}",
            words.key(TAG_READY_HOLD, &format!("n + {before}")),
            size.patrons,
            before + first_kept,
            before + first_kept,
            words.series(0, count - 1)
        ));
    }
    statements.extend(put_back(words, size));
    statements
}

/// The first device, which the loans of the past name; the others, and its certificate, come with theirs.
fn devices_to_come() -> String {
    format!(
        "insert into devices (id, name, kind, branch_id, state, created_at) \
         values (1, 'device-1', 1, 1, 2, '{LONG_AGO}')"
    )
}

/// The open loans of the items that are to be returned.
pub(super) fn lent(words: Words, size: &Size, round: u8) -> String {
    format!(
        "insert into open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on) \
         select n, {}, 1 + n % {}, 1 + n % {}, 1, 1, 'book', '{LONG_AGO}', '2098-12-31' from {}",
        words.key(tag_of_round(round), "n"),
        size.patrons,
        size.patrons,
        words.series(size.free_items + 1, size.free_items + size.lent_items)
    )
}

/// Puts the picked-up items back on the hold shelf.
pub(super) fn put_back(words: Words, size: &Size) -> Vec<String> {
    let first_kept = size.free_items + size.lent_items + 1;
    let key = words.key(TAG_READY_HOLD, &format!("items.id - {first_kept}"));
    vec![
        format!(
            "update items set state = 3, at_branch_id = 1, kept_for_hold_id = {key} \
             where id >= {first_kept} and kept_for_hold_id is null"
        ),
        format!(
            "update holds set state = 3, kept_item_id = i.id, ready_at = '{LONG_AGO}', \
             pickup_until = '2098-12-31', pickup_number = 'A001' from items i \
             where i.kept_for_hold_id = holds.id and holds.state = 4"
        ),
    ]
}

/// One staff member, signed in at every desk.
pub(super) fn staff(words: Words) -> Vec<String> {
    let sessions: Vec<_> = (0..DEVICES)
        .map(|desk| {
            let session = STAFF_SESSION + desk;
            let (id, hash) =
                (words.key(TAG_SESSION, &session.to_string()), words.bytes(&token_hash_of(session)));
            let device = first_desk() + desk;
            format!("({id}, {hash}, 1, {device}, '{LONG_AGO}', '{FAR_AHEAD}', '{FAR_AHEAD}')")
        })
        .collect();
    vec![
        format!(
            "insert into staff_accounts (id, user_name, display_name, state, must_change, undertaking, \
             undertaken_at, created_at, created_by) \
             values (1, 'bench', 'Mittaaja', 1, false, '1', '{LONG_AGO}', '{LONG_AGO}', 'bench')"
        ),
        format!(
            "insert into staff_roles (account_id, role, valid_from, granted_at, granted_by) \
             values (1, 1, '{LONG_AGO}', '{LONG_AGO}', 'bench')"
        ),
        // Used ahead of the run: writing down the use of a session is not part of any measure.
        format!(
            "insert into staff_sessions (id, token_hash, account_id, device_id, started_at, last_used_at, expires_at) \
             values {}",
            sessions.join(", ")
        ),
    ]
}

/// The sessions, in several statements.
pub(super) fn sessions(words: Words, size: &Size) -> Vec<String> {
    let statements = (0..SESSIONS + DEVICES).step_by(usize::try_from(SESSION_ROWS).unwrap_or(usize::MAX));
    let statement = |first: u64| {
        let rows: Vec<_> = (first..(SESSIONS + DEVICES).min(first + SESSION_ROWS))
            .map(|session| {
                let patron = if session < SESSIONS { 1 + session % size.patrons } else { ONE_PATRON };
                let device = 1 + session % DEVICES;
                let (id, hash) =
                    (words.key(TAG_SESSION, &session.to_string()), words.bytes(&token_hash_of(session)));
                format!("({id}, {hash}, {patron}, {patron}, {device}, '{LONG_AGO}', '{FAR_AHEAD}')")
            })
            .collect();
        format!(
            "insert into patron_sessions (id, token_hash, patron_id, card_id, device_id, started_at, expires_at) \
             values {}",
            rows.join(", ")
        )
    };
    statements.map(statement).collect()
}
