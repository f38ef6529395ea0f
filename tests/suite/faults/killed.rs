//! A server that is killed loses no acknowledged loan, and a retry finds what was committed.

use super::child::{self, Process, Role};
use kortisto::device::v1::{CheckoutRequest, CheckoutResponse, loan_service_client::LoanServiceClient};
use kortisto_domain::DeviceKind;
use kortisto_store::{Store, StoreOptions};
use kortisto_testkit::{
    Engine, TempDir, TestOptions, TestRegister,
    chaos_proxy::{ChaosProxy, Direction},
    register::{Home, TestDatabase, connect_at, dump, new_id, probe},
};
use std::{fs, net::SocketAddr, path::Path, time::Duration};
use tokio::{task::JoinSet, time::sleep};
use tonic::{Status, transport::Channel};

/// Items that a child brings into its register.
const ITEMS: usize = 40;

/// How long a child may take to start.
const START_MAX: Duration = Duration::from_secs(30);

/// A delay that no test outlives: what is sent stays under way.
const FOR_EVER: Duration = Duration::from_secs(600);

/// The child: a server on the database of the file `url`, with the keys of the folder. In its first life
/// it also brings in what the parent needs to ask it.
pub(super) async fn serve(folder: &Path) {
    let database = TestDatabase::Elsewhere(read(folder, "url"));
    let t = TestRegister::start_at(database, &Home::in_folder(folder), TestOptions::default()).await;
    if !folder.join("token").exists() {
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let mut barcodes = Vec::new();
        for _ in 0..ITEMS {
            barcodes.push(t.item().await.barcode);
        }
        write(folder, "barcodes", &barcodes.join("\n"));
        write(folder, "certificate", &kiosk.identity.0);
        write(folder, "device-key", &kiosk.identity.1);
        write(folder, "authority", t.authority_pem());
        write(folder, "token", &kiosk.sign_in(&patron.card, patron.pin).await);
    }
    write(folder, "address", &t.addr.to_string());
    std::future::pending::<()>().await;
}

/// Whole or not at all, since the parent looks while the child writes.
fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join("draft"), text).unwrap();
    fs::rename(folder.join("draft"), folder.join(name)).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A database, a folder, and servers on them that come and go.
struct Lives {
    folder: TempDir,
    database: TestDatabase,
}

/// One life of the server, reached through a proxy.
struct Life {
    server: Process,
    proxy: ChaosProxy,
    channel: Channel,
}

impl Life {
    async fn checkout(channel: &Channel, request: &CheckoutRequest) -> Result<CheckoutResponse, Status> {
        let mut client = LoanServiceClient::new(channel.clone());
        client.checkout(request.clone()).await.map(tonic::Response::into_inner)
    }

    /// SIGKILL.
    async fn kill(mut self) {
        self.server.child.kill().await.unwrap();
    }
}

impl Lives {
    async fn of(engine: Engine) -> Self {
        let (folder, database) = (TempDir::new().unwrap(), TestDatabase::fresh(engine).await);
        write(folder.path(), "url", &database.url());
        Self { folder, database }
    }

    async fn next(&self) -> Life {
        let folder = self.folder.path();
        let _ = fs::remove_file(folder.join("address"));
        let server = child::start(Role::Server, folder);
        let up = async {
            while !folder.join("address").exists() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(START_MAX, up).await;
        in_time.unwrap_or_else(|_| panic!("no server: {}", read(folder, "output.txt")));
        let address: SocketAddr = read(folder, "address").parse().unwrap();
        let proxy = ChaosProxy::start(address).await.unwrap();
        let identity = (read(folder, "certificate"), read(folder, "device-key"));
        let authority = read(folder, "authority");
        let channel = connect_at(proxy.address(), &authority, Some(&identity)).await.unwrap();
        Life { server, proxy, channel }
    }

    /// A store beside whatever server there is.
    async fn eyes(&self) -> Store {
        let options = StoreOptions { serves: false, ..StoreOptions::new(self.database.url()) };
        Store::open(&options).await.unwrap()
    }

    /// A request for each item.
    fn requests(&self) -> Vec<CheckoutRequest> {
        let (token, barcodes) = (read(self.folder.path(), "token"), read(self.folder.path(), "barcodes"));
        let request = |barcode: &str| CheckoutRequest {
            request_id: new_id(),
            patron_token: token.clone(),
            item_barcode: barcode.to_owned(),
        };
        barcodes.lines().map(request).collect()
    }
}

async fn between_commit_and_reply(engine: Engine) {
    let lives = Lives::of(engine).await;
    let life = lives.next().await;
    let request = lives.requests().remove(0);
    life.proxy.delay(Direction::ToClient, FOR_EVER);
    let (channel, asked) = (life.channel.clone(), request.clone());
    let lost = tokio::spawn(async move { Life::checkout(&channel, &asked).await });
    let eyes = lives.eyes().await;
    let committed = loop {
        let loans = dump(&eyes).await["open_loans"].clone();
        if !loans.is_empty() {
            break loans;
        }
        assert!(!lost.is_finished(), "nothing was to come back: {lost:?}");
        sleep(Duration::from_millis(5)).await;
    };
    life.kill().await;
    assert!(lost.await.unwrap().is_err(), "the reply was cut off");

    let life = lives.next().await;
    let first = Life::checkout(&life.channel, &request).await.unwrap();
    let second = Life::checkout(&life.channel, &request).await.unwrap();
    assert_eq!(first, second);
    let loan = first.loan.unwrap().loan_id;
    assert_eq!(dump(&eyes).await["open_loans"], committed, "the loan of before, and no other");
    let id = loan.replace('-', "");
    let row = committed[0].to_lowercase();
    assert!(row.contains(&id) || row.contains(&loan), "{loan} in {row}");
    probe(&eyes).await;
    life.kill().await;
}

async fn at_any_moment(engine: Engine) {
    let lives = Lives::of(engine).await;
    let mut life = lives.next().await;
    let requests = lives.requests();
    let mut acknowledged = Vec::new();
    for (round, some) in requests.chunks(ITEMS / 4).enumerate() {
        let mut calls = JoinSet::new();
        for request in some.iter().cloned() {
            let channel = life.channel.clone();
            calls.spawn(async move {
                let answer = Life::checkout(&channel, &request).await;
                answer.ok().map(|answer| (request, answer.loan.unwrap().loan_id))
            });
        }
        sleep(Duration::from_millis([0, 4, 9, 30][round % 4])).await;
        life.kill().await;
        acknowledged.extend(calls.join_all().await.into_iter().flatten());
        life = lives.next().await;
    }
    for (request, loan) in &acknowledged {
        let again = Life::checkout(&life.channel, request).await.unwrap();
        assert_eq!(again.loan.unwrap().loan_id, *loan, "an acknowledged loan stays");
    }
    for request in &requests {
        assert!(Life::checkout(&life.channel, request).await.unwrap().loan.is_some());
    }
    let eyes = lives.eyes().await;
    assert_eq!(dump(&eyes).await["open_loans"].len(), ITEMS);
    probe(&eyes).await;
    life.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_commit_and_reply_on_sqlite() {
    between_commit_and_reply(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_commit_and_reply_on_postgres() {
    between_commit_and_reply(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_moment_on_sqlite() {
    at_any_moment(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_moment_on_postgres() {
    at_any_moment(Engine::Postgres).await;
}
