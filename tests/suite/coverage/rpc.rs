//! The rpcs as the descriptor names them, called with any bytes.

use kortisto::common::v1::ErrorReason;
use kortisto_register::Rpc;
use prost::bytes::{Buf as _, BufMut as _};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, prost::Message as _};
use std::{collections::HashMap, sync::LazyLock, time::Duration};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_types::{ErrorDetail, StatusExt as _};

/// The service that is called without a certificate and on an endpoint of its own.
const ENROLMENT: &str = "kortisto.device.v1.EnrolmentService";

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(kortisto::FILE_DESCRIPTOR_SET).unwrap());

/// One rpc of the device endpoint.
#[derive(Debug, Clone)]
pub(super) struct Method {
    /// "LoanService.Checkout".
    pub(super) name: String,
    /// Its row of the permission table.
    pub(super) rpc: Rpc,
    pub(super) path: PathAndQuery,
    pub(super) input: MessageDescriptor,
    pub(super) output: MessageDescriptor,
}

/// Every rpc of the device endpoint.
pub(super) fn methods() -> Vec<Method> {
    let services = POOL.services().filter(|service| service.full_name().starts_with("kortisto.device."));
    let methods: Vec<_> = services
        .filter(|service| service.full_name() != ENROLMENT)
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let service = method.parent_service();
            let name = format!("{}.{}", service.name(), method.name());
            let rpc = Rpc::from_name(&name);
            Method {
                rpc: rpc.unwrap_or_else(|| panic!("{name} is not in the permission table")),
                path: format!("/{}/{}", service.full_name(), method.name()).parse().unwrap(),
                input: method.input(),
                output: method.output(),
                name,
            }
        })
        .collect();
    assert!(methods.len() >= 9, "the descriptor holds only {} rpcs", methods.len());
    methods
}

/// The rpc of this name.
pub(super) fn method(name: &str) -> Method {
    methods().into_iter().find(|method| method.name == name).unwrap()
}

/// A message of this type from one of the generated ones.
pub(super) fn dynamic(descriptor: &MessageDescriptor, message: &impl prost::Message) -> DynamicMessage {
    DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice()).unwrap()
}

impl Method {
    /// Calls it with these bytes as the message.
    pub(super) async fn send(&self, channel: &Channel, bytes: Vec<u8>) -> Result<Vec<u8>, Status> {
        send(channel, self.path.clone(), Request::new(bytes)).await
    }

    /// Calls it with a message.
    pub(super) async fn ask(
        &self,
        channel: &Channel,
        request: &DynamicMessage,
    ) -> Result<DynamicMessage, Status> {
        let answer = self.send(channel, request.encode_to_vec()).await?;
        Ok(DynamicMessage::decode(self.output.clone(), answer.as_slice()).unwrap())
    }

    /// Calls it with a message and a deadline.
    pub(super) async fn ask_within(
        &self,
        channel: &Channel,
        request: &DynamicMessage,
        timeout: Duration,
    ) -> Result<Vec<u8>, Status> {
        let mut request = Request::new(request.encode_to_vec());
        request.set_timeout(timeout);
        send(channel, self.path.clone(), request).await
    }
}

/// Calls any path with any bytes.
pub(crate) async fn send(
    channel: &Channel,
    path: PathAndQuery,
    request: Request<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    // Of a stream the first message; an rpc with one answer is such a stream too.
    let mut answers = client.server_streaming(request, path, Bytes).await?.into_inner();
    answers.message().await?.ok_or_else(|| Status::data_loss("no answer"))
}

/// Passes messages through as they are.
#[derive(Debug, Clone, Copy)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

/// The reason and the metadata of a status, after the look that every status has to stand: exactly one
/// `ErrorInfo` of our domain, the code that belongs to its reason, RetryInfo only where a retry helps.
pub(crate) fn fault(status: &Status) -> (ErrorReason, HashMap<String, String>) {
    let details = status.check_error_details_vec().unwrap();
    let infos: Vec<_> = details
        .iter()
        .filter_map(|detail| match detail {
            ErrorDetail::ErrorInfo(info) => Some(info),
            _ => None,
        })
        .collect();
    let [info] = infos.as_slice() else { panic!("{} ErrorInfos: {status:?}", infos.len()) };
    assert_eq!(info.domain, "kortisto");
    let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason)).unwrap();
    assert_eq!(status.code(), kortisto_server::status::code(reason), "{status:?}");
    let retries = status.get_details_retry_info().is_some();
    let may_retry = matches!(
        reason,
        ErrorReason::Overloaded | ErrorReason::RegisterUnavailable | ErrorReason::DeviceThrottled
    );
    assert!(!retries || may_retry, "{status:?}");
    (reason, info.metadata.clone())
}

/// The reason of a status.
pub(crate) fn reason(status: &Status) -> ErrorReason {
    fault(status).0
}
