//! A session that is watched: what a PC-booking program learns while somebody sits at the PC.

use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, RefusalReason, Verdict},
    device::v1::{
        EndPatronSessionRequest, PatronSessionState, WatchPatronSessionRequest, WatchPatronSessionResponse,
    },
};
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_register::{
    bans::{self, NewBan},
    devices::manage,
    staff::bans::BanTerms,
};
use kortisto_store::{Store, StoreOptions};
use kortisto_testkit::{
    TestOptions, TestRegister, on_both_engines,
    register::{Device, TestPatron, new_id},
};
use sea_orm::ConnectionTrait as _;
use tokio::time::{Duration, Instant, timeout};
use tonic::{Status, Streaming};

use crate::coverage::rpc::reason;

/// Within which a change has to show.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A machine under the load of a test run is given longer, where the time is not the point.
const IN_TIME: Duration = Duration::from_secs(10);

type Watch = Streaming<WatchPatronSessionResponse>;

async fn watch(device: &Device, token: &str) -> Watch {
    let request = WatchPatronSessionRequest { patron_token: token.to_owned() };
    device.patrons().watch_patron_session(request).await.unwrap().into_inner()
}

/// The next message; none at the end.
async fn next(watch: &mut Watch) -> Result<Option<WatchPatronSessionResponse>, Status> {
    timeout(IN_TIME, watch.message()).await.expect("the watch says nothing")
}

fn reasons(message: &WatchPatronSessionResponse) -> Vec<RefusalReason> {
    assert_eq!(message.refusals.is_empty(), message.verdict() == Verdict::Granted);
    message.refusals.iter().map(kortisto::common::v1::Refusal::reason).collect()
}

/// The next message is this one.
async fn expect(watch: &mut Watch, refused: &[RefusalReason], ended: bool) {
    let message = next(watch).await.unwrap().expect("the watch is over");
    let state = match (ended, refused) {
        (true, _) => PatronSessionState::Ended,
        (false, []) => PatronSessionState::Running,
        (false, _) => PatronSessionState::Blocked,
    };
    assert_eq!((reasons(&message).as_slice(), message.state()), (refused, state));
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn use_ban(t: &TestRegister, patron: &TestPatron) -> NewBan {
    NewBan {
        card_number: patron.card.clone(),
        terms: BanTerms {
            branch: Some("main".to_owned()),
            ends_at: Some(t.clock.now() + TimeDelta::days(7)),
            decision_maker: Some("test".to_owned()),
            heard: Some("test".to_owned()),
            appeal: Some("test".to_owned()),
            ..BanTerms::new(BanKind::Use, "disturbance")
        },
    }
}

async fn ban(t: &TestRegister, patron: &TestPatron) {
    bans::place(&t.store, &t.surroundings, use_ban(t, patron), deadline()).await.unwrap();
}

async fn lift(t: &TestRegister, patron: &TestPatron) {
    bans::lift(&t.store, &t.surroundings, patron.card.clone(), BanKind::Use, None, deadline()).await.unwrap();
}

on_both_engines! {
    async fn a_ban_shows_during_the_session_and_goes_when_it_is_lifted(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let (patron, other) = (t.patron().await, t.patron().await);
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut watch = watch(&pc, &token).await;
        expect(&mut watch, &[], false).await;
        ban(&t, &other).await;
        ban(&t, &patron).await;
        expect(&mut watch, &[RefusalReason::UseBan], false).await;
        lift(&t, &patron).await;
        expect(&mut watch, &[], false).await;
        t.probe().await;
    }

    async fn the_end_of_a_session_is_the_end_of_its_watch(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut first = watch(&pc, &token).await;
        expect(&mut first, &[], false).await;
        let end = EndPatronSessionRequest { request_id: new_id(), patron_token: token.clone() };
        pc.patrons().end_patron_session(end).await.unwrap();
        expect(&mut first, &[RefusalReason::SessionEnded], true).await;
        assert_eq!(next(&mut first).await.unwrap(), None);
        // Asked again, also for a token that never was: it is over, and nothing more is told.
        for token in [token, t.worthless_token()] {
            let mut again = watch(&pc, &token).await;
            expect(&mut again, &[RefusalReason::SessionEnded], true).await;
            assert_eq!(next(&mut again).await.unwrap(), None);
        }
        // By its time.
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut timed = watch(&pc, &token).await;
        expect(&mut timed, &[], false).await;
        t.clock.advance(TimeDelta::minutes(6));
        expect(&mut timed, &[RefusalReason::SessionEnded], true).await;
        assert_eq!(next(&mut timed).await.unwrap(), None);
    }

    async fn another_device_watches_nothing(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (pc, other) = (t.device(DeviceKind::PcBooking).await, t.device(DeviceKind::PcBooking).await);
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut stolen = watch(&other, &token).await;
        expect(&mut stolen, &[RefusalReason::SessionEnded], true).await;
    }

    async fn a_revoked_device_is_cut_off(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut watch = watch(&pc, &token).await;
        expect(&mut watch, &[], false).await;
        manage::revoke(&t.store, &t.surroundings, pc.name.clone(), deadline()).await.unwrap();
        let status = next(&mut watch).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::DeviceRevoked);
    }

    async fn a_change_by_another_process_shows_too(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut watch = watch(&pc, &token).await;
        expect(&mut watch, &[], false).await;
        // As `kortisto ban` does beside a running server.
        let mut options = StoreOptions::new(t.database_url());
        options.serves = false;
        let beside = Store::open(&options).await.unwrap();
        bans::place(&beside, &t.surroundings, use_ban(&t, &patron), deadline()).await.unwrap();
        beside.close().await;
        expect(&mut watch, &[RefusalReason::UseBan], false).await;
    }

    async fn a_server_that_stops_sends_its_watches_away(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut watch = watch(&pc, &token).await;
        expect(&mut watch, &[], false).await;
        t.register.end_watches();
        let status = next(&mut watch).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::RegisterUnavailable);
    }
}

