//! Devices of a test: each with its own key, certificate and connection.

use super::{Home, TestRegister};
use chrono::TimeDelta;
use kortisto::{
    common::v1::Verdict,
    device::v1::{
        AuthenticatePatronRequest, CancelCheckoutRequest, CancelCheckoutResponse, CancelHoldRequest,
        CancelHoldResponse, CheckAccessRequest, CheckAccessResponse, CheckoutRequest, CheckoutResponse,
        ConfirmPickupRequest, ConfirmPickupResponse, PickUpHoldRequest, PickUpHoldResponse, PlaceHoldRequest,
        PlaceHoldResponse, RenewRequest, RenewResponse, ReservePickupRequest, ReservePickupResponse,
        ReturnRequest, ReturnResponse, RevertPickupRequest, RevertPickupResponse,
        access_service_client::AccessServiceClient, device_service_client::DeviceServiceClient,
        fee_service_client::FeeServiceClient, hold_service_client::HoldServiceClient,
        loan_service_client::LoanServiceClient, patron_service_client::PatronServiceClient,
    },
};
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_register::devices::manage::{self, ManageFault, NewDevice};
use kortisto_server::ca::{Authority, DeviceName};
use kortisto_store::entities::{device_certificates, devices};
use rcgen::{CertificateParams, KeyPair};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use secrecy::ExposeSecret as _;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::time::{Duration, Instant};
use tonic::{
    Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use uuid::Uuid;

static DEVICES: AtomicU32 = AtomicU32::new(1);

/// A device that is connected.
#[derive(Clone, Debug)]
pub struct Device {
    /// Key of its row.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its certificate and key, PEM.
    pub identity: (String, String),
    /// Its connection.
    pub channel: Channel,
}

impl TestRegister {
    /// A device of a kind at the main branch, enrolled and connected.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn device(&self, kind: DeviceKind) -> Device {
        self.device_at(kind, super::BRANCH_MAIN, "main").await
    }

    /// A device at a branch.
    ///
    /// # Panics
    /// When it cannot connect.
    pub async fn device_at(&self, kind: DeviceKind, branch_id: i64, branch: &str) -> Device {
        let number = DEVICES.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", kind.word());
        let at = self.clock.now();
        let row = devices::ActiveModel {
            name: Set(name.clone()),
            kind: Set(kind.code()),
            branch_id: Set(branch_id),
            state: Set(DeviceState::Active.code()),
            created_at: Set(at),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a device");
        let identity = self.certify(row.id, kind, branch).await;
        let channel = self.connect(Some(&identity)).await.expect("a device connects");
        Device { id: row.id, name, identity, channel }
    }

    /// A new certificate for a device, as its row knows it: PEM and key PEM.
    ///
    /// # Panics
    /// When it cannot be issued.
    pub async fn certify(&self, device_id: i64, kind: DeviceKind, branch: &str) -> (String, String) {
        let (pem, key, fingerprint) = self.stray_certificate(device_id, kind, branch);
        let at = self.clock.now();
        device_certificates::ActiveModel {
            fingerprint: Set(fingerprint.to_vec()),
            device_id: Set(device_id),
            issued_at: Set(at),
            expires_at: Set(at + TimeDelta::days(365)),
            first_used_at: Set(Some(at)),
            dropped_at: Set(None),
        }
        .insert(self.store.writer())
        .await
        .expect("a certificate row");
        (pem, key)
    }

    /// A certificate of the right authority that no row knows: PEM, key PEM and fingerprint.
    ///
    /// # Panics
    /// When it cannot be issued.
    #[must_use]
    pub fn stray_certificate(
        &self,
        device_id: i64,
        kind: DeviceKind,
        branch: &str,
    ) -> (String, String, [u8; 32]) {
        certificate_of(&self.authority, device_id, kind, branch)
    }

    /// A token of the right form that opens no session.
    #[must_use]
    pub fn worthless_token(&self) -> String {
        self.keys.session_token(&[0; 16], 0).expose_secret().to_owned()
    }

    /// A one-time code for a device, as an operator reads it from the command line.
    ///
    /// # Errors
    /// [`ManageFault`].
    pub async fn enrolment_code(&self, new: NewDevice) -> Result<String, ManageFault> {
        let deadline = Instant::now() + Duration::from_secs(5);
        let code = manage::create_enrolment_code(&self.store, &self.surroundings, new, deadline).await?;
        Ok(code.printed().expose_secret().to_owned())
    }

    /// A certificate that names a device of this register, of an authority that is not this register's, whatever
    /// it calls itself: PEM and key PEM.
    ///
    /// # Panics
    /// When it cannot be issued.
    #[must_use]
    pub fn foreign_certificate(&self, device_id: i64, kind: DeviceKind) -> (String, String) {
        let (pem, key, _) = certificate_of(&Home::fresh().authority, device_id, kind, "main");
        (pem, key)
    }

    /// A connection to the device endpoint, with or without a certificate.
    ///
    /// # Errors
    /// When the connection or its handshake fails.
    pub async fn connect(
        &self,
        identity: Option<&(String, String)>,
    ) -> Result<Channel, tonic::transport::Error> {
        connect_at(self.addr, self.authority_pem(), identity).await
    }

    /// A connection to the enrolment endpoint.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn connect_to_enrol(&self) -> Result<Channel, tonic::transport::Error> {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.authority_pem()))
            .domain_name("localhost");
        Endpoint::from_shared(format!("https://{}", self.enrolment_addr))?.tls_config(tls)?.connect().await
    }
}

