//! Rows get their numbers: each once, after whatever happened, and without anybody waiting for it.

use super::{count_rows, count_seals, look, seal, verify};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_register::audit::{SEAL_MARGIN, Sealer, parse_heads};
use kortisto_store::entities::audit;
use kortisto_testkit::{Engine, TestRegister, on_both_engines, register::TestOptions};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A row whose id was made at this moment, committed now.
async fn row_of(t: &TestRegister, at: DateTime<Utc>) {
    audit::ActiveModel {
        id: Set(t.surroundings.new_id(at)),
        at: Set(at),
        action: Set("late".to_owned()),
        granted: Set(true),
        reasons: Set("[]".to_owned()),
        actor: Set("operator".to_owned()),
        ..Default::default()
    }
    .insert(t.store.writer())
    .await
    .unwrap();
}

on_both_engines! {
    async fn what_a_crash_left_unsealed_is_sealed_after_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        look(&t, 3).await;
        seal(&t).await;
        look(&t, 3).await;
        // The server went away here; another sealer begins.
        assert_eq!(verify(&t, &[]).await.unsealed, 3);
        let head = seal(&t).await.unwrap();
        let report = verify(&t, &[head]).await;
        assert_eq!((report.fault, report.rows, report.heads, report.unsealed), (None, 6, 3, 0));
        // Nothing new: no number, no head.
        assert_eq!(seal(&t).await, None);
        assert_eq!(count_seals(&t).await, 6);
    }

    async fn more_rows_than_a_batch_are_sealed_in_one_go(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let start = t.clock.now();
        for number in 0..600 {
            row_of(&t, start + TimeDelta::milliseconds(number)).await;
        }
        let mut sealer = Sealer::new(&t.register, None);
        assert_eq!(sealer.seal(SEAL_MARGIN).await, Ok(600));
        let report = verify(&t, &[]).await;
        assert_eq!((report.fault, report.rows, report.late), (None, 600, None));
    }

    async fn a_long_trail_is_gone_through_in_pages(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let start = t.clock.now();
        let rows: Vec<_> = (0..6_000)
            .map(|number| audit::ActiveModel {
                id: Set(t.surroundings.new_id(start + TimeDelta::milliseconds(number))),
                at: Set(start + TimeDelta::milliseconds(number)),
                action: Set("early".to_owned()),
                granted: Set(true),
                reasons: Set("[]".to_owned()),
                actor: Set("operator".to_owned()),
                ..Default::default()
            })
            .collect();
        for some in rows.chunks(1_000) {
            audit::Entity::insert_many(some.to_vec()).exec_without_returning(t.store.writer()).await.unwrap();
        }
        assert_eq!(Sealer::new(&t.register, None).seal(SEAL_MARGIN).await, Ok(6_000));
        assert_eq!(Sealer::new(&t.register, None).seal(SEAL_MARGIN).await, Ok(0));
        let report = verify(&t, &[]).await;
        assert_eq!((report.fault, report.rows, report.unsealed, report.late), (None, 6_000, 0, None));
    }

    async fn sealers_at_once_make_one_chain(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let start = t.clock.now();
        for number in 0..300 {
            row_of(&t, start + TimeDelta::milliseconds(number)).await;
        }
        // SQLite has one server, so both are of one.
        let other = match engine {
            Engine::Postgres => Some(t.start_beside(TestOptions::default()).await),
            Engine::Sqlite => None,
        };
        let registers = [&t.register, other.as_ref().map_or(&t.register, |other| &other.register)];
        let mut sealing = tokio::task::JoinSet::new();
        for number in 0..6 {
            let mut sealer = Sealer::new(registers[number % 2], None);
            sealing.spawn(async move { sealer.seal(SEAL_MARGIN).await.unwrap() });
        }
        let sealed: u64 = sealing.join_all().await.into_iter().sum();
        assert!(sealed <= 300, "{sealed}");
        seal(&t).await;
        assert_eq!(count_seals(&t).await, 300);
        assert_eq!(verify(&t, &[]).await.fault, None);
    }

    async fn a_row_that_commits_late_is_found_within_the_margin_and_else_at_the_next_start(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let now = t.clock.now();
        row_of(&t, now).await;
        let mut sealer = Sealer::new(&t.register, None);
        assert_eq!(sealer.seal(SEAL_MARGIN).await, Ok(1));
        row_of(&t, now - TimeDelta::minutes(14)).await;
        row_of(&t, now - TimeDelta::minutes(16)).await;
        assert_eq!(sealer.seal(TimeDelta::seconds(30)).await, Ok(0));
        assert_eq!(sealer.seal(SEAL_MARGIN).await, Ok(1));
        let report = verify(&t, &[]).await;
        assert_eq!((report.fault, report.unsealed, report.late), (None, 1, None));
        assert_eq!(Sealer::new(&t.register, None).seal(SEAL_MARGIN).await, Ok(1));
        let report = verify(&t, &[]).await;
        // Later than the margin is told.
        assert_eq!((report.fault, report.unsealed, report.late), (None, 0, Some(3)));
    }

    async fn heads_go_to_their_file_also_when_it_was_away(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let folder = kortisto_testkit::TempDir::new().unwrap();
        let path = folder.path().join("later").join("heads");
        let mut sealer = Sealer::new(&t.register, Some(path.clone()));
        for _ in 0..2 {
            look(&t, 2).await;
            sealer.seal(SEAL_MARGIN).await.unwrap();
            // The folder is not there yet; the head is kept and nobody is held up.
            sealer.sign_head().await.unwrap().unwrap();
        }
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        assert_eq!(sealer.sign_head().await, Ok(None));
        look(&t, 1).await;
        sealer.seal(SEAL_MARGIN).await.unwrap();
        sealer.sign_head().await.unwrap().unwrap();
        let heads = parse_heads(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(heads.iter().map(|head| head.number).collect::<Vec<_>>(), [2, 4, 5]);
        let report = verify(&t, &heads).await;
        assert_eq!((report.fault, report.heads), (None, 6));
    }

    async fn a_server_seals_by_itself(engine: Engine) {
        let t = TestRegister::start_with(engine, TestOptions { seals: true, ..TestOptions::default() }).await;
        look(&t, 5).await;
        let give_up = Instant::now() + Duration::from_secs(20);
        while count_seals(&t).await < count_rows(&t).await {
            assert!(Instant::now() < give_up, "nothing is sealed");
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(verify(&t, &[]).await.fault, None);
    }
}
