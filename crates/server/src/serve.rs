//! Puts the parts together and serves: two endpoints, health, reflection, a graceful stop.

use crate::{
    accept::{AcceptLimits, accept},
    health,
    identity::{Applicant, PeerIdentity},
    limits::{EdgeLayer, TraceIds, http2, tune, tune_enrolment},
    notices::{DELIVERY_END_LIMIT, NoticeWorker},
    observe,
    openid::OpenId,
    services::{Api, EnrolmentApi},
    shutdown::{DrainLimits, Phase, Stop, Stopped, announce_ready, feed_watchdog, serve_until},
    tls::TlsReloader,
};
use kortisto::device::v1::{
    access_service_server::AccessServiceServer, device_service_server::DeviceServiceServer,
    enrolment_service_server::EnrolmentServiceServer, fee_service_server::FeeServiceServer,
    hold_service_server::HoldServiceServer, loan_service_server::LoanServiceServer,
    patron_service_server::PatronServiceServer,
};
use kortisto::staff::v1::{
    audit_service_server::AuditServiceServer, ban_service_server::BanServiceServer,
    card_service_server::CardServiceServer, explain_service_server::ExplainServiceServer,
    fee_service_server::FeeServiceServer as StaffFeeServiceServer,
    hold_service_server::HoldServiceServer as StaffHoldServiceServer,
    home_service_service_server::HomeServiceServiceServer,
    identity_code_service_server::IdentityCodeServiceServer, item_service_server::ItemServiceServer,
    loan_service_server::LoanServiceServer as StaffLoanServiceServer,
    message_service_server::MessageServiceServer, notice_service_server::NoticeServiceServer,
    patron_service_server::PatronServiceServer as StaffPatronServiceServer,
    pin_service_server::PinServiceServer, place_service_server::PlaceServiceServer,
    policy_service_server::PolicyServiceServer, relation_service_server::RelationServiceServer,
    staff_account_service_server::StaffAccountServiceServer,
    staff_session_service_server::StaffSessionServiceServer,
};
use kortisto_register::{Register, audit::Sealer, jobs::Runner};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::timeout};
use tonic::transport::Server;

/// The services of the device endpoint, for health.
pub const SERVICES: &[&str] = &[
    "kortisto.device.v1.PatronService",
    "kortisto.device.v1.LoanService",
    "kortisto.device.v1.HoldService",
    "kortisto.device.v1.FeeService",
    "kortisto.device.v1.AccessService",
    "kortisto.device.v1.DeviceService",
    "kortisto.staff.v1.StaffSessionService",
    "kortisto.staff.v1.PatronService",
    "kortisto.staff.v1.MessageService",
    "kortisto.staff.v1.NoticeService",
    "kortisto.staff.v1.CardService",
    "kortisto.staff.v1.LoanService",
    "kortisto.staff.v1.PinService",
    "kortisto.staff.v1.IdentityCodeService",
    "kortisto.staff.v1.PlaceService",
    "kortisto.staff.v1.PolicyService",
    "kortisto.staff.v1.StaffAccountService",
    "kortisto.staff.v1.AuditService",
    "kortisto.staff.v1.BanService",
    "kortisto.staff.v1.FeeService",
    "kortisto.staff.v1.RelationService",
    "kortisto.staff.v1.HomeServiceService",
    "kortisto.staff.v1.ExplainService",
    "kortisto.staff.v1.HoldService",
    "kortisto.staff.v1.ItemService",
];

/// Connections of the enrolment endpoint at most: enrolling is rare.
const ENROLMENT_CONNECTION_MAX: usize = 64;

/// What is served, and within which limits.
pub struct Serving {
    /// The register.
    pub register: Arc<Register>,
    /// Certificates, reloaded while serving.
    pub tls: Arc<TlsReloader>,
    /// Where devices connect.
    pub devices: TcpListener,
    /// Where devices enrol.
    pub enrolment: TcpListener,
    /// Languages of texts, the first one where a patron's is not known.
    pub languages: Vec<String>,
    /// Open connections of devices.
    pub connection_max: usize,
    /// Calls under way.
    pub in_flight_max: usize,
    /// The longest deadline of a call.
    pub deadline_max: Duration,
    /// How long stopping may take.
    pub drain: DrainLimits,
    /// Whether the contract may be asked for over the wire.
    pub reflection: bool,
    /// The consortium's identity provider for staff; none where they sign in with passwords only.
    pub openid: Option<Arc<OpenId>>,
    /// Who seals the audit trail; none where another process does.
    pub sealer: Option<Sealer>,
    /// Who runs jobs; none where a timer does.
    pub runner: Option<Runner>,
    /// Who delivers notices; none where another process does.
    pub notices: Option<NoticeWorker>,
}

