//! Certificates, authorities and revocation lists change while the server runs.

use chrono::{DateTime, TimeDelta, Utc};
use kortisto_server::ca::Authority;
use kortisto_server::tls::{Reloaded, TlsFiles, TlsReloader};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::kit::{Device, Pki, Server, Settings, check};

/// The list of an authority: these devices are revoked.
fn crl(pki: &Pki, revoked: &[&Device], issued_at: DateTime<Utc>, lifetime: TimeDelta) -> String {
    let folder = tempfile::tempdir().unwrap();
    pki.authority.store(folder.path()).unwrap();
    let key =
        KeyPair::from_pem(&std::fs::read_to_string(folder.path().join("authority.key")).unwrap()).unwrap();
    crl_by(
        &Issuer::from_ca_cert_pem(pki.authority.certificate_pem(), key).unwrap(),
        revoked,
        issued_at,
        lifetime,
    )
}

fn crl_by(
    issuer: &Issuer<'_, KeyPair>,
    revoked: &[&Device],
    issued_at: DateTime<Utc>,
    lifetime: TimeDelta,
) -> String {
    let at = |at: DateTime<Utc>| time::OffsetDateTime::from_unix_timestamp(at.timestamp()).unwrap();
    let revoked_certs = revoked
        .iter()
        .map(|device| {
            let der = CertificateDer::from_pem_slice(device.certificate.pem.as_bytes()).unwrap();
            let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
            RevokedCertParams {
                serial_number: SerialNumber::from_slice(parsed.raw_serial()),
                revocation_time: at(issued_at),
                reason_code: None,
                invalidity_date: None,
            }
        })
        .collect();
    CertificateRevocationListParams {
        this_update: at(issued_at),
        next_update: at(issued_at + lifetime),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(issuer)
    .unwrap()
    .pem()
    .unwrap()
}

fn with_crl(pki: &Pki) -> TlsFiles {
    TlsFiles { crl: Some(pki.path("devices.crl")), ..pki.files() }
}

#[tokio::test]
async fn new_files_are_used_by_new_connections_and_old_ones_stay() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    let open = server.channel(&device).await;
    check(open.clone(), "").await.unwrap();
    assert_eq!(server.tls.reload().unwrap(), Reloaded::Unchanged);

    // Another authority takes the place of the first.
    let other = Authority::create(server.pki.clock.now(), "Kirkes").unwrap();
    std::fs::write(server.pki.path("authority.pem"), other.certificate_pem()).unwrap();
    server.pki.write_server_certificate(TimeDelta::days(60));
    assert_eq!(server.tls.reload().unwrap(), Reloaded::Swapped);
    assert_eq!(server.tls.reload().unwrap(), Reloaded::Unchanged);

    check(open, "").await.expect("the open connection stays");
    assert!(!server.answers().await, "devices of the first authority are out");
    let newcomer = Device::of(&other, server.pki.clock.now(), TimeDelta::days(7));
    check(server.channel(&newcomer).await, "").await.unwrap();
}

#[tokio::test]
async fn a_bad_file_keeps_the_last_good_one_and_names_file_and_fault() {
    let server = Server::start(Settings::default()).await;
    let path = |name| server.pki.path(name);
    let good = |name| std::fs::read(path(name)).unwrap();
    let originals = [
        ("server.pem", good("server.pem")),
        ("server.key", good("server.key")),
        ("authority.pem", good("authority.pem")),
    ];
    let foreign_key = KeyPair::generate().unwrap().serialize_pem();
    for (file, content, fault) in [
        ("server.pem", "", "holds no certificate"),
        ("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no X.509"),
        ("server.pem", "-----BEGIN CERTIFICATE-----\n", "PEM"),
        ("server.key", "nonsense", "no private key"),
        ("server.key", foreign_key.as_str(), "does not fit the certificate"),
        ("authority.pem", "", "holds no certificate"),
    ] {
        std::fs::write(path(file), content).unwrap();
        let error = server.tls.reload().unwrap_err();
        assert!(error.path.ends_with(file), "{error}");
        assert!(error.to_string().contains(fault), "{error}");
        assert!(server.answers().await, "{file} {fault}");
        for (name, content) in &originals {
            std::fs::write(path(name), content).unwrap();
        }
        assert_eq!(server.tls.reload().unwrap(), Reloaded::Unchanged);
    }
    std::fs::remove_file(path("authority.pem")).unwrap();
    assert!(server.tls.reload().unwrap_err().to_string().contains("cannot be read"));
    assert!(server.answers().await);
}

