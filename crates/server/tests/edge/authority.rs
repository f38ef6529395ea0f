//! The authority: what it issues, what it refuses, how it is kept.

use std::os::unix::fs::PermissionsExt;

use chrono::TimeDelta;
use kortisto_server::ca::{Authority, AuthorityFault, CSR_BYTES_MAX, CsrFault};
use kortisto_server::identity::fingerprint;
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;

use crate::kit::{device_name, real_now};

fn request(key: &KeyPair) -> String {
    CertificateParams::default().serialize_request(key).unwrap().pem().unwrap()
}

fn authority() -> Authority {
    Authority::create(real_now(), "Kirkes").unwrap()
}

fn refused(csr: &str) -> CsrFault {
    authority().issue_device_certificate(csr, &device_name(), real_now(), TimeDelta::days(7)).unwrap_err()
}

#[test]
fn a_device_gets_the_registers_name_and_not_its_own() {
    let now = real_now();
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut wish = CertificateParams::new(vec!["register.kirkes.fi".into()]).unwrap();
        wish.distinguished_name.push(DnType::CommonName, "admin");
        wish.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let csr = wish.serialize_request(&key).unwrap().pem().unwrap();
        let issued =
            authority().issue_device_certificate(&csr, &device_name(), now, TimeDelta::days(7)).unwrap();

        let der = CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap();
        assert_eq!(issued.fingerprint, fingerprint(&der));
        assert_eq!(issued.not_after, now + TimeDelta::days(7));
        assert_eq!(issued.not_before, now - TimeDelta::minutes(5));
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
        assert!(!parsed.is_ca());
        let names = &parsed.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(names, &[GeneralName::URI("spiffe://kirkes/branch/jarvenpaa/device/door/17")]);
        assert!(!parsed.subject().to_string().contains("admin"));
        let usage = parsed.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth && !usage.any);
        assert_eq!(parsed.validity().not_after.timestamp(), issued.not_after.timestamp());
    }
}

#[test]
fn a_bad_request_is_told_what_a_good_one_is() {
    let key = KeyPair::generate().unwrap();
    let good = request(&key);
    assert_eq!(refused(""), CsrFault::Unreadable);
    assert_eq!(
        refused("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"),
        CsrFault::Unreadable
    );
    assert_eq!(refused(authority().certificate_pem()), CsrFault::Unreadable);
    assert_eq!(refused(&format!("{good}{}", " ".repeat(CSR_BYTES_MAX))), CsrFault::TooLong);

    // The signature covers the key: a stranger's key in a signed request is refused.
    let der = rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(good.as_bytes()).unwrap();
    let own = key.public_key_raw();
    let other = KeyPair::generate().unwrap();
    let mut forged = der.to_vec();
    let at = forged.windows(own.len()).position(|window| window == own).unwrap();
    forged[at..at + own.len()].copy_from_slice(other.public_key_raw());
    assert_eq!(refused(&pem(&forged)), CsrFault::SignatureWrong);
    assert!(CsrFault::SignatureWrong.is_the_devices());
}

#[test]
fn rsa_keys_are_not_accepted() {
    assert_eq!(refused(include_str!("rsa-request.pem")), CsrFault::KeyNotAccepted);
}

fn pem(der: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE REQUEST-----\n".to_owned();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in der.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap();
            text.push(if place <= chunk.len() { alphabet[sextet].into() } else { '=' });
        }
    }
    text + "\n-----END CERTIFICATE REQUEST-----\n"
}

#[test]
fn no_certificate_outlives_its_authority_and_no_two_share_a_serial_number() {
    let (authority, now) = (authority(), real_now());
    let csr = request(&KeyPair::generate().unwrap());
    let issue = |lifetime| authority.issue_device_certificate(&csr, &device_name(), now, lifetime).unwrap();
    assert_eq!(issue(TimeDelta::days(365 * 20)).not_after, authority.not_after());
    let (one, other) = (issue(TimeDelta::days(1)), issue(TimeDelta::days(1)));
    assert_ne!(one.fingerprint, other.fingerprint);
    let serial = |pem: &str| {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        x509_parser::parse_x509_certificate(&der).unwrap().1.raw_serial().to_vec()
    };
    assert_ne!(serial(&one.pem), serial(&other.pem));
}

