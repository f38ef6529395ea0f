//! Somebody with every right on the database changes the record, in each way there is; the check names the number.

use super::{break_in, count_rows, look, make_account, seal, verify};
use kortisto_register::audit::{ChainFault, ChainReport, Head};
use kortisto_store::entities::{audit, audit_heads, audit_seals, audit_values};
use kortisto_testkit::{TestRegister, on_both_engines};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, sea_query::Expr,
};

/// A record of twelve rows; the tenth has two values.
async fn record(t: &TestRegister) -> Head {
    look(t, 9).await;
    make_account(t, "aino").await;
    look(t, 2).await;
    let head = seal(t).await.unwrap();
    assert_eq!(head.number, 12);
    let whole = ChainReport { rows: 12, heads: 1, ..ChainReport::default() };
    assert_eq!(verify(t, &[]).await, whole);
    assert_eq!(verify(t, std::slice::from_ref(&head)).await, ChainReport { heads: 2, ..whole });
    head
}

async fn fault(t: &TestRegister, kept: &[Head]) -> Option<(i64, ChainFault)> {
    verify(t, kept).await.fault
}

async fn seal_of(t: &TestRegister, number: i64) -> audit_seals::Model {
    audit_seals::Entity::find_by_id(number).one(t.store.writer()).await.unwrap().unwrap()
}

/// The audit row with this number.
async fn row_of(t: &TestRegister, number: i64) -> audit::Model {
    let id = seal_of(t, number).await.audit_id;
    audit::Entity::find_by_id(id).one(t.store.writer()).await.unwrap().unwrap()
}

async fn set_action(t: &TestRegister, number: i64, action: &str) {
    audit::Entity::update_many()
        .col_expr(audit::Column::Action, Expr::value(action))
        .filter(audit::Column::Id.eq(seal_of(t, number).await.audit_id))
        .exec(t.store.writer())
        .await
        .unwrap();
}

async fn delete_seal(t: &TestRegister, number: i64) {
    audit_seals::Entity::delete_by_id(number).exec(t.store.writer()).await.unwrap();
}

async fn insert_seal(t: &TestRegister, seal: audit_seals::Model) {
    seal.into_active_model().reset_all().insert(t.store.writer()).await.unwrap();
}

async fn values(t: &TestRegister) -> Vec<audit_values::Model> {
    audit_values::Entity::find()
        .order_by_asc(audit_values::Column::Position)
        .all(t.store.writer())
        .await
        .unwrap()
}

