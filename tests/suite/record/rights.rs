//! Nobody changes the record by mistake; on PostgreSQL the server could not even on purpose.

use super::{RECORD, count_rows, look, make_account, run, seal, verify};
use kortisto_domain::DeviceKind;
use kortisto_migrations::{AppRoleFault, grant_app_role};
use kortisto_store::{Store, StoreOptions, entities::audit_values};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Home, TestDatabase, TestOptions},
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use std::process;

/// What each table of the record refuses.
fn tampering(engine: Engine) -> Vec<String> {
    let mut statements = Vec::new();
    for table in RECORD {
        let column = if table == "audit" { "action" } else { "hash" };
        statements.push(format!("update {table} set {column} = {column}"));
        statements.push(format!("delete from {table}"));
        if engine == Engine::Postgres {
            statements.push(format!("truncate {table} cascade"));
        }
    }
    statements
}

on_both_engines! {
    async fn the_ledger_is_only_added_to(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let patron = t.patron().await;
        let fee = t.fee(patron.id, 500).await;
        let before = t.ledger(fee).await;
        let mut statements = vec!["update fee_entries set cents = 1", "update fee_entries set grounds = 'x'"];
        if engine == Engine::Postgres {
            statements.push("truncate fee_entries cascade");
        }
        for statement in statements {
            let refused = t.store.writer().execute_unprepared(statement).await;
            assert!(refused.is_err(), "{statement}");
        }
        assert_eq!((t.ledger(fee).await, before.len()), (before, 1));
    }

    async fn the_record_is_only_added_to(engine: Engine) {
        let t = TestRegister::start(engine).await;
        look(&t, 3).await;
        seal(&t).await.unwrap();
        for statement in tampering(engine) {
            let refused = t.store.writer().execute_unprepared(&statement).await;
            assert!(refused.is_err(), "{statement}");
        }
        let report = verify(&t, &[]).await;
        assert_eq!((report.fault, report.rows, report.heads), (None, 3, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_role_owns_nothing_does_all_its_work_and_cannot_change_the_record() {
    let database = TestDatabase::fresh(Engine::Postgres).await;
    let owner = Store::open(&StoreOptions::new(database.url())).await.unwrap();
    let role = format!("kortisto_app_{}", process::id());
    owner.writer().execute_unprepared(&format!("create role {role} login")).await.unwrap();
    grant_app_role(owner.writer(), &role).await.unwrap();
    // Doing it again, as after each migration, is as good as once.
    grant_app_role(owner.writer(), &role).await.unwrap();

    let url = database.url().replacen("kortisto@", &format!("{role}@"), 1);
    let options = TestOptions { database_url: Some(url), ..TestOptions::default() };
    let t = TestRegister::start_at(database, &Home::fresh(), options).await;
    // Devices lend, return and open doors; staff look and make accounts; rows are sealed and signed.
    let (kiosk, door) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Door).await);
    let (patron, item) = (t.patron().await, t.item().await);
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    kiosk.checkout(&token, &item.barcode).await.unwrap();
    kiosk.take_back(&item.barcode).await.unwrap();
    door.ask_door(&patron.card, None, "door").await.unwrap();
    look(&t, 2).await;
    make_account(&t, "aino").await;
    let head = seal(&t).await.unwrap();
    let report = verify(&t, std::slice::from_ref(&head)).await;
    assert_eq!((report.fault, report.unsealed), (None, 0));
    let before = count_rows(&t).await;

    let mut forbidden = tampering(Engine::Postgres);
    forbidden.extend(
        [
            "update audit_values set new_value = 'x'",
            "drop trigger kortisto_append_only on audit",
            "alter table audit disable trigger all",
            "alter table audit add column x text",
            "drop table audit_seals",
            "create table x (id bigint)",
            "delete from seaql_migrations",
        ]
        .map(str::to_owned),
    );
    for statement in forbidden {
        let refused = t.store.writer().execute_unprepared(&statement).await;
        assert!(refused.is_err(), "{statement}");
    }
    assert_eq!(count_rows(&t).await, before);
    assert_eq!(verify(&t, &[head]).await.fault, None);
    // Erasing somebody's values is the one thing that may go.
    run(&t, "delete from audit_values").await;
    assert!(audit_values::Entity::find().one(t.store.writer()).await.unwrap().is_none());
    assert_eq!(verify(&t, &[]).await.fault, None);
    t.probe().await;
    owner.close().await;
}

#[tokio::test]
async fn only_a_role_of_postgresql_gets_rights() {
    let database = TestDatabase::fresh(Engine::Sqlite).await;
    let store = Store::open(&StoreOptions::new(database.url())).await.unwrap();
    let fault = grant_app_role(store.writer(), "kortisto_app").await.unwrap_err();
    assert!(matches!(fault, AppRoleFault::NoRoles), "{fault}");
    let fault = grant_app_role(store.writer(), "x; drop table audit").await.unwrap_err();
    assert!(matches!(fault, AppRoleFault::Name), "{fault}");
}