#[tokio::test]
async fn a_good_certificate_is_taken_also_beside_a_bad_authority() {
    let server = Server::start(Settings::default()).await;
    let before = server.tls.for_devices();
    std::fs::write(server.pki.path("authority.pem"), "").unwrap();
    server.pki.write_server_certificate(TimeDelta::days(60));
    server.tls.reload().unwrap_err();
    assert!(!std::sync::Arc::ptr_eq(&before, &server.tls.for_devices()));
    assert!(server.answers().await);
}

#[test]
fn the_first_files_must_be_good() {
    let pki = Pki::new();
    std::fs::write(pki.path("server.key"), "").unwrap();
    let error = TlsReloader::load(pki.files(), pki.clock.reader()).unwrap_err();
    assert!(error.to_string().contains("server.key"), "{error}");
    let error = TlsReloader::load(with_crl(&Pki::new()), pki.clock.reader()).unwrap_err();
    assert!(error.to_string().contains("devices.crl"), "{error}");
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_from_the_next_reload_on() {
    let pki = Pki::new();
    let (revoked, other) = (pki.device(), pki.device());
    let now = pki.clock.now();
    std::fs::write(pki.path("devices.crl"), crl(&pki, &[], now - TimeDelta::hours(2), TimeDelta::days(1)))
        .unwrap();
    let files = with_crl(&pki);
    let server = Server::start_with(pki, files, Settings::default()).await;
    check(server.channel(&revoked).await, "").await.unwrap();

    let list = crl(&server.pki, &[&revoked], now, TimeDelta::days(1));
    std::fs::write(server.pki.path("devices.crl"), list).unwrap();
    assert_eq!(server.tls.reload().unwrap(), Reloaded::Swapped);
    let answer = match server.endpoint(&revoked).connect().await {
        Ok(channel) => check(channel, "").await.map_err(drop),
        Err(_) => Err(()),
    };
    answer.expect_err("revoked");
    check(server.channel(&other).await, "").await.unwrap();
}

#[tokio::test]
async fn a_bad_list_keeps_the_last_good_one() {
    let pki = Pki::new();
    let now = pki.clock.now();
    let revoked = pki.device();
    let good = crl(&pki, &[&revoked], now - TimeDelta::hours(1), TimeDelta::days(1));
    std::fs::write(pki.path("devices.crl"), &good).unwrap();
    let ended = crl(&pki, &[], now - TimeDelta::minutes(50), TimeDelta::minutes(10));
    let older = crl(&pki, &[], now - TimeDelta::hours(3), TimeDelta::days(1));
    let key = KeyPair::generate().unwrap();
    let stranger = crl_by(&Issuer::new(CertificateParams::default(), key), &[], now, TimeDelta::days(1));
    let files = with_crl(&pki);
    let server = Server::start_with(pki, files, Settings::default()).await;
    for (list, fault) in [
        (ended.as_str(), "has ended"),
        (&older, "before the list in use"),
        (&stranger, "no device authority has signed"),
        ("", "holds no list of the authority"),
        ("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n", "no revocation list"),
    ] {
        std::fs::write(server.pki.path("devices.crl"), list).unwrap();
        let error = server.tls.reload().unwrap_err();
        assert!(error.to_string().contains(fault), "{fault}: {error}");
        assert!(server.answers().await, "{fault}");
    }
    let refused = match server.endpoint(&revoked).connect().await {
        Ok(channel) => check(channel, "").await.is_err(),
        Err(_) => true,
    };
    assert!(refused, "the revoked device stays out");
}