#[test]
fn an_authority_is_kept_and_found_again_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    authority.store(folder.path()).unwrap();
    let key_path = folder.path().join("authority.key");
    assert_eq!(std::fs::metadata(&key_path).unwrap().permissions().mode() & 0o777, 0o600);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (certificate, key) = (read("authority.pem"), read("authority.key"));

    assert!(matches!(authority.store(folder.path()), Err(AuthorityFault::File { .. })));
    assert!(matches!(
        Authority::create(real_now(), "x").unwrap().store(folder.path()),
        Err(AuthorityFault::File { .. })
    ));
    assert_eq!(read("authority.key"), key);

    let loaded = Authority::load(&certificate, &key).unwrap();
    let csr = request(&KeyPair::generate().unwrap());
    let issued =
        loaded.issue_device_certificate(&csr, &device_name(), real_now(), TimeDelta::days(1)).unwrap();
    let der = CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap();
    let (_, leaf) = x509_parser::parse_x509_certificate(&der).unwrap();
    let root = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let (_, root) = x509_parser::parse_x509_certificate(&root).unwrap();
    leaf.verify_signature(Some(root.public_key())).unwrap();
    assert!(root.is_ca() && root.subject().to_string().contains("Kirkes"));
    assert!(!format!("{loaded:?}").contains("PRIVATE"));
}

#[test]
fn a_key_that_is_anothers_is_no_authority() {
    let folder = tempfile::tempdir().unwrap();
    authority().store(folder.path()).unwrap();
    let key = std::fs::read_to_string(folder.path().join("authority.key")).unwrap();
    let other = authority();
    assert!(matches!(Authority::load(other.certificate_pem(), &key), Err(AuthorityFault::Key(_))));
    assert!(matches!(Authority::load(other.certificate_pem(), "x"), Err(AuthorityFault::Key(_))));
    assert!(matches!(Authority::load("x", &key), Err(AuthorityFault::Certificate(_))));
    let names = ["localhost".to_owned()];
    let server = other.issue_server_certificate(&names, real_now(), TimeDelta::days(1)).unwrap();
    assert!(matches!(Authority::load(&server.certificate_pem, &key), Err(AuthorityFault::Certificate(_))));
}

#[test]
fn a_server_certificate_needs_names_that_are_names() {
    let issue = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        authority().issue_server_certificate(&names, real_now(), TimeDelta::days(1))
    };
    assert!(matches!(issue(&[]), Err(AuthorityFault::ServerName(_))));
    assert!(matches!(issue(&["äää"]), Err(AuthorityFault::ServerName(_))));
    let server = issue(&["register.kirkes.fi", "10.0.0.5", "::1"]).unwrap();
    assert!(!format!("{server:?}").contains("PRIVATE"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_makes_the_authority_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        refused(&pem(&bytes));
        refused(&String::from_utf8_lossy(&bytes));
    }

    /// A few bytes of a request are outside of its signature and of no consequence; what is certified is
    /// the key whose owner signed, or nothing.
    #[test]
    fn a_changed_byte_gets_no_other_key_certified(at in any::<prop::sample::Index>(), with in 1_u8..) {
        let key = KeyPair::generate().unwrap();
        let der = rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(request(&key).as_bytes()).unwrap();
        let mut changed = der.to_vec();
        let at = at.index(changed.len());
        changed[at] ^= with;
        let issued = authority().issue_device_certificate(&pem(&changed), &device_name(), real_now(), TimeDelta::days(1));
        if let Ok(issued) = issued {
            let der = CertificateDer::from_pem_slice(issued.pem.as_bytes()).unwrap();
            let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
            prop_assert_eq!(&*certificate.public_key().subject_public_key.data, key.public_key_raw());
        }
    }
}
