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
use kortisto::device::v1::{
    CancelCheckoutRequest, CancelCheckoutResponse, CheckoutRequest, CheckoutResponse, ListLoanHistoryRequest,
    ListLoanHistoryResponse, ListLoansRequest, ListLoansResponse, RenewAllRequest, RenewAllResponse,
    RenewRequest, RenewResponse, ReturnRequest, ReturnResponse, SetLoanHistoryRequest,
    SetLoanHistoryResponse,
    loan_service_server::{LoanService, LoanServiceServer},
};
use kortisto_server::tls::crypto;
use kortisto_store::{Store, StoreOptions};
use sha2::{Digest as _, Sha256};
use std::{fs, net::SocketAddr, path::Path};
use tonic::{
    Request, Response, Status, async_trait,
    transport::{Certificate, Identity, Server, ServerTlsConfig},
};

/// Makes check-outs and nothing else.
#[async_trait]
trait Lends: Send + Sync + 'static {
    async fn checkout(&self, request: Request<CheckoutRequest>)
    -> Result<Response<CheckoutResponse>, Status>;
}

/// A loan service that only lends.
struct Only<T>(T);

fn not_compared() -> Status {
    Status::unimplemented("only check-outs are compared")
}

#[async_trait]
impl<T: Lends> LoanService for Only<T> {
    async fn checkout(
        &self,
        request: Request<CheckoutRequest>,
    ) -> Result<Response<CheckoutResponse>, Status> {
        self.0.checkout(request).await
    }

    async fn r#return(&self, _: Request<ReturnRequest>) -> Result<Response<ReturnResponse>, Status> {
        Err(not_compared())
    }

    async fn cancel_checkout(
        &self,
        _: Request<CancelCheckoutRequest>,
    ) -> Result<Response<CancelCheckoutResponse>, Status> {
        Err(not_compared())
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        Err(not_compared())
    }

    async fn renew_all(&self, _: Request<RenewAllRequest>) -> Result<Response<RenewAllResponse>, Status> {
        Err(not_compared())
    }

    async fn list_loans(&self, _: Request<ListLoansRequest>) -> Result<Response<ListLoansResponse>, Status> {
        Err(not_compared())
    }

    async fn list_loan_history(
        &self,
        _: Request<ListLoanHistoryRequest>,
    ) -> Result<Response<ListLoanHistoryResponse>, Status> {
        Err(not_compared())
    }

    async fn set_loan_history(
        &self,
        _: Request<SetLoanHistoryRequest>,
    ) -> Result<Response<SetLoanHistoryResponse>, Status> {
        Err(not_compared())
    }
}

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
    let by_entities = LoanServiceServer::new(Only(entities::ByEntities { store: store.clone() }));
    let by_function = LoanServiceServer::new(Only(function::ByFunction { store }));
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
