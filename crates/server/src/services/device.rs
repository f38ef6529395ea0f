//! `DeviceService`.

use super::{Api, fields, reply};
use kortisto::device::v1::{
    DeviceKind, GetDeviceRequest, GetDeviceResponse, RenewCertificateRequest, RenewCertificateResponse,
    device_service_server::DeviceService,
};
use kortisto_domain::DeviceKind as Kind;
use kortisto_register::Rpc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl DeviceService for Api {
    async fn get_device(
        &self,
        request: Request<GetDeviceRequest>,
    ) -> Result<Response<GetDeviceResponse>, Status> {
        let asked = self.caller(&request, Rpc::GetDevice).await?;
        let description = self
            .register
            .describe_device(asked.caller, asked.deadline)
            .await
            .map_err(|error| asked.fault(&error))?;
        Ok(Response::new(GetDeviceResponse {
            device_name: description.name,
            kind: kind(description.kind).into(),
            branch: description.branch,
            branch_name: description.branch_name,
            allowed_rpcs: description.rpcs.into_iter().map(str::to_owned).collect(),
            resources: if asked.shows("resources") { description.resources } else { Vec::new() },
            pin_length_min: i32::from(description.pins.length_min),
            pin_length_max: i32::from(description.pins.length_max),
            languages: self.languages.to_vec(),
            server_time: Some(reply::timestamp(description.server_time)),
            certificate_expires_at: Some(reply::timestamp(description.certificate_expires_at)),
        }))
    }

    async fn renew_certificate(
        &self,
        request: Request<RenewCertificateRequest>,
    ) -> Result<Response<RenewCertificateResponse>, Status> {
        let asked = self.caller(&request, Rpc::RenewCertificate).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let pem = fields::certificate_request(message.certificate_request_pem)?;
        let renewed = self
            .register
            .renew_certificate(asked.caller, request_id, pem, asked.deadline)
            .await
            .map_err(|error| asked.fault(&error))?;
        Ok(Response::new(RenewCertificateResponse {
            certificate_pem: renewed.certificate_pem,
            authority_pem: renewed.authority_pem,
            expires_at: Some(reply::timestamp(renewed.expires_at)),
        }))
    }
}

const fn kind(kind: Kind) -> DeviceKind {
    match kind {
        Kind::SelfCheckout => DeviceKind::SelfCheckout,
        Kind::Door => DeviceKind::Door,
        Kind::PcBooking => DeviceKind::PcBooking,
        Kind::Locker => DeviceKind::Locker,
        Kind::ELending => DeviceKind::ELending,
        Kind::OnlineLibrary => DeviceKind::OnlineLibrary,
        Kind::Desk => DeviceKind::Desk,
    }
}
