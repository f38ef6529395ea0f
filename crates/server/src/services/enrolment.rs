//! `EnrolmentService`, on the endpoint of its own.

use super::{deadline, fields, reply};
use crate::{limits::TraceId, status::Fault};
use kortisto::device::v1::{
    EnrolDeviceRequest, EnrolDeviceResponse, enrolment_service_server::EnrolmentService,
};
use kortisto_register::Register;
use kortisto_vault::EnrolmentCode;
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

/// Turns one-time codes into certificates. It knows no caller: the code is the proof.
#[derive(Clone)]
pub struct EnrolmentApi {
    register: Arc<Register>,
}

impl std::fmt::Debug for EnrolmentApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrolmentApi")
    }
}

impl EnrolmentApi {
    /// The service of a register.
    #[must_use]
    pub const fn new(register: Arc<Register>) -> Self {
        Self { register }
    }
}

#[async_trait]
impl EnrolmentService for EnrolmentApi {
    async fn enrol_device(
        &self,
        request: Request<EnrolDeviceRequest>,
    ) -> Result<Response<EnrolDeviceResponse>, Status> {
        let deadline = deadline(&request);
        let trace_id = TraceId::of(request.extensions());
        let message = request.into_inner();
        if message.enrolment_code.chars().count() > fields::CODE_CHARS_MAX {
            return Err(Fault::field("enrolment_code", "at most 64 characters").into());
        }
        let pem = fields::certificate_request(message.certificate_request_pem)?;
        // A code of the wrong form is answered like one that does not exist.
        let code = EnrolmentCode::parse(&message.enrolment_code).map_err(|_| Fault::EnrolmentRefused)?;
        let enrolled = self
            .register
            .enrol_device(code.hash(), pem, deadline)
            .await
            .map_err(|error| Fault::of(&error, &trace_id))?;
        Ok(Response::new(EnrolDeviceResponse {
            certificate_pem: enrolled.certificate.certificate_pem,
            authority_pem: enrolled.certificate.authority_pem,
            device_name: enrolled.device_name,
            expires_at: Some(reply::timestamp(enrolled.certificate.expires_at)),
        }))
    }
}
