//! The hot statements find every row of a large table by an index, whatever the statistics say.
//!
//! A plan that reads a table whole is right in every other test, and stops a consortium. The statements are
//! explained as a lane runs them, and as everything beside the lanes does: on its connection, with its settings, as a
//! plan for any parameters.

use kortisto_store::{
    StoreError,
    queries::{circulation_facts, door_facts, locks, pin_facts},
};
use kortisto_testkit::{Engine, TestRegister, on_both_engines, register::Words};
use sea_orm::{ConnectionTrait, Statement, sqlx::Row as _};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Rows of each large table: enough that reading one whole would be noticed by the planner.
const ROWS: u32 = 20_000;

/// How long a plan may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tables that grow with the consortium. The others have a row or a few for each branch and device.
const LARGE: [&str; 19] = [
    "patrons",
    "relations",
    "cards",
    "pins",
    "pin_attempts",
    "known_devices",
    "patron_sessions",
    "bans",
    "self_service_rights",
    "services_in_use",
    "messages",
    "titles",
    "items",
    "open_loans",
    "loan_history",
    "holds",
    "fees",
    "audit",
    "remembered_answers",
];

on_both_engines! {
    async fn a_hot_statement_reads_no_large_table_whole(engine: Engine) {
        let t = TestRegister::start(engine).await;
        fill(&t, engine).await;
        let mut hot = vec![
            ("circulation_facts", circulation_facts::sql(t.store.engine())),
            ("door_facts", door_facts::sql(t.store.engine())),
            ("pin_facts", pin_facts::sql(t.store.engine())),
        ];
        // SQLite has one writer and locks no rows.
        if engine == Engine::Postgres {
            hot.push(("locks", locks::sql()));
        }
        let mut findings = Vec::new();
        for place in ["in a lane", "beside the lanes"] {
            for (name, sql) in hot.iter().copied() {
                let read = match (engine, place) {
                    (Engine::Sqlite, _) => read_by_sqlite(&t, sql).await,
                    (Engine::Postgres, "in a lane") => {
                        let lane = t.store.lane_connection().connection().await.unwrap();
                        read_by_postgres(&lane, name, sql).await
                    }
                    (Engine::Postgres, _) => read_beside_lanes(&t, name, sql).await,
                };
                assert!(read.len() > 3, "{name}: the plan was not understood: {read:?}");
                let whole = read.into_iter().filter(|read| !read.by_index && LARGE.contains(&read.table.as_str()));
                let told = |read: Read| format!("{name} {place}: {} is read whole: {}", read.table, read.how);
                findings.extend(whole.map(told));
            }
        }
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}

/// How a plan reads a table.
#[derive(Debug)]
struct Read {
    table: String,
    by_index: bool,
    how: String,
}

async fn read_beside_lanes(t: &TestRegister, name: &'static str, sql: &'static str) -> Vec<Read> {
    let explained = t.store.unit_of_work("explain", Instant::now() + PATIENCE, move |transaction| {
        Box::pin(async move {
            // What a session comes to after a few calls.
            transaction.execute_unprepared("set local plan_cache_mode = force_generic_plan").await?;
            Ok::<_, StoreError>(read_by_postgres(transaction, name, sql).await)
        })
    });
    explained.await.unwrap()
}

async fn read_by_postgres(connection: &impl ConnectionTrait, name: &str, sql: &str) -> Vec<Read> {
    connection.execute_unprepared(&format!("prepare hot_{name}(text) as {sql}")).await.unwrap();
    let explain = format!("explain (format json) execute hot_{name}('[]')");
    let statement = Statement::from_string(connection.get_database_backend(), explain);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    connection.execute_unprepared(&format!("deallocate hot_{name}")).await.unwrap();
    // JSON is text on the wire, and sea-orm reads it as such only with a feature that nothing else needs.
    let plan: String = row.try_as_pg_row().unwrap().try_get_unchecked(0).unwrap();
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let mut reads = Vec::new();
    walk(&plan[0]["Plan"], &mut reads);
    reads
}

/// Collects the scans of a plan. A heap that is read through a bitmap is as good as the bitmap's index.
fn walk(node: &Value, reads: &mut Vec<Read>) {
    let children = node["Plans"].as_array().map_or(&[][..], Vec::as_slice);
    let by_index = node["Index Cond"].is_string()
        || (node["Node Type"] == "Bitmap Heap Scan" && children.iter().all(bitmap_has_condition));
    if let Some(table) = node["Relation Name"].as_str().filter(|_| node["Node Type"] != "ModifyTable") {
        let how = format!("{} {}", node["Node Type"], node["Index Name"]);
        reads.push(Read { table: table.to_owned(), by_index, how });
    }
    for child in children {
        walk(child, reads);
    }
}

fn bitmap_has_condition(node: &Value) -> bool {
    match node["Plans"].as_array() {
        Some(parts) => parts.iter().all(bitmap_has_condition),
        None => node["Index Cond"].is_string(),
    }
}

async fn read_by_sqlite(t: &TestRegister, sql: &str) -> Vec<Read> {
    let connection = t.store.writer();
    let explain = format!("explain query plan {sql}");
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), explain, [Some("[]").into()]);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let details = rows.iter().map(|row| row.try_get_by::<String, _>("detail").unwrap());
    let names: Vec<(String, String)> = names(sql);
    details
        .filter_map(|detail| {
            let (verb, rest) = detail.split_once(' ')?;
            let name = rest.split_whitespace().next()?;
            let table = names.iter().find(|(alias, _)| alias == name).map_or(name, |(_, table)| table);
            let by_index = verb == "SEARCH";
            matches!(verb, "SCAN" | "SEARCH").then(|| Read {
                table: table.to_owned(),
                by_index,
                how: detail.clone(),
            })
        })
        .collect()
}

