//! An installation in a folder: made by the commands of the binary, as an operator makes it.

use chrono::{SubsecRound as _, TimeDelta};
use kortisto::device::v1::{
    AuthenticatePatronRequest, CheckAccessRequest, CheckAccessResponse, CheckoutRequest, CheckoutResponse,
    EnrolDeviceRequest, access_service_client::AccessServiceClient,
    enrolment_service_client::EnrolmentServiceClient, loan_service_client::LoanServiceClient,
    patron_service_client::PatronServiceClient,
};
use kortisto_register::{Clock as _, SystemClock};
use kortisto_server::{ca::Authority, tls::crypto};
use kortisto_store::{Store, StoreOptions, entities::open_loans};
use kortisto_testkit::register::new_id;
use rcgen::{CertificateParams, KeyPair};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use secrecy::ExposeSecret as _;
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tonic::{
    Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

pub(crate) const CARD: &str = "853A0000001";
pub(crate) const OTHER_CARD: &str = "853A0000002";
pub(crate) const PIN: &str = "4711";
pub(crate) const ITEM: &str = "153N00000001";

/// How long a server may take to start, and a database to come back.
const START_LIMIT: Duration = Duration::from_secs(30);

const FILES: [(&str, &str); 5] = [
    (
        "branches",
        "code,name,municipality,hours,resources\nmain,Pääkirjasto,153,Mon-Sun 00:00-24:00 self-service,door:door\n",
    ),
    ("policies", "key,value,valid_from,decision\nself_service.grant_mode,all,2020-01-01,test\n"),
    ("titles", "number,label,material,language\nt1,Kirjailija: Teos,book,fi\n"),
    ("items", "barcode,title_number,branch,collection\n153N00000001,t1,main,aikuiset\n"),
    (
        "patrons",
        "number,family_name,given_names,birth_date,category,service_language,home_branch,card_number,card_valid_from,pin\n\
         p1,Testaaja,Aino,1980-05-17,person,fi,main,853A0000001,2020-01-01,4711\n\
         p2,Testaaja,Eino,1981-05-17,person,fi,main,853A0000002,2020-01-01,4711\n",
    ),
];

/// A folder with keys, certificates and a configuration.
pub(crate) struct Installation {
    folder: TempDir,
    database_url: String,
    pub(crate) addr: SocketAddr,
    enrolment_addr: SocketAddr,
    authority_pem: String,
}

impl Installation {
    /// Sets up a register on an empty database; none means SQLite in the folder.
    pub(crate) fn set_up(database_url: Option<String>) -> Self {
        crypto::install_default();
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let database_url = database_url.unwrap_or_else(|| format!("sqlite://{}", path("register.db")));
        let now = SystemClock.now().trunc_subsecs(0);
        let authority = Authority::create(now, "Testikirjastot").unwrap();
        authority.store(folder.path()).unwrap();
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let server = authority.issue_server_certificate(&names, now, TimeDelta::hours(2)).unwrap();
        fs::write(path("server.pem"), &server.certificate_pem).unwrap();
        fs::write(path("server.key"), server.key_pem.expose_secret()).unwrap();
        fs::set_permissions(path("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let (addr, enrolment_addr) = (free_address(), free_address());
        let config = format!(
            "[listen]\naddr = \"{addr}\"\nenrolment_addr = \"{enrolment_addr}\"\n\
             [database]\nurl = \"{database_url}\"\n\
             [tls]\ncertificate = {:?}\nkey = {:?}\ndevice_authority = {:?}\nissuing_authority_key = {:?}\n\
             [keys]\nfile = {:?}\n[consortium]\nname = \"Testikirjastot\"\n[metrics]\nenabled = false\n\
             [log]\nlevel = \"warn\"\n[drain]\nlame_duck_ms = 0\nlimit_ms = 2000\n",
            path("server.pem"),
            path("server.key"),
            path("authority.pem"),
            path("authority.key"),
            path("keys.toml"),
        );
        fs::write(path("kortisto.toml"), config).unwrap();
        let authority_pem = authority.certificate_pem().to_owned();
        let this = Self { folder, database_url, addr, enrolment_addr, authority_pem };
        this.succeed(&["keys", "create"]);
        this.succeed(&["migrate"]);
        for (kind, text) in FILES {
            let file = this.folder.path().join(format!("{kind}.csv"));
            fs::write(&file, text).unwrap();
            this.succeed(&["import", kind, &file.display().to_string()]);
        }
        this
    }

    /// A command of the binary.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kortisto"));
        command.arg("--config").arg(self.folder.path().join("kortisto.toml")).args(arguments);
        command.env_remove("CREDENTIALS_DIRECTORY").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a command, to be killed before its end.
    pub(crate) fn start(&self, arguments: &[&str]) -> Server {
        let child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        Server { child }
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) async fn serve(&self) -> Server {
        let mut server = self.start(&["serve"]);
        let give_up = Instant::now() + START_LIMIT;
        while tokio::net::TcpStream::connect(self.addr).await.is_err() {
            assert!(server.runs(), "the server ended at its start");
            assert!(Instant::now() < give_up, "the server does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// Enrols a device with a one-time code and gives its certificate and key.
    pub(crate) async fn enrol(&self, name: &str, kind: &str) -> (String, String) {
        let code = self.succeed(&["device", "enroll", name, "--kind", kind, "--branch", "main"]);
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let channel = self.connect(self.enrolment_addr, None).await;
        let ask =
            EnrolDeviceRequest { enrolment_code: code.trim().to_owned(), certificate_request_pem: request };
        let enrolled = EnrolmentServiceClient::new(channel).enrol_device(ask).await.unwrap().into_inner();
        (enrolled.certificate_pem, key.serialize_pem())
    }

    /// Connects to an address of the server, or to a proxy in front of it.
    pub(crate) async fn connect(&self, addr: SocketAddr, identity: Option<&(String, String)>) -> Channel {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.authority_pem))
            .domain_name("localhost");
        if let Some((certificate, key)) = identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        let endpoint = Endpoint::from_shared(format!("https://{addr}")).unwrap().tls_config(tls).unwrap();
        let give_up = Instant::now() + START_LIMIT;
        loop {
            match endpoint.connect().await {
                Ok(channel) => return channel,
                Err(error) => assert!(Instant::now() < give_up, "{error}"),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The database, beside whatever runs.
    pub(crate) async fn store(&self) -> Store {
        let mut options = StoreOptions::new(&self.database_url);
        options.serves = false;
        Store::open(&options).await.unwrap()
    }

    /// How many loans are open, as the database says beside the server.
    pub(crate) async fn open_loans(&self) -> u64 {
        let store = self.store().await;
        let count = open_loans::Entity::find().count(store.readers()).await.unwrap();
        store.close().await;
        count
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A running server, or another command that runs.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Whether it has not ended yet.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: nothing of the process gets to say goodbye.
    pub(crate) fn kill9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn sign_in(channel: &Channel, card: &str) -> String {
    let ask = AuthenticatePatronRequest {
        attempt_id: new_id(),
        card_number: card.to_owned(),
        pin: PIN.to_owned(),
        ..Default::default()
    };
    let answer =
        PatronServiceClient::new(channel.clone()).authenticate_patron(ask).await.unwrap().into_inner();
    assert!(!answer.patron_token.is_empty(), "{:?}", answer.refusals);
    answer.patron_token
}

pub(crate) async fn checkout(channel: &Channel, id: &str, token: &str) -> Result<CheckoutResponse, Status> {
    let ask = CheckoutRequest {
        request_id: id.to_owned(),
        patron_token: token.to_owned(),
        item_barcode: ITEM.to_owned(),
    };
    LoanServiceClient::new(channel.clone()).checkout(ask).await.map(tonic::Response::into_inner)
}

pub(crate) async fn ask_door(channel: &Channel, card: &str) -> Result<CheckAccessResponse, Status> {
    let ask = CheckAccessRequest {
        card_number: card.to_owned(),
        pin: None,
        resource: "door".to_owned(),
        nonce: new_id(),
    };
    AccessServiceClient::new(channel.clone()).check_access(ask).await.map(tonic::Response::into_inner)
}
