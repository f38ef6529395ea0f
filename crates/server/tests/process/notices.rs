//! A server that is killed while it hands out a notice, over a webhook with TLS of its own.

use crate::kit::{ITEM, Installation};
use chrono::TimeDelta;
use kortisto::device::v1::{ReturnRequest, loan_service_client::LoanServiceClient};
use kortisto_domain::{HoldState, NoticeChannel, NoticeKind, NoticeState, RecordSource};
use kortisto_register::{Clock as _, SystemClock};
use kortisto_store::entities::{holds, notice_preferences, notices, patrons, phones, titles};
use kortisto_testkit::{
    postgres::{Cluster, Template},
    register::new_id,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;

/// How long a notice may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long nothing more may come.
const SILENCE: Duration = Duration::from_secs(3);

/// A gateway for text messages: what it was asked, and whether it answers.
struct Gateway {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<AtomicBool>,
}

impl Gateway {
    /// With the certificate that the installation's own server has.
    async fn open(installation: &Installation) -> Self {
        let certificates = CertificateDer::pem_file_iter(installation.path().join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(installation.path().join("server.key")).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(certificates.map(Result::unwrap).collect(), key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("https://localhost:{}/sms", listener.local_addr().unwrap().port());
        let (asked, answers) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (kept, answering) = (Arc::clone(&asked), Arc::clone(&answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answering, acceptor) =
                    (Arc::clone(&kept), Arc::clone(&answering), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = Vec::new();
                    // The body is JSON, and ends as such.
                    while !request.ends_with(b"}") {
                        let mut part = [0; 4096];
                        match stream.read(&mut part).await {
                            Ok(read) if read > 0 => request.extend_from_slice(&part[..read]),
                            _ => return,
                        }
                    }
                    kept.lock().unwrap().push(String::from_utf8(request).unwrap());
                    if answering.load(SeqCst) {
                        let answer =
                            b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                        let _ = stream.write_all(answer).await;
                        let _ = stream.shutdown().await;
                    } else {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { url, asked, answers }
    }

    /// Waits until it was asked this often, and gives under which ids.
    async fn asked(&self, times: usize) -> Vec<String> {
        let give_up = Instant::now() + PATIENCE;
        while self.asked.lock().unwrap().len() < times {
            assert!(Instant::now() < give_up, "no {times} messages came");
            sleep(Duration::from_millis(20)).await;
        }
        let of_request = |request: &String| {
            let head = request.to_lowercase();
            let id = head.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
            id.expect("a key").to_owned()
        };
        self.asked.lock().unwrap().iter().map(of_request).collect()
    }
}

/// Lets the installation send text messages through the gateway.
fn configure(installation: &Installation, gateway: &Gateway) {
    let (config, secret) =
        (installation.path().join("kortisto.toml"), installation.path().join("gateway.secret"));
    fs::write(&secret, "yhteinen avain").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let more = format!(
        "[notices]\nevery_seconds = 1\nsms_from = \"00:00\"\nsms_until = \"24:00\"\n[notices.webhook]\nurl = {:?}\nsecret_file = {:?}\nauthority = {:?}\n",
        gateway.url,
        secret.display().to_string(),
        installation.path().join("authority.pem").display().to_string(),
    );
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + &more).unwrap();
}

/// Somebody waits for the one title, and wants a text message when it is there.
async fn somebody_waits(installation: &Installation) {
    let store = installation.store().await;
    let patron = patrons::Entity::find().filter(patrons::Column::Number.eq("p1"));
    let patron = patron.one(store.readers()).await.unwrap().unwrap().id;
    let title = titles::Entity::find().one(store.readers()).await.unwrap().unwrap().id;
    let phone = phones::ActiveModel {
        patron_id: Set(patron),
        number: Set("+358401234567".to_owned()),
        sms: Set(true),
        source: Set(RecordSource::Patron.code()),
        recorded_at: Set(SystemClock.now()),
        recorded_by: Set("test".to_owned()),
        ..Default::default()
    };
    phone.insert(store.writer()).await.unwrap();
    let preference = notice_preferences::ActiveModel {
        patron_id: Set(patron),
        notice: Set(NoticeKind::Pickup.code()),
        channel: Set(NoticeChannel::Sms.code()),
        days_before: Set(None),
    };
    preference.insert(store.writer()).await.unwrap();
    let hold = holds::ActiveModel {
        id: Set(new_id().parse().unwrap()),
        queue_number: Set(1),
        patron_id: Set(patron),
        title_id: Set(title),
        pickup_branch_id: Set(1),
        state: Set(HoldState::Pending.code()),
        placed_at: Set(SystemClock.now()),
        ..Default::default()
    };
    hold.insert(store.writer()).await.unwrap();
    store.close().await;
}

async fn notice(installation: &Installation) -> notices::Model {
    let store = installation.store().await;
    let mut rows = notices::Entity::find().all(store.readers()).await.unwrap();
    store.close().await;
    assert_eq!(rows.len(), 1, "one notice for one hold");
    rows.remove(0)
}

/// Killed after the gateway has the message and before it says so: the message comes once more under the same id, by
/// which the gateway knows it, and then never again.
async fn a_notice_survives_its_server(installation: &Installation) {
    let gateway = Gateway::open(installation).await;
    configure(installation, &gateway);
    somebody_waits(installation).await;
    let server = installation.serve().await;
    let identity = installation.enrol("kiosk", "self-checkout").await;
    let channel = installation.connect(installation.addr, Some(&identity)).await;
    let request = ReturnRequest { request_id: new_id(), item_barcode: ITEM.to_owned() };
    LoanServiceClient::new(channel).r#return(request).await.unwrap();
    let first = gateway.asked(1).await;
    server.kill9();
    assert_eq!(notice(installation).await.state, NoticeState::Waiting.code());

    // The lease of the one that is dead runs for some minutes.
    gateway.answers.store(true, SeqCst);
    let store = installation.store().await;
    notices::Entity::update_many()
        .col_expr(notices::Column::TakenUntil, Expr::value(SystemClock.now() - TimeDelta::seconds(1)))
        .exec(store.writer())
        .await
        .unwrap();
    store.close().await;
    let server = installation.serve().await;
    let both = gateway.asked(2).await;
    assert_eq!(both, [first[0].clone(), first[0].clone()]);
    let give_up = Instant::now() + PATIENCE;
    while notice(installation).await.state != NoticeState::Sent.code() {
        assert!(Instant::now() < give_up, "that it was sent is not recorded");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(SILENCE).await;
    assert_eq!(gateway.asked(2).await.len(), 2, "and never again");
    assert_eq!(notice(installation).await.id.to_string(), first[0]);
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_survives_its_server_on_sqlite() {
    a_notice_survives_its_server(&Installation::set_up(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_survives_its_server_on_postgres() {
    let cluster = Cluster::shared().await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    a_notice_survives_its_server(&Installation::set_up(Some(database.url()))).await;
}
