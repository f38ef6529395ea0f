//! Two servers on one PostgreSQL decide as one; two on one SQLite file are refused.

use super::races::one_loan;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::AuthenticatePatronRequest,
};
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_store::{Store, StoreError, StoreOptions};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister,
    register::{Device, new_id},
};
use tokio::task::JoinSet;

/// Clients at once, half of them at each server.
const CLIENTS: usize = 64;

/// The same device, connected to another server.
async fn at(t: &TestRegister, device: &Device) -> Device {
    Device { channel: t.connect(Some(&device.identity)).await.unwrap(), ..device.clone() }
}

async fn two() -> [TestRegister; 2] {
    let one = TestRegister::start(Engine::Postgres).await;
    let other = one.start_beside(TestOptions::default()).await;
    [one, other]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_clients_of_both_get_one_loan_of_one_item() {
    let servers = two().await;
    let t = &servers[0];
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let kiosks = [kiosk.clone(), at(&servers[1], &kiosk).await];
    let item = t.item().await;
    let mut tokens = Vec::new();
    for client in 0..CLIENTS {
        let patron = t.patron().await;
        tokens.push(kiosks[client % 2].sign_in(&patron.card, patron.pin).await);
    }
    let mut clients = JoinSet::new();
    for (client, token) in tokens.into_iter().enumerate() {
        // A session that one server opened runs at the other.
        let (kiosk, barcode) = (kiosks[(client + 1) % 2].clone(), item.barcode.clone());
        clients.spawn(async move { kiosk.checkout(&token, &barcode).await.unwrap() });
    }
    let answers = clients.join_all().await;
    let loans = answers.iter().filter(|answer| answer.loan.is_some()).count();
    let on_loan = |answer: &&_| {
        let answer: &kortisto::device::v1::CheckoutResponse = answer;
        answer.refusals.iter().map(kortisto::common::v1::Refusal::reason).eq([RefusalReason::ItemOnLoan])
    };
    assert_eq!((loans, answers.iter().filter(on_loan).count()), (1, CLIENTS - 1));
    assert_eq!(t.open_loans_of(&item).await, 1);
    t.probe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_replays_at_both_give_one_loan() {
    let servers = two().await;
    let t = &servers[0];
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let kiosks = [kiosk.clone(), at(&servers[1], &kiosk).await];
    let (patron, item) = (t.patron().await, t.item().await);
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    let id = new_id();
    let mut racers = JoinSet::new();
    for racer in 0..CLIENTS {
        let (kiosk, id, token) = (kiosks[racer % 2].clone(), id.clone(), token.clone());
        let barcode = item.barcode.clone();
        racers.spawn(async move { kiosk.checkout_as(&id, &token, &barcode).await });
    }
    one_loan(racers.join_all().await);
    assert_eq!((t.open_loans_of(&item).await, t.open_loans_by(&patron).await), (1, 1));
    t.probe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_loans_holds_across_both() {
    let servers = two().await;
    let t = &servers[0];
    t.policy("loan.max_total", "5").await;
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let kiosks = [kiosk.clone(), at(&servers[1], &kiosk).await];
    let patron = t.patron().await;
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    let mut clients = JoinSet::new();
    for client in 0..32 {
        let (kiosk, token, item) = (kiosks[client % 2].clone(), token.clone(), t.item().await);
        clients.spawn(async move { kiosk.checkout(&token, &item.barcode).await.unwrap().loan.is_some() });
    }
    assert_eq!(clients.join_all().await.into_iter().filter(|lent| *lent).count(), 5);
    assert_eq!(t.open_loans_by(&patron).await, 5);
    t.probe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tries_of_a_card_are_counted_across_both() {
    let servers = two().await;
    let patron = servers[0].patron().await;
    let mut guesses = JoinSet::new();
    for device in 0..6 {
        let kiosk = servers[0].device(DeviceKind::SelfCheckout).await;
        let kiosks = [kiosk.clone(), at(&servers[1], &kiosk).await];
        for guess in 0..8 {
            let (kiosk, card_number) = (kiosks[guess % 2].clone(), patron.card.clone());
            let pin = format!("{:04}", 100 * device + guess);
            guesses.spawn(async move {
                let request = AuthenticatePatronRequest {
                    attempt_id: new_id(),
                    card_number,
                    pin,
                    ..Default::default()
                };
                kiosk.patrons().authenticate_patron(request).await
            });
        }
    }
    for answer in guesses.join_all().await {
        let denied = answer.map_or(true, |answer| answer.get_ref().verdict() == Verdict::Denied);
        assert!(denied, "no guess was right");
    }
    let verified: u64 = servers.iter().map(|server| server.register.vault().verified()).sum();
    assert!((1..=10).contains(&verified), "{verified} guesses were verified");
    servers[0].clock.advance(chrono::TimeDelta::days(2));
    let kiosk = servers[1].device(DeviceKind::SelfCheckout).await;
    for guess in 0..4 {
        let request = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: patron.card.clone(),
            pin: format!("90{guess:02}"),
            ..Default::default()
        };
        kiosk.patrons().authenticate_patron(request).await.unwrap();
        servers[0].clock.advance(chrono::TimeDelta::hours(2));
    }
    let verified: u64 = servers.iter().map(|server| server.register.vault().verified()).sum();
    assert!(verified <= 10, "{verified} guesses were verified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_placed_at_one_closes_the_doors_of_the_other_at_once() {
    let servers = two().await;
    let patron = servers[0].patron().await;
    let door = servers[0].device(DeviceKind::Door).await;
    let doors = [door.clone(), at(&servers[1], &door).await];
    for round in 0..4 {
        let (here, there) = (&servers[round % 2], &doors[(round + 1) % 2]);
        let open = there.ask_door(&patron.card, None, "door").await.unwrap();
        assert_eq!(open.verdict(), Verdict::Granted, "{:?}", open.refusals);
        here.ban(&patron, BanKind::SelfService).await;
        let closed = there.ask_door(&patron.card, None, "door").await.unwrap();
        assert_eq!(closed.refusals[0].reason(), RefusalReason::SelfServiceBan);
        here.end_bans(&patron, here.clock.now()).await;
    }
    // A policy too: the next question is decided by it, at whichever server.
    servers[0].policy("self_service.grant_mode", "none").await;
    let closed = doors[1].ask_door(&patron.card, None, "door").await;
    assert!(closed.is_err() || closed.unwrap().verdict() == Verdict::Denied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_one_sqlite_file_does_not_start() {
    let t = TestRegister::start(Engine::Sqlite).await;
    let refused = Store::open(&StoreOptions::new(t.database_url())).await.unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused:?}");
    let beside = StoreOptions { serves: false, ..StoreOptions::new(t.database_url()) };
    Store::open(&beside)
        .await
        .unwrap()
        .ping(tokio::time::Instant::now() + std::time::Duration::from_secs(1))
        .await
        .unwrap();
    let door = t.device(DeviceKind::Door).await;
    let patron = t.patron().await;
    assert_eq!(door.ask_door(&patron.card, None, "door").await.unwrap().verdict(), Verdict::Granted);
}
