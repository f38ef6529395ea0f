//! The SQLite library itself: one thread, prepared statements, one check-out per commit.

use crate::{
    baselines::function::ANSWER,
    caller::token_hash_of,
    library::{
        Library,
        size::{SESSIONS, barcode},
    },
    load::Span,
};
use kortisto_testkit::register::new_id;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// Check-outs per second beyond which the free items do not last.
const RATE_MAX: u64 = 12_000;

const NOW: &str = "2026-06-01T12:00:00.123456+00:00";

pub(super) async fn check_outs(library: &Library, span: Span) -> f64 {
    let seconds = span.measured.as_secs().max(1);
    let before = library.set_free_aside((RATE_MAX * seconds).min(library.free_left()));
    let path = library.sqlite_path().expect("a file").to_owned();
    let run = move || {
        let connection = Connection::open(path).expect("a database");
        connection
            .execute_batch(
                "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
                 pragma cache_size = -32768; pragma busy_timeout = 5000;",
            )
            .expect("settings");
        let (start, mut done) = (Instant::now(), 0_u64);
        while start.elapsed() < Duration::from_secs(seconds) {
            let session = done % SESSIONS;
            let lent = check_out(&connection, &token_hash_of(session), &barcode(before + 1 + done));
            assert!(lent.expect("a check-out"), "the floor lends what is free");
            done += 1;
        }
        done as f64 / start.elapsed().as_secs_f64()
    };
    spawn_blocking(run).await.expect("the floor does not panic")
}

fn check_out(connection: &Connection, token: &[u8], barcode: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("begin immediate")?.execute([])?;
    let who = connection
        .prepare_cached(
            "select s.device_id, c.id, p.id, p.pseudonym, d.branch_id, \
             exists (select 1 from bans b where b.patron_id = p.id and b.lifted_at is null \
               and b.starts_at <= ?2 and (b.ends_at is null or b.ends_at > ?2)), \
             (select count(*) from open_loans l where l.patron_id = p.id), \
             (select coalesce(sum(f.open_cents), 0) from fees f where f.patron_id = p.id and f.open_cents > 0) \
             from patron_sessions s join cards c on c.id = s.card_id join patrons p on p.id = c.patron_id \
             join devices d on d.id = s.device_id \
             where s.token_hash = ?1 and s.ended_at is null and s.expires_at > ?2 and c.state = 1 and p.state = 1 \
             and d.state = 2",
        )?
        .query_row(params![token, NOW], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get::<_, i64>(4)?,
                row.get::<_, bool>(5)?,
                row.get::<_, i64>(6)?,
                row.get::<_, i64>(7)?,
            ))
        })
        .optional()?;
    let Some((device, card, patron, pseudonym, branch, banned, loans, debt_cents)) = who else {
        return Ok(false);
    };
    let request = new_uuid();
    let known = connection
        .prepare_cached("select 1 from remembered_answers where device_id = ?1 and request_id = ?2")?
        .exists(params![device, request])?;
    let item: Option<(i64, String)> = connection
        .prepare_cached(
            "select i.id, t.material from items i join titles t on t.id = i.title_id where i.barcode = ?1 \
             and i.state = 1 and i.kept_for_hold_id is null \
             and not exists (select 1 from open_loans o where o.item_id = i.id)",
        )?
        .query_row([barcode], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((item, material)) = item else { return Ok(false) };
    if known || banned || loans >= 10_000 || debt_cents >= 1_000 {
        return Ok(false);
    }
    let loan = new_uuid();
    connection
        .prepare_cached(
            "insert into open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, \
             due_on) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '2026-12-20')",
        )?
        .execute(params![item, loan, patron, card, branch, device, material, NOW])?;
    connection
        .prepare_cached(
            "insert into audit (id, at, action, granted, reasons, actor, device_id, branch_id, subject, item_id, \
             loan_id, request_id, named_salt) \
             values (?1, ?2, 'checkout', 1, '[]', 'device', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![new_uuid(), NOW, device, branch, pseudonym, item, loan, request, new_uuid()])?;
    connection
        .prepare_cached(
            "insert into year_counters (patron_id, year, loans, holds, uncollected_holds) \
             values (?1, 2026, 1, 0, 0) on conflict (patron_id, year) do update set loans = loans + 1",
        )?
        .execute([patron])?;
    connection
        .prepare_cached(
            "insert into remembered_answers (device_id, request_id, request_hash, answer, at) \
             values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![device, request, token, ANSWER, NOW])?;
    connection.prepare_cached("commit")?.execute([])?;
    Ok(true)
}

fn new_uuid() -> Vec<u8> {
    Uuid::try_parse(&new_id()).expect("a new id").into_bytes().to_vec()
}