/// Serves until `signal` ends, then stops within the drain limits and closes the register.
///
/// # Errors
/// When an endpoint fails for good.
pub async fn serve(
    serving: Serving,
    signal: impl Future<Output = ()>,
) -> Result<Stopped, tonic::transport::Error> {
    let Serving { register, tls, drain, .. } = serving;
    let stop = Stop::default();
    let (health_reporter, health_service) = tonic_health::server::health_reporter();
    health::set(&health_reporter, false).await;

    let trace_ids: TraceIds = {
        let random = Arc::clone(&register.surroundings().random);
        Arc::new(move || {
            let mut id = [0; 16];
            random.fill(&mut id);
            id
        })
    };
    let edge = EdgeLayer::new(serving.in_flight_max, serving.deadline_max, trace_ids);
    let api = Api::new(Arc::clone(&register), &serving.languages, serving.openid.clone());
    let (in_max, out_max) = (http2::RECEIVE_BYTES_MAX, http2::SEND_BYTES_MAX);
    macro_rules! sized {
        ($service:expr) => {
            $service.max_decoding_message_size(in_max).max_encoding_message_size(out_max)
        };
    }
    let reflection = serving.reflection.then(|| {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(kortisto::FILE_DESCRIPTOR_SET)
            .build_v1()
            .expect("the build script made the descriptor set")
    });
    let devices = tune(Server::builder())
        .layer(edge.clone())
        .add_service(health_service)
        .add_optional_service(reflection)
        .add_service(sized!(PatronServiceServer::new(api.clone())))
        .add_service(sized!(LoanServiceServer::new(api.clone())))
        .add_service(sized!(HoldServiceServer::new(api.clone())))
        .add_service(sized!(FeeServiceServer::new(api.clone())))
        .add_service(sized!(AccessServiceServer::new(api.clone())))
        .add_service(sized!(StaffSessionServiceServer::new(api.clone())))
        .add_service(sized!(StaffPatronServiceServer::new(api.clone())))
        .add_service(sized!(MessageServiceServer::new(api.clone())))
        .add_service(sized!(NoticeServiceServer::new(api.clone())))
        .add_service(sized!(CardServiceServer::new(api.clone())))
        .add_service(sized!(StaffLoanServiceServer::new(api.clone())))
        .add_service(sized!(PinServiceServer::new(api.clone())))
        .add_service(sized!(IdentityCodeServiceServer::new(api.clone())))
        .add_service(sized!(PlaceServiceServer::new(api.clone())))
        .add_service(sized!(PolicyServiceServer::new(api.clone())))
        .add_service(sized!(StaffAccountServiceServer::new(api.clone())))
        .add_service(sized!(AuditServiceServer::new(api.clone())))
        .add_service(sized!(BanServiceServer::new(api.clone())))
        .add_service(sized!(StaffFeeServiceServer::new(api.clone())))
        .add_service(sized!(RelationServiceServer::new(api.clone())))
        .add_service(sized!(HomeServiceServiceServer::new(api.clone())))
        .add_service(sized!(ExplainServiceServer::new(api.clone())))
        .add_service(sized!(StaffHoldServiceServer::new(api.clone())))
        .add_service(sized!(ItemServiceServer::new(api.clone())))
        .add_service(sized!(DeviceServiceServer::new(api)))
        .serve_with_incoming_shutdown(
            accept::<PeerIdentity>(
                serving.devices,
                {
                    let tls = Arc::clone(&tls);
                    Arc::new(move || tls.for_devices())
                },
                AcceptLimits::new("device", serving.connection_max),
                stop.clone(),
            ),
            stop.reached(Phase::Draining),
        );
    let enrolment = tune_enrolment(Server::builder())
        .layer(edge)
        .add_service(sized!(EnrolmentServiceServer::new(EnrolmentApi::new(Arc::clone(&register)))))
        .serve_with_incoming_shutdown(
            accept::<Applicant>(
                serving.enrolment,
                {
                    let tls = Arc::clone(&tls);
                    Arc::new(move || tls.for_enrolment())
                },
                AcceptLimits::new("enrolment", ENROLMENT_CONNECTION_MAX),
                stop.clone(),
            ),
            stop.reached(Phase::Draining),
        );
    let both = async { tokio::try_join!(devices, enrolment).map(|((), ())| ()) };

    register.warm_up().await;
    let mut companions = tokio::task::JoinSet::new();
    companions.spawn(health::watch(Arc::clone(&register), health_reporter.clone(), stop.clone()));
    companions.spawn(observe::lanes_and_vault(Arc::clone(&register)));
    if let Some(openid) = serving.openid {
        companions.spawn(openid.watch());
    }
    if let Some(sealer) = serving.sealer {
        companions.spawn(sealer.run());
    }
    if let Some(runner) = serving.runner {
        companions.spawn(runner.run());
    }
    let delivering = serving.notices.map(|worker| tokio::spawn(worker.run(stop.clone())));
    companions.spawn(feed_watchdog(|| true));
    companions.spawn(async move {
        if let Err(error) = tls.watch().await {
            tracing::error!(%error, "certificates are not reloaded any more");
        }
    });
    companions.spawn({
        let (register, draining) = (Arc::clone(&register), stop.reached(Phase::Draining));
        async move {
            draining.await;
            register.end_watches();
        }
    });
    announce_ready();
    let stopped = serve_until(signal, both, &stop, &health_reporter, SERVICES, drain).await;
    companions.abort_all();
    if let Some(delivering) = delivering {
        // What was handed out should be recorded. Cut short, it is handed out once more.
        if timeout(DELIVERY_END_LIMIT, delivering).await.is_err() {
            tracing::warn!("notices were under way at the end, and may go out once more");
        }
    }
    register.close().await;
    stopped
}
