//! A search reads its page and nothing more, whatever the size of the register.

use chrono::NaiveDate;
use kortisto_store::queries::patron_search;
use kortisto_testkit::{Engine, TestRegister, on_both_engines, register::Words};
use sea_orm::{ConnectionTrait as _, Statement, Value, sqlx::Row as _};

/// Rows: enough that reading all of them would be noticed by the planner.
const ROWS: u32 = 20_000;

on_both_engines! {
    async fn a_search_reads_its_page_by_an_index_in_its_order(engine: Engine) {
        let t = TestRegister::start(engine).await;
        fill(&t, engine).await;
        let place = || -> Vec<Value> { vec!["korhonen 000500".into(), 500_i64.into()] };
        let born: Value = NaiveDate::from_ymd_opt(1980, 5, 17).unwrap().into();
        let page = |bound: &str| [place(), vec![bound.into(), 51_i64.into()]].concat();
        let cases = [
            (patron_search::page_sql(false), page("korhonen\u{10ffff}"), "patrons_by_search_name"),
            (
                patron_search::page_sql(true),
                [page("\u{10ffff}"), vec![born.clone()]].concat(),
                "patrons_by_birth_date",
            ),
            (patron_search::shown_sql(false), page("korhonen"), "patrons_by_search_name"),
            (patron_search::shown_sql(true), [page(""), vec![born]].concat(), "patrons_by_birth_date"),
        ];
        for (sql, values, index) in cases {
            let plan = explain(&t, engine, sql, values).await;
            assert!(plan.contains(index), "{sql}\n{plan}");
            for costly in ["Seq Scan", "\"Sort\"", "Bitmap", "TEMP B-TREE", "SCAN p\n", "MULTI-INDEX"] {
                assert!(!plan.contains(costly), "{costly}: {sql}\n{plan}");
            }
        }
    }
}

async fn explain(t: &TestRegister, engine: Engine, sql: &str, values: Vec<Value>) -> String {
    let connection = t.store.writer();
    let backend = connection.get_database_backend();
    let how = match engine {
        Engine::Postgres => "explain (format json)",
        Engine::Sqlite => "explain query plan",
    };
    let statement = Statement::from_sql_and_values(backend, format!("{how} {sql}"), values);
    let rows = connection.query_all_raw(statement).await.unwrap();
    match engine {
        // JSON is text on the wire, and sea-orm reads it as such only with a feature that nothing else needs.
        Engine::Postgres => rows[0].try_as_pg_row().unwrap().try_get_unchecked(0).unwrap(),
        Engine::Sqlite => {
            let lines = rows.iter().map(|row| row.try_get_by::<String, _>("detail").unwrap() + "\n");
            lines.collect()
        }
    }
}

/// Namesakes by the thousand, in two families, of as many birth dates as a register of that size has.
async fn fill(t: &TestRegister, engine: Engine) {
    let words = Words(engine);
    let (pseudonym, born) = (words.key(0, "n"), words.days_after("1950-01-01", "n % 15000"));
    let number = words.numbered(' ', "n", 6);
    let patrons = format!(
        "patrons (number, pseudonym, category, state, family_name, given_names, birth_date, \
         service_language, home_branch_id, created_at, changed_at, changed_by, search_name) \
         select 'N' || n, {pseudonym}, 1, 1, 'Korhonen', 'Aino', {born}, 'fi', 1, '2026-01-01T00:00:00+00:00', \
         '2026-01-01T00:00:00+00:00', 'test', case when n % 2 = 0 then 'korhonen' else 'virtanen' end || {number}"
    );
    words.write(t, ROWS, &patrons).await;
    t.store.writer().execute_unprepared(words.analyze()).await.unwrap();
}