/// A server whose looks come so seldom that only a signal can explain what it knows.
async fn beside(t: &TestRegister) -> TestRegister {
    let options = TestOptions { look_interval: Duration::from_secs(3600), ..TestOptions::default() };
    t.start_beside(options).await
}

/// How long the ban took to show at the other server.
async fn ban_to_show(t: &TestRegister, watch: &mut Watch, patron: &TestPatron) -> Duration {
    ban(t, patron).await;
    let committed = Instant::now();
    expect(watch, &[RefusalReason::UseBan], false).await;
    committed.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_at_one_server_shows_at_the_other_within_a_second() {
    let t = TestRegister::start(kortisto_testkit::Engine::Postgres).await;
    let other = beside(&t).await;
    let pc = t.device(DeviceKind::PcBooking).await;
    let there = Device { channel: other.connect(Some(&pc.identity)).await.unwrap(), ..pc.clone() };
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let patron = t.patron().await;
        let token = pc.sign_in(&patron.card, patron.pin).await;
        let mut watch = watch(&there, &token).await;
        expect(&mut watch, &[], false).await;
        slowest = slowest.max(ban_to_show(&t, &mut watch, &patron).await);
    }
    assert!(slowest < AT_ONCE, "a ban took {slowest:?} to show");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_was_cut_comes_back_and_nothing_is_missed() {
    let t = TestRegister::start(kortisto_testkit::Engine::Postgres).await;
    let other = beside(&t).await;
    let pc = t.device(DeviceKind::PcBooking).await;
    let there = Device { channel: other.connect(Some(&pc.identity)).await.unwrap(), ..pc.clone() };
    let patron = t.patron().await;
    let token = pc.sign_in(&patron.card, patron.pin).await;
    let mut watch = watch(&there, &token).await;
    expect(&mut watch, &[], false).await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and application_name like '%-signals'";
    t.store.writer().execute_unprepared(cut).await.unwrap();
    ban_to_show(&t, &mut watch, &patron).await;
}
