//! E-mail to a real mail server.

use super::{
    PAST_LEASE,
    mail_server::{MailServer, PASSWORD, Protection, USER},
};
use super::{deliver, order, rows};
use chrono::{TimeDelta, Utc};
use kortisto_domain::{DeviceKind, NoticeReason, NoticeState};
use kortisto_register::notices::{Consignment, Courier, Couriers, Delivering, Halt};
use kortisto_server::{
    Now,
    notices::{EmailCourier, EmailOptions, EmailSecurity},
};
use kortisto_testkit::{Engine, TestOptions, TestRegister, on_both_engines, register::BRANCH_MAIN};
use std::{
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

fn options(server: &MailServer, password: &str) -> EmailOptions {
    let password_file = server.folder.path().join("password");
    let _ = std::fs::remove_file(&password_file);
    std::fs::write(&password_file, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&password_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    EmailOptions {
        host: "localhost".to_owned(),
        port: server.port,
        security: EmailSecurity::StartTls,
        authority: Some(server.authority()),
        credentials: Some((USER.to_owned(), password_file)),
        from: "kirjasto@kirkes.example".to_owned(),
        from_name: "Kirkes-kirjastot".to_owned(),
        timeout: Duration::from_secs(10),
        connections_max: 2,
    }
}

fn courier(options: EmailOptions) -> EmailCourier {
    kortisto_server::tls::crypto::install_default();
    let at = "2026-05-20T09:00:00Z".parse::<chrono::DateTime<Utc>>().unwrap();
    let now: Now = Arc::new(move || at);
    EmailCourier::new(options, now).unwrap()
}

/// Delivers, and is dead before it can say so.
struct Dying {
    courier: EmailCourier,
    dies: AtomicBool,
}

impl Courier for Dying {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            let carried = self.courier.deliver(consignment).await;
            if self.dies.load(SeqCst) {
                std::future::pending::<()>().await;
            }
            carried
        })
    }
}

async fn start(engine: Engine, courier: impl Courier) -> TestRegister {
    let couriers = Couriers { email: Some(Arc::new(courier)), ..Couriers::default() };
    TestRegister::start_with(engine, TestOptions { couriers, ..TestOptions::default() }).await
}

async fn ready(t: &TestRegister, address: &str) {
    // Ids are in the order of time.
    t.clock.advance(TimeDelta::seconds(1));
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let (patron, item) = (t.patron().await, t.item().await);
    t.email(&patron, address).await;
    t.hold(&patron, item.title, BRANCH_MAIN).await;
    kiosk.take_back(&item.barcode).await.unwrap();
}

