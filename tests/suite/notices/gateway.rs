//! Text messages to a real HTTP endpoint, letters to real files.

use super::{
    PAST_LEASE, deliver,
    endpoint::{Asked, Behaviour, endpoint},
    order, rows,
};
use chrono::TimeDelta;
use kortisto_domain::{DeviceKind, NoticeChannel, NoticeKind, NoticeReason, NoticeState};
use kortisto_register::notices::{Consignment, Courier, Couriers, Delivering, Halt};
use kortisto_server::{
    Now,
    notices::{PrintFile, WebhookCourier, WebhookOptions},
};
use kortisto_store::entities::notice_preferences;
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, TestPatron},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

const SECRET: &str = "yhteinen avain";

/// The time that signatures carry.
const SECONDS: i64 = 1_750_000_000;

/// A courier that waits for two seconds.
pub(super) fn webhook(folder: &TempDir, url: &str) -> Arc<dyn Courier> {
    webhook_within(folder, url, Duration::from_secs(2))
}

/// A courier that waits for so long.
pub(super) fn webhook_within(folder: &TempDir, url: &str, timeout: Duration) -> Arc<dyn Courier> {
    kortisto_server::tls::crypto::install_default();
    let secret_file = folder.path().join("secret");
    if !secret_file.exists() {
        std::fs::write(&secret_file, SECRET).unwrap();
        std::fs::set_permissions(&secret_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let now: Now = Arc::new(|| chrono::DateTime::from_timestamp(SECONDS, 0).unwrap());
    let options = WebhookOptions { url: url.to_owned(), secret_file, authority: None, timeout };
    Arc::new(WebhookCourier::new(&options, now).unwrap())
}

async fn start(engine: Engine, couriers: Couriers) -> TestRegister {
    TestRegister::start_with(engine, TestOptions { couriers, ..TestOptions::default() }).await
}

pub(super) async fn ready(t: &TestRegister, patron: &TestPatron) {
    // Ids are in the order of time.
    t.clock.advance(TimeDelta::seconds(1));
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let item = t.item().await;
    t.hold(patron, item.title, BRANCH_MAIN).await;
    kiosk.take_back(&item.barcode).await.unwrap();
}

/// Somebody who wants text messages.
async fn texted(t: &TestRegister) -> TestPatron {
    texted_at(t, "+358401234567").await
}

/// Somebody who wants text messages at this number.
pub(super) async fn texted_at(t: &TestRegister, number: &str) -> TestPatron {
    let patron = t.patron().await;
    t.phone(&patron, number).await;
    let row = notice_preferences::ActiveModel {
        patron_id: Set(patron.id),
        notice: Set(NoticeKind::Pickup.code()),
        channel: Set(NoticeChannel::Sms.code()),
        days_before: Set(None),
    };
    row.insert(t.store.writer()).await.unwrap();
    patron
}

/// The body of the one message that was posted: under its id, and signed.
fn only_posted(asked: &Asked, id: &str) -> Value {
    let asked = asked.lock().unwrap();
    let [(head, body)] = asked.as_slice() else { panic!("{} messages", asked.len()) };
    assert!(head.starts_with("POST /kortisto?v=1 HTTP/1.1"), "{head}");
    let lower = head.to_lowercase();
    assert!(lower.contains("content-type: application/json"));
    assert!(lower.contains(&format!("idempotency-key: {id}")));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let mut signed = format!("{SECONDS}.").into_bytes();
    signed.extend_from_slice(body);
    let tag: String =
        ring::hmac::sign(&key, &signed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(lower.contains(&format!("kortisto-signature: t={SECONDS},v1={tag}")), "{head}");
    let posted: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(posted["id"], id);
    posted
}

fn letters(folder: &Path) -> Vec<(String, Vec<Value>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

/// Delivers, and is dead before it can say so.
struct Dying {
    courier: PrintFile,
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

on_both_engines! {
    async fn a_text_message_is_posted_signed_and_with_its_id(engine: Engine) {
        let folder = TempDir::new().unwrap();
        let (url, asked) = endpoint(Behaviour::of("202 Accepted", r#"{"id":"sms-17"}"#)).await;
        let t = start(engine, Couriers { sms: Some(webhook(&folder, &url)), ..Couriers::default() }).await;
        ready(&t, &texted(&t).await).await;
        assert_eq!(deliver(&t).await.sent, 1);
        let row = rows(&t).await.remove(0);
        assert_eq!(row.proof.as_deref(), Some("202 sms-17"));
        let posted = only_posted(&asked, &row.id.to_string());
        assert_eq!((posted["channel"].as_str(), posted["to"].as_str()), (Some("sms"), Some("+358401234567")));
        assert_eq!(posted["language"], "fi");
        assert!(posted["body"].as_str().unwrap().contains("varaus noudettavissa"));
        assert!(posted.get("subject").is_none() && posted.get("address").is_none());
        t.probe().await;
    }

    async fn a_letter_is_posted_with_its_address_and_subject(engine: Engine) {
        let folder = TempDir::new().unwrap();
        let (url, asked) = endpoint(Behaviour::of("201 Created", r#"{"id":"letter-4"}"#)).await;
        let t = start(engine, Couriers { letter: Some(webhook(&folder, &url)), ..Couriers::default() }).await;
        let patron = t.patron().await;
        t.address(&patron, "Koivukatu 3").await;
        ready(&t, &patron).await;
        assert_eq!(deliver(&t).await.sent, 1);
        let row = rows(&t).await.remove(0);
        assert_eq!((row.channel, row.proof.as_deref()), (Some(NoticeChannel::Letter.code()), Some("201 letter-4")));
        let posted = only_posted(&asked, &row.id.to_string());
        assert_eq!((posted["channel"].as_str(), posted["language"].as_str()), (Some("letter"), Some("fi")));
        let address: Vec<_> = posted["address"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(address[..2], ["Aino Maria Testaaja", "Koivukatu 3"], "{address:?}");
        assert_eq!(posted["subject"], "Varauksesi on noudettavissa");
        assert!(posted["body"].as_str().unwrap().contains("Kirjailija: Teos"));
        assert!(posted.get("to").is_none());
        t.probe().await;
    }

    async fn letters_are_one_file_that_appears_whole(engine: Engine) {
        let folder = TempDir::new().unwrap();
        let courier = Arc::new(Dying { courier: PrintFile::new(folder.path().to_owned()), dies: AtomicBool::new(false) });
        let t = start(engine, Couriers { letter: Some(courier.clone()), ..Couriers::default() }).await;
        let patron = t.patron().await;
        t.address(&patron, "Koivukatu 3").await;
        ready(&t, &patron).await;
        ready(&t, &patron).await;
        assert_eq!(deliver(&t).await.sent, 2);
        let files = letters(folder.path());
        assert_eq!(files.len(), 1);
        let (name, found) = &files[0];
        let sent = rows(&t).await;
        assert!(name.starts_with("letters-") && name.ends_with(".jsonl"), "{name}");
        assert!(sent.iter().all(|row| row.proof.as_deref() == Some(name)));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["id"], sent[0].id.to_string());
        assert_eq!(found[0]["address"][1], "Koivukatu 3");
        assert_eq!(found[0]["subject"], "Varauksesi on noudettavissa");
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "nobody else reads addresses");

        // Killed after the file is there: the file tells, and nothing is printed twice.
        courier.dies.store(true, SeqCst);
        ready(&t, &patron).await;
        let register = Arc::clone(&t.register);
        let killed = tokio::spawn(async move { register.deliver_notices(order(), &Halt::default()).await });
        while letters(folder.path()).len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        killed.abort();
        courier.dies.store(false, SeqCst);
        t.clock.advance(PAST_LEASE);
        assert_eq!(deliver(&t).await.sent, 1);
        let files = letters(folder.path());
        assert_eq!(files.len(), 2, "no third file");
        let row = rows(&t).await.remove(2);
        let printed = files.iter().find(|(name, _)| Some(name) == row.proof.as_ref()).unwrap();
        assert_eq!(printed.1[0]["id"], row.id.to_string());
        t.probe().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_says_whether_to_try_again() {
    for (status, state, reason) in [
        ("200 OK", NoticeState::Sent, None),
        ("422 Unprocessable Content", NoticeState::Failed, Some(NoticeReason::Refused)),
        ("400 Bad Request", NoticeState::Failed, Some(NoticeReason::Refused)),
        ("401 Unauthorized", NoticeState::Waiting, Some(NoticeReason::NoAnswer)),
        ("404 Not Found", NoticeState::Waiting, Some(NoticeReason::NoAnswer)),
        ("302 Found", NoticeState::Waiting, Some(NoticeReason::NoAnswer)),
        ("429 Too Many Requests", NoticeState::Waiting, Some(NoticeReason::NoAnswer)),
        ("503 Service Unavailable", NoticeState::Waiting, Some(NoticeReason::NoAnswer)),
    ] {
        let folder = TempDir::new().unwrap();
        let (url, asked) = endpoint(Behaviour::of(status, "not JSON")).await;
        let couriers = Couriers { sms: Some(webhook(&folder, &url)), ..Couriers::default() };
        let t = start(Engine::Sqlite, couriers).await;
        ready(&t, &texted(&t).await).await;
        deliver(&t).await;
        let row = rows(&t).await.remove(0);
        assert_eq!((row.state, row.reason), (state.code(), reason.map(NoticeReason::code)), "{status}");
        assert_eq!(asked.lock().unwrap().len(), 1, "{status}: a redirect is not followed");
        t.probe().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_silent_is_tried_again_later() {
    let folder = TempDir::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let t =
        start(Engine::Sqlite, Couriers { sms: Some(webhook(&folder, &url)), ..Couriers::default() }).await;
    let patron = texted(&t).await;
    ready(&t, &patron).await;
    ready(&t, &patron).await;
    let before = tokio::time::Instant::now();
    assert_eq!(deliver(&t).await.later, 2);
    assert!(before.elapsed() < Duration::from_secs(4), "the second one does not wait as well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_not_there_is_tried_again_later() {
    let folder = TempDir::new().unwrap();
    let courier = PrintFile::new(folder.path().join("missing"));
    let t = start(Engine::Sqlite, Couriers { letter: Some(Arc::new(courier)), ..Couriers::default() }).await;
    let patron = t.patron().await;
    t.address(&patron, "Koivukatu 3").await;
    ready(&t, &patron).await;
    assert_eq!(deliver(&t).await.later, 1);
}