on_both_engines! {
    async fn a_changed_row_is_named(engine: Engine) {
        let t = TestRegister::start(engine).await;
        record(&t).await;
        break_in(&t, engine).await;
        for number in [1, 5, 12] {
            let action = row_of(&t, number).await.action;
            set_action(&t, number, "get_self").await;
            assert_eq!(fault(&t, &[]).await, Some((number, ChainFault::RowChanged)));
            set_action(&t, number, &action).await;
            assert_eq!(fault(&t, &[]).await, None);
        }
        // Of several, the first.
        set_action(&t, 9, "get_self").await;
        set_action(&t, 4, "get_self").await;
        assert_eq!(fault(&t, &[]).await, Some((4, ChainFault::RowChanged)));
    }

    async fn a_deleted_row_is_named(engine: Engine) {
        let t = TestRegister::start(engine).await;
        record(&t).await;
        break_in(&t, engine).await;
        for number in [1, 6, 12] {
            let row = row_of(&t, number).await;
            audit::Entity::delete_by_id(row.id).exec(t.store.writer()).await.unwrap();
            assert_eq!(fault(&t, &[]).await, Some((number, ChainFault::RowMissing)));
            row.into_active_model().reset_all().insert(t.store.writer()).await.unwrap();
            assert_eq!(fault(&t, &[]).await, None);
        }
        // Together with its seal.
        let seal = seal_of(&t, 6).await;
        audit::Entity::delete_by_id(seal.audit_id).exec(t.store.writer()).await.unwrap();
        delete_seal(&t, 6).await;
        assert_eq!(fault(&t, &[]).await, Some((6, ChainFault::SealMissing)));
    }

    async fn reordered_rows_are_named(engine: Engine) {
        let t = TestRegister::start(engine).await;
        record(&t).await;
        break_in(&t, engine).await;
        let (third, fourth) = (seal_of(&t, 3).await, seal_of(&t, 4).await);
        delete_seal(&t, 3).await;
        delete_seal(&t, 4).await;
        insert_seal(&t, audit_seals::Model { audit_id: fourth.audit_id, ..third.clone() }).await;
        insert_seal(&t, audit_seals::Model { audit_id: third.audit_id, ..fourth }).await;
        assert_eq!(fault(&t, &[]).await, Some((3, ChainFault::RowChanged)));
    }

    async fn a_changed_seal_is_named(engine: Engine) {
        let t = TestRegister::start(engine).await;
        record(&t).await;
        break_in(&t, engine).await;
        let mut seal = seal_of(&t, 8).await;
        seal.hash[31] ^= 1;
        delete_seal(&t, 8).await;
        insert_seal(&t, seal).await;
        assert_eq!(fault(&t, &[]).await, Some((8, ChainFault::RowChanged)));
    }

    async fn changed_values_are_named_and_erased_ones_are_no_fault(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let head = record(&t).await;
        let old = values(&t).await;
        assert_eq!(old.len(), 2);
        let set = async |position: i16, value: Option<&str>| {
            audit_values::Entity::update_many()
                .col_expr(audit_values::Column::NewValue, Expr::value(value.map(str::to_owned)))
                .filter(audit_values::Column::Position.eq(position))
                .exec(t.store.writer())
                .await
                .unwrap();
        };
        for changed in [Some("eino"), None] {
            set(0, changed).await;
            assert_eq!(fault(&t, &[]).await, Some((10, ChainFault::ValuesChanged)));
        }
        set(0, Some("aino")).await;
        assert_eq!(fault(&t, &[]).await, None);
        let forget = audit_values::Entity::delete_many().filter(audit_values::Column::Position.eq(1));
        forget.exec(t.store.writer()).await.unwrap();
        assert_eq!(fault(&t, &[]).await, Some((10, ChainFault::ValuesChanged)));
        // Erasure takes all of them.
        audit_values::Entity::delete_many().exec(t.store.writer()).await.unwrap();
        let report = verify(&t, &[head]).await;
        assert_eq!((report.fault, report.rows, report.erased), (None, 12, 1));
        // Values where there were none are a fault too.
        let slipped = audit_values::Model { audit_id: seal_of(&t, 2).await.audit_id, ..old[0].clone() };
        slipped.into_active_model().reset_all().insert(t.store.writer()).await.unwrap();
        assert_eq!(fault(&t, &[]).await, Some((2, ChainFault::ValuesChanged)));
    }

    async fn a_trail_that_was_cut_off_is_told_by_a_head_that_was_kept(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let head = record(&t).await;
        break_in(&t, engine).await;
        for number in 10..=12 {
            let id = seal_of(&t, number).await.audit_id;
            audit_values::Entity::delete_many()
                .filter(audit_values::Column::AuditId.eq(id))
                .exec(t.store.writer())
                .await
                .unwrap();
            audit::Entity::delete_by_id(id).exec(t.store.writer()).await.unwrap();
            delete_seal(&t, number).await;
        }
        let cut_off = Some((10, ChainFault::CutOff { signed: 12 }));
        assert_eq!(fault(&t, &[]).await, cut_off);
        // Whoever takes the database's own heads too is told by the one that was kept elsewhere alone.
        audit_heads::Entity::delete_many().exec(t.store.writer()).await.unwrap();
        assert_eq!(fault(&t, &[]).await, None);
        assert_eq!(fault(&t, &[head]).await, cut_off);
    }

    async fn a_trail_that_was_written_anew_is_told_by_a_head_that_was_kept(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let first = record(&t).await;
        look(&t, 3).await;
        let second = seal(&t).await.unwrap();
        assert_eq!(second.number, 15);
        break_in(&t, engine).await;
        // The intruder changes a row after the first head, and computes every seal since.
        set_action(&t, 14, "get_self").await;
        audit_heads::Entity::delete_many().exec(t.store.writer()).await.unwrap();
        audit_seals::Entity::delete_many().exec(t.store.writer()).await.unwrap();
        seal(&t).await.unwrap();
        assert_eq!(fault(&t, &[]).await, None);
        let rewritten = Some((15, ChainFault::Rewritten { after: 12 }));
        assert_eq!(fault(&t, &[first, second]).await, rewritten);
    }

    async fn a_head_that_this_register_did_not_sign_is_named(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let head = record(&t).await;
        let stranger = kortisto_vault::Keys::ephemeral(&kortisto_vault::SystemRandom);
        for forged in [
            Head { number: 5, ..head.clone() },
            Head { number: 13, ..head.clone() },
            Head { hash: [0; 32], ..head.clone() },
            Head { signature: stranger.sign_audit_head(b"whatever").to_vec(), ..head.clone() },
        ] {
            let number = forged.number;
            assert_eq!(fault(&t, &[forged]).await, Some((number, ChainFault::HeadForged)));
        }
        assert_eq!(fault(&t, &[head]).await, None);
        assert_eq!(count_rows(&t).await, 12);
    }
}
