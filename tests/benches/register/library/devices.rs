//! The devices: kiosks, doors, kiosks in other hands, and desks, each with its own certificate.

use super::{rows::LONG_AGO, size::DEVICES};
use chrono::TimeDelta;
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_register::{Clock as _, SystemClock};
use kortisto_server::ca::{Authority, DeviceName};
use kortisto_testkit::register::Words;
use rcgen::{CertificateParams, KeyPair};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// One device.
pub(crate) struct Device {
    id: u64,
    kind: DeviceKind,
    fingerprint: [u8; 32],
    identity: Identity,
}

/// All of them, in the order of their keys.
pub(crate) struct Devices {
    all: Vec<Device>,
    authority: Certificate,
}

impl Devices {
    pub(super) fn certify(authority: &Authority) -> Self {
        let kinds = [DeviceKind::SelfCheckout, DeviceKind::Door, DeviceKind::SelfCheckout, DeviceKind::Desk];
        let numbered = kinds.into_iter().flat_map(|kind| (0..DEVICES).map(move |_| kind)).zip(1..);
        let all = numbered.map(|(kind, id)| device(authority, id, kind)).collect();
        Self { all, authority: Certificate::from_pem(authority.certificate_pem()) }
    }

    /// Rows of the devices but the first, which is there.
    pub(super) fn rows(&self, _words: Words) -> String {
        let rows: Vec<_> = self.all[1..]
            .iter()
            .map(|device| {
                let (kind, state) = (device.kind.code(), DeviceState::Active.code());
                format!("({0}, 'device-{0}', {kind}, 1, {state}, '{LONG_AGO}')", device.id)
            })
            .collect();
        format!(
            "insert into devices (id, name, kind, branch_id, state, created_at) values {}",
            rows.join(", ")
        )
    }

    pub(super) fn certificate_rows(&self, words: Words) -> String {
        let rows: Vec<_> = self
            .all
            .iter()
            .map(|device| {
                let fingerprint = words.bytes(&device.fingerprint);
                format!(
                    "({fingerprint}, {}, '{LONG_AGO}', '2098-12-31T00:00:00+00:00', '{LONG_AGO}')",
                    device.id
                )
            })
            .collect();
        format!(
            "insert into device_certificates (fingerprint, device_id, issued_at, expires_at, first_used_at) values {}",
            rows.join(", ")
        )
    }

    /// The kiosks. Kiosk `d` has the key `d + 1`.
    pub(crate) fn kiosks(&self) -> &[Device] {
        &self.all[..usize::try_from(DEVICES).unwrap_or(usize::MAX)]
    }

    pub(crate) fn doors(&self) -> &[Device] {
        let devices = usize::try_from(DEVICES).unwrap_or(usize::MAX);
        &self.all[devices..2 * devices]
    }

    /// Kiosks that somebody floods from.
    pub(crate) fn flooders(&self) -> &[Device] {
        let devices = usize::try_from(DEVICES).unwrap_or(usize::MAX);
        &self.all[2 * devices..3 * devices]
    }

    /// Desks with somebody signed in. Desk `d` has the key [`first_desk`]` + d`.
    pub(crate) fn desks(&self) -> &[Device] {
        &self.all[3 * usize::try_from(DEVICES).unwrap_or(usize::MAX)..]
    }

    /// A connection of its own for each of the first `count`.
    pub(crate) async fn connect(&self, devices: &[Device], count: usize, port: u16) -> Vec<Channel> {
        let mut channels = Vec::with_capacity(count);
        for device in &devices[..count] {
            let tls = ClientTlsConfig::new()
                .ca_certificate(self.authority.clone())
                .identity(device.identity.clone())
                .domain_name("localhost");
            let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).expect("an address");
            let endpoint = endpoint.tls_config(tls).expect("a certificate").tcp_nodelay(true);
            channels.push(endpoint.connect().await.expect("a device connects"));
        }
        channels
    }
}

/// The key of the first desk.
pub(crate) const fn first_desk() -> u64 {
    3 * DEVICES + 1
}

fn device(authority: &Authority, id: u64, kind: DeviceKind) -> Device {
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    let name = DeviceName {
        consortium: "Mittaus".to_owned(),
        branch: "main".to_owned(),
        kind,
        device_id: i64::try_from(id).expect("few devices"),
    };
    let request = request.pem().expect("a request in PEM");
    let issued = authority
        .issue_device_certificate(&request, &name, SystemClock.now(), TimeDelta::days(2))
        .expect("a certificate");
    let identity = Identity::from_pem(&issued.pem, key.serialize_pem());
    Device { id, kind, fingerprint: issued.fingerprint, identity }
}
