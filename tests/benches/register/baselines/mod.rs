//! What the register is compared with: an echo, a check-out written entity by entity, and a check-out
//! that is one function of the database. Plain tonic, without the register's edge.
//!
//! | port | TLS | services |
//! |---|---|---|
//! | first | mutual | echo, check-out by entities |
//! | second | mutual | check-out by the function (PostgreSQL) |
//! | third | none | echo |

mod entities;
pub(crate) mod function;

use crate::child::Files;
use kortisto::device::v1::loan_service_server::LoanServiceServer;
use kortisto_server::tls::crypto;
use kortisto_store::{Store, StoreOptions};
use sha2::{Digest as _, Sha256};
use std::{fs, net::SocketAddr, path::Path};
use tonic::{
    Request, Status,
    transport::{Certificate, Identity, Server, ServerTlsConfig},
};

/// Serves all three until the process ends.
pub(crate) async fn serve(ports: [u16; 3], folder: &Path, url: &str) {
    crypto::install_default();
    let mut options = StoreOptions::new(url);
    options.serves = false;
    let store = Store::open(&options).await.expect("a store");
    let files = Files::in_folder(folder);
    let read = |path: &Path| fs::read_to_string(path).expect("a file");
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(read(&files.certificate), read(&files.key)))
        .client_ca_root(Certificate::from_pem(read(&files.authority)));
    let [first, second, third] = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let (_reporter, echo) = tonic_health::server::health_reporter();
    let by_entities = LoanServiceServer::new(entities::ByEntities { store: store.clone() });
    let by_function = LoanServiceServer::new(function::ByFunction { store });
    let mutual = || Server::builder().tls_config(tls.clone()).expect("certificates");
    let ended = tokio::try_join!(
        mutual().add_service(echo.clone()).add_service(by_entities).serve(first),
        mutual().add_service(echo.clone()).add_service(by_function).serve(second),
        Server::builder().add_service(echo).serve(third),
    );
    ended.expect("the baselines serve");
}

/// SHA-256 of the certificate of whoever asks.
fn fingerprint<T>(request: &Request<T>) -> Result<Vec<u8>, Status> {
    let certificates = request.peer_certs().ok_or_else(|| Status::unauthenticated("no certificate"))?;
    Ok(Sha256::digest(certificates.first().ok_or_else(|| Status::unauthenticated("no certificate"))?)
        .to_vec())
}

fn failed(error: impl std::fmt::Display) -> Status {
    Status::internal(error.to_string())
}