/// A connection to a device endpoint at any address, also a proxy's.
///
/// # Errors
/// When the connection or its handshake fails.
pub async fn connect_at(
    addr: SocketAddr,
    authority_pem: &str,
    identity: Option<&(String, String)>,
) -> Result<Channel, tonic::transport::Error> {
    let authority = Certificate::from_pem(authority_pem);
    let mut tls = ClientTlsConfig::new().ca_certificate(authority).domain_name("localhost");
    if let Some((certificate, key)) = identity {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    Endpoint::from_shared(format!("https://{addr}"))?.tls_config(tls)?.tcp_nodelay(true).connect().await
}

fn certificate_of(
    authority: &Authority,
    device_id: i64,
    kind: DeviceKind,
    branch: &str,
) -> (String, String, [u8; 32]) {
    let (request, key) = certificate_request();
    let name =
        DeviceName { consortium: "Testikirjastot".to_owned(), branch: branch.to_owned(), kind, device_id };
    let issued = authority
        .issue_device_certificate(&request, &name, super::now(), TimeDelta::hours(24))
        .expect("a certificate");
    (issued.pem, key, issued.fingerprint)
}

/// A certificate request for a new key, as a device makes it: request PEM and key PEM.
///
/// # Panics
/// When there is no randomness.
#[must_use]
pub fn certificate_request() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    (request.pem().expect("a request in PEM"), key.serialize_pem())
}