on_both_engines! {
    async fn a_mail_arrives_over_starttls_with_a_password(engine: Engine) {
        let server = MailServer::start(Protection::StartTls).await;
        let t = start(engine, courier(options(&server, PASSWORD))).await;
        ready(&t, "aino@example.fi").await;
        ready(&t, "refused@example.fi").await;
        ready(&t, "later@example.fi").await;
        let done = deliver(&t).await;
        assert_eq!((done.sent, done.failed, done.later), (1, 1, 1), "{done:?}");
        let mails = server.mails();
        assert_eq!(mails.len(), 1);
        let (mail, found) = (&mails[0], rows(&t).await);
        assert_eq!((&mail["to"][0], &mail["tls"], &mail["user"]), (&"aino@example.fi".into(), &true.into(), &USER.into()));
        let header = |name: &str| mail["headers"][name].as_str().unwrap().to_owned();
        assert_eq!(header("message-id"), format!("<{}@kirkes.example>", found[0].id));
        assert_eq!(header("subject"), "Varauksesi on noudettavissa");
        assert_eq!((header("auto-submitted"), header("content-language")), ("auto-generated".to_owned(), "fi".to_owned()));
        assert!(header("from").contains("Kirkes-kirjastot") && header("date").contains("20 May 2026"));
        assert!(mail["body"].as_str().unwrap().contains("Noutonumero: "));
        let proof = found[0].proof.clone().unwrap();
        assert!(proof.starts_with("250 2.0.0 Ok: queued as Q") && !proof.contains('@'), "{proof}");
        assert_eq!((found[1].state, found[1].reason), (NoticeState::Failed.code(), Some(NoticeReason::Refused.code())));
        assert_eq!((found[2].state, found[2].reason), (NoticeState::Waiting.code(), Some(NoticeReason::NoAnswer.code())));
        t.probe().await;
    }

    async fn killed_between_the_mail_server_and_the_record_a_mail_has_its_id_again(engine: Engine) {
        let server = MailServer::start(Protection::StartTls).await;
        let dying = Arc::new(Dying { courier: courier(options(&server, PASSWORD)), dies: AtomicBool::new(true) });
        let couriers = Couriers { email: Some(dying.clone()), ..Couriers::default() };
        let t = TestRegister::start_with(engine, TestOptions { couriers, ..TestOptions::default() }).await;
        ready(&t, "aino@example.fi").await;
        let register = Arc::clone(&t.register);
        let killed = tokio::spawn(async move { register.deliver_notices(order(), &Halt::default()).await });
        while server.mails().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        killed.abort();
        dying.dies.store(false, SeqCst);
        t.clock.advance(PAST_LEASE);
        assert_eq!(deliver(&t).await.sent, 1);
        let ids: Vec<_> = server.mails().iter().map(|mail| mail["headers"]["message-id"].clone()).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[0], ids[1], "whoever looks for duplicates finds one");
        assert_eq!(rows(&t).await[0].state, NoticeState::Sent.code());
        t.probe().await;
    }

    async fn a_mail_after_one_that_was_given_up_gets_an_answer_of_its_own(engine: Engine) {
        let server = MailServer::start(Protection::StartTls).await;
        // Each answer comes in time, and all of them together do not.
        let patience = Duration::from_secs(1);
        let t = start(engine, courier(EmailOptions { timeout: patience, connections_max: 1, ..options(&server, PASSWORD) })).await;
        ready(&t, "slow@example.fi").await;
        let done = deliver(&t).await;
        assert_eq!((done.sent, done.later), (0, 1), "{done:?}");
        while server.mails().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ready(&t, "aino@example.fi").await;
        assert_eq!(deliver(&t).await.sent, 1);
        assert_eq!(server.mails().len(), 2, "it is said to be sent when it is");
        let proof = rows(&t).await[1].proof.clone().unwrap();
        assert!(proof.starts_with("250 2.0.0 Ok: queued as Q"), "{proof}");
        t.probe().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_over_tls() {
    let server = MailServer::start(Protection::Tls).await;
    let options = EmailOptions { security: EmailSecurity::Tls, ..options(&server, PASSWORD) };
    let t = start(Engine::Sqlite, courier(options)).await;
    ready(&t, "aino@example.fi").await;
    assert_eq!(deliver(&t).await.sent, 1);
    assert_eq!(server.mails()[0]["tls"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lets_nobody_in_is_tried_again_later() {
    let server = MailServer::start(Protection::StartTls).await;
    type Change = fn(&mut EmailOptions);
    let changes: [(&str, &str, Change); 4] = [
        ("a wrong password", "wrong", |_| {}),
        ("an authority that did not sign", PASSWORD, |options| options.authority = None),
        ("nobody listens", PASSWORD, |options| options.port = closed_port()),
        ("no TLS there", PASSWORD, |options| {
            options.security = EmailSecurity::Tls;
            options.timeout = Duration::from_secs(2);
        }),
    ];
    for (why, password, change) in changes {
        let mut options = options(&server, password);
        change(&mut options);
        let courier = courier(options);
        let t = start(Engine::Sqlite, courier).await;
        ready(&t, "aino@example.fi").await;
        ready(&t, "eino@example.fi").await;
        let done = deliver(&t).await;
        assert_eq!((done.sent, done.later, done.failed), (0, 2, 0), "{why}: {done:?}");
    }
    assert!(server.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_may_not_send_is_no_refusal_of_its_mails() {
    let server = MailServer::start(Protection::StartTls).await;
    let blocked = || EmailOptions { from: "blocked@kirkes.example".to_owned(), ..options(&server, PASSWORD) };
    let no_service = EmailOptions {
        port: closed_to_all().await,
        security: EmailSecurity::None,
        credentials: None,
        ..options(&server, PASSWORD)
    };
    let usual = || options(&server, PASSWORD);
    for (why, options, addresses, (sent, later, failed)) in [
        ("the sender may not send", blocked(), ["aino@example.fi", "eino@example.fi"], (0, 2, 0)),
        ("the server greets nobody", no_service, ["aino@example.fi", "eino@example.fi"], (0, 2, 0)),
        ("all get the same bare code", usual(), ["bare@example.fi", "bare2@example.fi"], (0, 2, 0)),
        ("one gets a bare code", usual(), ["bare@example.fi", "aino@example.fi"], (1, 0, 1)),
        ("relaying is denied", usual(), ["aino@example.fi", "relay@example.fi"], (1, 1, 0)),
        ("two mailboxes are not there", usual(), ["refused@example.fi", "refused2@example.fi"], (0, 0, 2)),
    ] {
        let t = start(Engine::Sqlite, courier(options)).await;
        for address in addresses {
            ready(&t, address).await;
        }
        let done = deliver(&t).await;
        assert_eq!((done.sent, done.later, done.failed), (sent, later, failed), "{why}: {done:?}");
        t.probe().await;
    }
}

/// A port at which a mail server says that it is none.
async fn closed_to_all() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"554 no service here\r\n").await;
        }
    });
    port
}

/// A port at which nobody listens.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