/// The names by which a statement calls its tables: `from holds h`, `join cards c`.
fn names(sql: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = sql.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
    let after = words.windows(3).filter(|three| matches!(three[0], "from" | "join"));
    after.map(|three| (three[2].to_owned(), three[1].to_owned())).collect()
}

/// Rows in every large table that a hot statement reads, spread over as many patrons and items.
async fn fill(t: &TestRegister, engine: Engine) {
    t.device(kortisto_domain::DeviceKind::SelfCheckout).await;
    const THEN: &str = "'2026-01-01T00:00:00+00:00'";
    let words = Words(engine);
    let (uuid, bytes, born) = (words.key(0, "n"), words.digest("n"), words.days_after("1940-01-01", "n"));
    let statements = [
        format!(
            "patrons (id, number, pseudonym, category, state, family_name, given_names, birth_date, \
             service_language, home_branch_id, created_at, changed_at, changed_by, search_name) \
             select n, 'P' || n, {uuid}, 1, 1, 'Testaaja', 'Aino', {born}, 'fi', 1, {THEN}, {THEN}, 'test', \
             'testaaja ' || n"
        ),
        format!(
            "cards (id, number, patron_id, state, state_since, valid_from, issuing_branch_id) \
             select n, 'K' || n, n, 1, {THEN}, '2020-01-01', 1"
        ),
        format!("pins (card_id, scheme, key_id, hash, set_at) select n, 1, 1, {bytes}, {THEN}"),
        format!(
            "pin_attempts (device_id, attempt_id, card_key, request_hash, at, outcome) \
             select (select min(id) from devices), {uuid}, {bytes}, {bytes}, {THEN}, 1 + n % 4"
        ),
        format!(
            "known_devices (card_id, device_id, last_success_at, tries_left) \
             select n, (select min(id) from devices), {THEN}, 5"
        ),
        format!(
            "patron_sessions (id, token_hash, patron_id, card_id, device_id, started_at, expires_at) \
             select {uuid}, {bytes}, n, n, (select min(id) from devices), {THEN}, {THEN}"
        ),
        format!(
            "bans (patron_id, kind, starts_at, reason, placed_by, placed_at) \
             select n, 1, {THEN}, 'test', 'test', {THEN}"
        ),
        "self_service_rights (patron_id, kind, valid_from) select n, 1, '2020-01-01'".to_owned(),
        format!("services_in_use (patron_id, service, enabled, since) select n, 3, n % 2 = 0, {THEN}"),
        format!(
            "messages (patron_id, audience, kind, body, written_at, written_by) \
             select n, 2, 1, 'Teksti', {THEN}, 'test'"
        ),
        format!(
            "relations (ward_id, other_id, kind, valid_from, recorded_at, recorded_by) \
             select n, n % {ROWS} + 1, 1, '2020-01-01', {THEN}, 'test'"
        ),
        "titles (id, number, label, material, language) select n, 'T' || n, 'Teos', 'book', 'fi'".to_owned(),
        "items (id, barcode, title_id, home_branch_id, collection, state, at_branch_id) \
         select n, 'B' || n, n, 1, 'aikuiset', 1, 1"
            .to_owned(),
        format!(
            "open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on) \
             select n, {uuid}, n, n, 1, (select min(id) from devices), 'book', {THEN}, '2026-02-01'"
        ),
        format!(
            "holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at) \
             select {uuid}, n, n, 1 + n % 500, 1, 1 + n % 6, {THEN}"
        ),
        format!(
            "fees (id, patron_id, municipality, kind, amount_cents, open_cents, created_at, lapses_on) \
             select {uuid}, n, '153', 'overdue', 100, 100, {THEN}, '2032-01-01'"
        ),
        format!(
            "remembered_answers (device_id, request_id, request_hash, answer, at) \
             select (select min(id) from devices), {uuid}, {bytes}, '', {THEN}"
        ),
    ];
    for rows in statements {
        words.write(t, ROWS, &rows).await;
    }
    t.store.writer().execute_unprepared(words.analyze()).await.unwrap();
}