/// A new request id.
#[must_use]
pub fn new_id() -> String {
    let mut bytes = [0; 16];
    kortisto_vault::Random::fill(&kortisto_vault::SystemRandom, &mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

impl Device {
    /// Clients of every service on its connection.
    #[must_use]
    pub fn patrons(&self) -> PatronServiceClient<Channel> {
        PatronServiceClient::new(self.channel.clone())
    }

    /// See [`Device::patrons`].
    #[must_use]
    pub fn loans(&self) -> LoanServiceClient<Channel> {
        LoanServiceClient::new(self.channel.clone())
    }

    /// See [`Device::patrons`].
    #[must_use]
    pub fn holds(&self) -> HoldServiceClient<Channel> {
        HoldServiceClient::new(self.channel.clone())
    }

    /// See [`Device::patrons`].
    #[must_use]
    pub fn fees(&self) -> FeeServiceClient<Channel> {
        FeeServiceClient::new(self.channel.clone())
    }

    /// See [`Device::patrons`].
    #[must_use]
    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel.clone())
    }

    /// See [`Device::patrons`].
    #[must_use]
    pub fn about(&self) -> DeviceServiceClient<Channel> {
        DeviceServiceClient::new(self.channel.clone())
    }

    /// Signs a patron in and gives the token.
    ///
    /// # Panics
    /// When the register refuses.
    pub async fn sign_in(&self, card: &str, pin: &str) -> String {
        let request = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: card.to_owned(),
            pin: pin.to_owned(),
            ..Default::default()
        };
        let answer = self.patrons().authenticate_patron(request).await.expect("an answer").into_inner();
        assert_eq!(answer.verdict, i32::from(Verdict::Granted), "{:?}", answer.refusals);
        answer.patron_token
    }

    /// Checks an item out under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn checkout(&self, token: &str, barcode: &str) -> Result<CheckoutResponse, Status> {
        self.checkout_as(&new_id(), token, barcode).await
    }

    /// Checks an item out under this request id.
    ///
    /// # Errors
    /// The status.
    pub async fn checkout_as(
        &self,
        id: &str,
        token: &str,
        barcode: &str,
    ) -> Result<CheckoutResponse, Status> {
        let request = CheckoutRequest {
            request_id: id.to_owned(),
            patron_token: token.to_owned(),
            item_barcode: barcode.to_owned(),
        };
        self.loans().checkout(request).await.map(tonic::Response::into_inner)
    }

    /// Takes an item back under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn take_back(&self, barcode: &str) -> Result<ReturnResponse, Status> {
        let request = ReturnRequest { request_id: new_id(), item_barcode: barcode.to_owned() };
        self.loans().r#return(request).await.map(tonic::Response::into_inner)
    }

    /// Picks a hold up under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn pick_up(&self, token: &str, hold: Uuid) -> Result<PickUpHoldResponse, Status> {
        let request = PickUpHoldRequest {
            request_id: new_id(),
            patron_token: token.to_owned(),
            hold_id: hold.to_string(),
        };
        self.holds().pick_up_hold(request).await.map(tonic::Response::into_inner)
    }

    /// Places a hold on a title, to be picked up at this branch, under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn place_hold(
        &self,
        token: &str,
        title_number: &str,
        pickup_branch: &str,
    ) -> Result<PlaceHoldResponse, Status> {
        let request = PlaceHoldRequest {
            request_id: new_id(),
            patron_token: token.to_owned(),
            title_number: title_number.to_owned(),
            pickup_branch: pickup_branch.to_owned(),
            ..Default::default()
        };
        self.holds().place_hold(request).await.map(tonic::Response::into_inner)
    }

    /// Renews a loan.
    ///
    /// # Errors
    /// As the server says.
    pub async fn renew(&self, token: &str, barcode: &str) -> Result<RenewResponse, Status> {
        let (patron_token, item_barcode) = (token.to_owned(), barcode.to_owned());
        let request = RenewRequest { request_id: new_id(), patron_token, item_barcode };
        self.loans().renew(request).await.map(tonic::Response::into_inner)
    }

    /// Undoes what happened last to a loan.
    ///
    /// # Errors
    /// As the server says.
    pub async fn cancel_checkout(&self, loan: Uuid, barcode: &str) -> Result<CancelCheckoutResponse, Status> {
        let (loan_id, item_barcode) = (loan.to_string(), barcode.to_owned());
        let request = CancelCheckoutRequest { request_id: new_id(), loan_id, item_barcode };
        self.loans().cancel_checkout(request).await.map(tonic::Response::into_inner)
    }

    /// Cancels a hold under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn cancel_hold(&self, token: &str, hold: Uuid) -> Result<CancelHoldResponse, Status> {
        let (patron_token, hold_id) = (token.to_owned(), hold.to_string());
        let request = CancelHoldRequest { request_id: new_id(), patron_token, hold_id };
        self.holds().cancel_hold(request).await.map(tonic::Response::into_inner)
    }

    /// Reserves a hold at a locker under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn reserve(&self, token: &str, hold: Uuid) -> Result<ReservePickupResponse, Status> {
        let (patron_token, hold_id) = (token.to_owned(), hold.to_string());
        let request = ReservePickupRequest { request_id: new_id(), patron_token, hold_id };
        self.holds().reserve_pickup(request).await.map(tonic::Response::into_inner)
    }

    /// Confirms the pickup of a hold at a locker under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn confirm(&self, token: &str, hold: Uuid) -> Result<ConfirmPickupResponse, Status> {
        let (patron_token, hold_id) = (token.to_owned(), hold.to_string());
        let request = ConfirmPickupRequest { request_id: new_id(), patron_token, hold_id };
        self.holds().confirm_pickup(request).await.map(tonic::Response::into_inner)
    }

    /// Takes the reservation of a hold at a locker back under a new request id.
    ///
    /// # Errors
    /// The status.
    pub async fn revert(&self, token: &str, hold: Uuid) -> Result<RevertPickupResponse, Status> {
        let (patron_token, hold_id) = (token.to_owned(), hold.to_string());
        let request = RevertPickupRequest { request_id: new_id(), patron_token, hold_id };
        self.holds().revert_pickup(request).await.map(tonic::Response::into_inner)
    }

    /// Asks a resource without a PIN.
    ///
    /// # Errors
    /// The status.
    pub async fn ask_door(
        &self,
        card: &str,
        pin: Option<&str>,
        resource: &str,
    ) -> Result<CheckAccessResponse, Status> {
        let request = CheckAccessRequest {
            card_number: card.to_owned(),
            pin: pin.map(str::to_owned),
            resource: resource.to_owned(),
            nonce: new_id(),
        };
        self.access().check_access(request).await.map(tonic::Response::into_inner)
    }
}
