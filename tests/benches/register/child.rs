//! Servers in processes of their own: this binary, started again in another role.

use crate::{
    baselines, caller,
    library::{Library, size::CONNECTIONS},
    load::Said,
};
use chrono::TimeDelta;
use clap::Parser as _;
use kortisto_register::{Clock as _, SystemClock};
use kortisto_server::commands::{Cli, run};
use secrecy::ExposeSecret as _;
use std::{
    env, fs,
    io::Read as _,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio, exit},
    thread,
    time::{Duration, Instant},
};
use tonic::transport::Channel;

/// Names the role of a child.
const ROLE: &str = "KORTISTO_BENCH_ROLE";

/// How long a server may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The files that prove who a server is.
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) authority: PathBuf,
}

impl Files {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
            authority: folder.join("authority.pem"),
        }
    }

    /// Writes them, unless they are there.
    fn write(&self, library: &Library) {
        if self.key.exists() {
            return;
        }
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let issued = library
            .authority
            .issue_server_certificate(&names, SystemClock.now(), TimeDelta::days(2))
            .expect("a server certificate");
        fs::write(&self.certificate, issued.certificate_pem).expect("a file");
        fs::write(&self.authority, library.authority.certificate_pem()).expect("a file");
        let mut key =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.key).expect("a file");
        std::io::Write::write_all(&mut key, issued.key_pem.expose_secret().as_bytes()).expect("a file");
    }
}

/// A server that ends when this is dropped, or when this process ends in any way.
pub(crate) struct Server {
    child: Child,
    /// Where devices connect.
    pub(crate) port: u16,
    /// A baseline has more than one: see [`baselines`].
    pub(crate) other_ports: [u16; 2],
}

impl Server {
    /// `kortisto serve`, configured as an operator would, with the defaults.
    pub(crate) async fn start(library: &Library) -> Self {
        let folder = library.folder.path();
        let files = Files::in_folder(folder);
        files.write(library);
        let ports = free_ports();
        let config = format!(
            "[listen]\naddr = \"127.0.0.1:{}\"\nenrolment_addr = \"127.0.0.1:{}\"\n\
             [database]\nurl = \"{}\"\n\
             [tls]\ncertificate = \"{}\"\nkey = \"{}\"\ndevice_authority = \"{}\"\n\
             [keys]\nfile = \"{}\"\n[metrics]\naddr = \"127.0.0.1:{}\"\n[log]\nlevel = \"off\"\n",
            ports[0],
            ports[1],
            library.url(),
            files.certificate.display(),
            files.key.display(),
            files.authority.display(),
            library.key_file().display(),
            ports[2],
        );
        let path = folder.join("kortisto.toml");
        fs::write(&path, config).expect("a file");
        Self::launch("serve", &[path.display().to_string()], ports, library).await
    }

    /// The servers that the register is compared with.
    pub(crate) async fn start_baselines(library: &Library) -> Self {
        let folder = library.folder.path();
        Files::in_folder(folder).write(library);
        let ports = free_ports();
        let arguments =
            [ports.map(|port| port.to_string()).to_vec(), vec![folder.display().to_string(), library.url()]];
        Self::launch("baselines", &arguments.concat(), ports, library).await
    }

    async fn launch(role: &str, arguments: &[String], ports: [u16; 3], library: &Library) -> Self {
        let program = env::current_exe().expect("this binary");
        let child = Command::new(program).args(arguments).env(ROLE, role).stdin(Stdio::piped()).spawn();
        let mut server =
            Self { child: child.expect("a child"), port: ports[0], other_ports: [ports[1], ports[2]] };
        let limit = Instant::now() + START_LIMIT;
        while !server.answers(library).await {
            let ended = server.child.try_wait().expect("a child can be asked after");
            assert!(ended.is_none(), "the server in the role {role} ended: {ended:?}");
            assert!(Instant::now() < limit, "the server in the role {role} does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    async fn answers(&self, library: &Library) -> bool {
        if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            return false;
        }
        let channel = library.devices.connect(library.devices.kiosks(), 1, self.port).await;
        caller::echo(channel[0].clone()).await == Said::Expected
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connections of the kiosks.
    pub(crate) async fn kiosks(&self, library: &Library) -> Vec<Channel> {
        library.devices.connect(library.devices.kiosks(), CONNECTIONS[2], self.port).await
    }

    /// Connections of the desks.
    pub(crate) async fn desks(&self, library: &Library, count: usize) -> Vec<Channel> {
        library.devices.connect(library.devices.desks(), count, self.port).await
    }

    /// Connections of the doors.
    pub(crate) async fn doors(&self, library: &Library) -> Vec<Channel> {
        library.devices.connect(library.devices.doors(), CONNECTIONS[2], self.port).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save: what it answered is committed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports of loopback that are free now.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// The role in which this process was started, if any.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Plays a role until the parent ends.
pub(crate) async fn play(role: &str) -> ExitCode {
    thread::spawn(|| {
        // The other end closes with the parent, however that ends.
        let _ = std::io::stdin().read(&mut [0]);
        exit(0);
    });
    let arguments: Vec<String> = env::args().skip(1).collect();
    match (role, arguments.as_slice()) {
        ("serve", [config]) => run(Cli::parse_from(["kortisto", "--config", config, "serve"])).await,
        ("baselines", [ports @ .., folder, url]) => {
            let port = |index: usize| ports[index].parse().expect("a port");
            baselines::serve([port(0), port(1), port(2)], Path::new(folder), url).await;
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}
