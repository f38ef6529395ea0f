//! A server with files, an authority and clients, in a few lines.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use kortisto_domain::DeviceKind;
use kortisto_server::Now;
use kortisto_server::accept::{AcceptLimits, ConfigInUse, accept};
use kortisto_server::ca::{Authority, DeviceName, IssuedCertificate};
use kortisto_server::identity::{Identify, PeerIdentity};
use kortisto_server::limits::{Deadline, EdgeLayer, TraceId, tune};
use kortisto_server::shutdown::{DrainLimits, Phase, Stop, Stopped, serve_until};
use kortisto_server::tls::{TlsFiles, TlsReloader};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::server::HealthReporter;
use tower::{Layer, Service};

pub(crate) const NAME: &str = "localhost";

/// The moment at which these tests begin: now, since clients judge certificates by the real clock.
pub(crate) fn real_now() -> DateTime<Utc> {
    let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap();
    DateTime::from_timestamp(since_1970.as_secs().try_into().unwrap(), 0).unwrap()
}

/// A clock that a test turns.
#[derive(Clone)]
pub(crate) struct Clock(pub(crate) Arc<Mutex<DateTime<Utc>>>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(real_now())))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    pub(crate) fn turn(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn reader(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

pub(crate) fn device_name() -> DeviceName {
    DeviceName {
        consortium: "Kirkes".into(),
        branch: "jarvenpaa".into(),
        kind: DeviceKind::Door,
        device_id: 17,
    }
}

/// A device's key and certificate.
pub(crate) struct Device {
    pub(crate) key_pem: String,
    pub(crate) certificate: IssuedCertificate,
}

impl Device {
    pub(crate) fn of(authority: &Authority, now: DateTime<Utc>, lifetime: TimeDelta) -> Self {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
        let certificate = authority.issue_device_certificate(&csr, &device_name(), now, lifetime).unwrap();
        Self { key_pem: key.serialize_pem(), certificate }
    }

    pub(crate) fn tls(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (
            vec![CertificateDer::from_pem_slice(self.certificate.pem.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).unwrap(),
        )
    }
}

/// Files of TLS in a folder of their own.
pub(crate) struct Pki {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) authority: Authority,
    pub(crate) clock: Clock,
}

impl Pki {
    pub(crate) fn new() -> Self {
        kortisto_server::tls::crypto::install_default();
        let clock = Clock::new();
        let authority = Authority::create(clock.now(), "Kirkes").unwrap();
        let pki = Self { folder: tempfile::tempdir().unwrap(), authority, clock };
        std::fs::write(pki.path("authority.pem"), pki.authority.certificate_pem()).unwrap();
        pki.write_server_certificate(TimeDelta::days(30));
        pki
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write_server_certificate(&self, lifetime: TimeDelta) {
        let names = [NAME.to_owned(), "127.0.0.1".to_owned()];
        let issued = self.authority.issue_server_certificate(&names, self.clock.now(), lifetime).unwrap();
        std::fs::write(self.path("server.pem"), issued.certificate_pem).unwrap();
        std::fs::write(self.path("server.key"), issued.key_pem.expose_secret()).unwrap();
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            device_authority: self.path("authority.pem"),
            crl: None,
        }
    }

    pub(crate) fn device(&self) -> Device {
        Device::of(&self.authority, self.clock.now(), TimeDelta::days(7))
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.authority.certificate_pem().as_bytes()).unwrap())
            .unwrap();
        roots
    }

    /// A client of rustls alone, for what tonic's does not let a test do.
    pub(crate) fn client(&self, device: Option<&Device>) -> ClientConfig {
        let builder = ClientConfig::builder().with_root_certificates(self.roots());
        let mut config = match device {
            Some(device) => {
                let (chain, key) = device.tls();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

/// What a running server can be told to do.
pub(crate) struct Settings {
    pub(crate) limits: AcceptLimits,
    pub(crate) drain: DrainLimits,
    pub(crate) in_flight_max: usize,
    pub(crate) deadline_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: AcceptLimits::new("device", 64),
            drain: DrainLimits { lame_duck: Duration::from_millis(20), drain: Duration::from_millis(300) },
            in_flight_max: 8,
            deadline_max: Duration::from_secs(5),
        }
    }
}

/// A server on loopback that serves gRPC health behind all layers.
pub(crate) struct Server {
    pub(crate) pki: Pki,
    pub(crate) addr: SocketAddr,
    pub(crate) tls: Arc<TlsReloader>,
    pub(crate) stop: Stop,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    signal: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<Stopped>,
}

/// What reached the service behind the layers.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) peer: Option<PeerIdentity>,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) trace_id: String,
}

impl Server {
    pub(crate) async fn start(settings: Settings) -> Self {
        let pki = Pki::new();
        let files = pki.files();
        Self::start_with(pki, files, settings).await
    }

    pub(crate) async fn start_with(pki: Pki, files: TlsFiles, settings: Settings) -> Self {
        let tls = TlsReloader::load(files, pki.clock.reader()).unwrap();
        let in_use = Arc::clone(&tls);
        Self::start_as::<PeerIdentity>(pki, tls, Arc::new(move || in_use.for_devices()), settings).await
    }

    pub(crate) async fn start_as<I: Identify>(
        pki: Pki,
        tls: Arc<TlsReloader>,
        config: ConfigInUse,
        settings: Settings,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stop = Stop::default();
        let incoming = accept::<I>(listener, config, settings.limits, stop.clone());
        let health = HealthReporter::new();
        health.set_service_status("", tonic_health::ServingStatus::Serving).await;
        let service = tonic_health::pb::health_server::HealthServer::new(
            tonic_health::server::HealthService::from_health_reporter(health.clone()),
        );
        let seen = Arc::default();
        let layer = EdgeLayer::new(settings.in_flight_max, settings.deadline_max, Arc::new(|| [7; 16]));
        let serving = tune(tonic::transport::Server::builder())
            .layer(layer)
            .layer(ProbeLayer { seen: Arc::clone(&seen) })
            .add_service(service.max_decoding_message_size(kortisto::REQUEST_BYTES_MAX))
            .serve_with_incoming_shutdown(incoming, stop.reached(Phase::Draining));
        let (signal, signalled) = oneshot::channel();
        let serving = tokio::spawn({
            let stop = stop.clone();
            async move {
                let signal = async { signalled.await.unwrap() };
                serve_until(signal, serving, &stop, &health, &[], settings.drain).await.unwrap()
            }
        });
        Self { pki, addr, tls, stop, seen, signal, serving }
    }

    /// Stops as at SIGTERM, and says how it went.
    pub(crate) async fn stop(self) -> Stopped {
        self.signal.send(()).unwrap();
        self.serving.await.unwrap()
    }

    pub(crate) fn endpoint(&self, device: &Device) -> Endpoint {
        let tls = ClientTlsConfig::new()
            .domain_name(NAME)
            .ca_certificate(Certificate::from_pem(self.pki.authority.certificate_pem()))
            .identity(Identity::from_pem(&device.certificate.pem, &device.key_pem));
        Endpoint::from_shared(format!("https://{}", self.addr)).unwrap().tls_config(tls).unwrap()
    }

    pub(crate) async fn channel(&self, device: &Device) -> Channel {
        self.endpoint(device).connect().await.unwrap()
    }

    /// Whether a device with a good certificate is answered.
    pub(crate) async fn answers(&self) -> bool {
        let device = self.pki.device();
        let Ok(channel) = self.endpoint(&device).connect().await else { return false };
        check(channel, "").await.is_ok()
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }
}

/// Asks health for a service.
pub(crate) async fn check(channel: Channel, service: &str) -> Result<(), tonic::Status> {
    let mut client = tonic_health::pb::health_client::HealthClient::new(channel);
    let request = tonic_health::pb::HealthCheckRequest { service: service.into() };
    client.check(request).await.map(|_| ())
}

/// Stands between the layers and the service: notes what arrives, and misbehaves on demand. Requests to
/// `/test/...` are not health, so that the in-flight limit counts them.
#[derive(Clone)]
struct ProbeLayer {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl<S> Layer<S> for ProbeLayer {
    type Service = Probe<S>;

    fn layer(&self, inner: S) -> Probe<S> {
        Probe { inner, seen: Arc::clone(&self.seen) }
    }
}

#[derive(Clone)]
struct Probe<S> {
    inner: S,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Call = http::Request<tonic::body::Body>;
type Answer = http::Response<tonic::body::Body>;

impl<S> Service<Call> for Probe<S>
where
    S: Service<Call, Response = Answer, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let extensions = call.extensions();
        self.seen.lock().unwrap().push(Seen {
            peer: extensions.get().cloned(),
            deadline: extensions.get().copied(),
            trace_id: TraceId::of(extensions),
        });
        match call.uri().path() {
            "/test/Sleep" => Box::pin(std::future::pending()),
            "/test/Panic" => Box::pin(async { panic!("a secret that nobody may read") }),
            "/test/PanicAtOnce" => panic!("a secret that nobody may read"),
            _ => Box::pin(self.inner.call(call)),
        }
    }
}
