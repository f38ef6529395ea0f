//! A device of the demo: it makes a key, enrols with a one-time code, and connects with its certificate.

use super::{
    super::Failure,
    house::{House, write_secret},
};
use kortisto::device::v1::{EnrolDeviceRequest, enrolment_service_client::EnrolmentServiceClient};
use kortisto_domain::DeviceKind;
use kortisto_register::{
    Register,
    devices::manage::{NewDevice, create_enrolment_code},
};
use rcgen::{CertificateParams, KeyPair};
use secrecy::ExposeSecret as _;
use std::{fs, time::Duration};
use tokio::time::{Instant, sleep};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// How long to wait for the server to listen.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Enrols a device at the demo's main branch and connects it.
pub(super) async fn enrol(
    house: &House,
    register: &Register,
    name: &str,
    kind: DeviceKind,
) -> Result<Channel, Failure> {
    let new = NewDevice { name: name.to_owned(), kind, branch: "keskus".to_owned() };
    let deadline = Instant::now() + CONNECT_LIMIT;
    let code = create_enrolment_code(register.store(), register.surroundings(), new, deadline)
        .await
        .map_err(|fault| Failure::of(name, &fault))?;
    let key = KeyPair::generate().map_err(|error| Failure::of(name, &error))?;
    let request = CertificateParams::default()
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(|error| Failure::of(name, &error))?;
    let authority = fs::read(&house.authority_path).map_err(|error| Failure::of(name, &error))?;
    let tls =
        || ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority)).domain_name("localhost");
    let enrolment = connect(house.port.saturating_add(1), tls()).await?;
    let enrolled = EnrolmentServiceClient::new(enrolment)
        .enrol_device(EnrolDeviceRequest {
            enrolment_code: code.printed().expose_secret().to_owned(),
            certificate_request_pem: request,
        })
        .await
        .map_err(|status| Failure::new(format!("{name} could not enrol: {}", status.message())))?
        .into_inner();
    let (certificate_path, key_path) = house.device_paths(name);
    let key = key.serialize_pem();
    let written = write_secret(&certificate_path, &enrolled.certificate_pem)
        .and_then(|()| write_secret(&key_path, &key));
    written.map_err(|error| Failure::of(name, &error))?;
    connect(house.port, tls().identity(Identity::from_pem(enrolled.certificate_pem, key))).await
}

/// Connects as soon as the server listens.
async fn connect(port: u16, tls: ClientTlsConfig) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}"))
        .and_then(|endpoint| endpoint.tls_config(tls))
        .map_err(|error| Failure::of("connect", &error))?
        .tcp_nodelay(true);
    let give_up = Instant::now() + CONNECT_LIMIT;
    loop {
        match endpoint.connect().await {
            Ok(channel) => return Ok(channel),
            Err(error) if Instant::now() >= give_up => return Err(Failure::of("connect", &error)),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}
