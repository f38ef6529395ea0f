//! The gRPC services: read the request, ask the register, write the reply. No rule is here.
//!
//! Every rpc goes the same way: who asks ([`Api::caller`], which also refuses what this kind of device
//! may not call), is the request well formed (`fields`), the register's answer, what this kind may see
//! of it (`reply`).

mod access;
mod device;
mod enrolment;
mod fee;
mod fields;
mod hold;
mod loan;
mod money;
mod page_token;
mod patron;
mod reply;
mod staff;

pub use enrolment::EnrolmentApi;

use crate::{
    identity::{KnownDevice, PeerIdentity},
    limits::{Deadline, TraceId},
    openid::OpenId,
    status::Fault,
    text::{Language, Texts},
};
use kortisto_register::{Caller, Register, RegisterError, Rpc, permissions};
use std::sync::Arc;
use tokio::time::Instant;
use tonic::{Request, Status};

/// What every service holds. Clones share it.
#[derive(Clone)]
pub struct Api {
    register: Arc<Register>,
    texts: Arc<Texts>,
    /// The language of texts for a patron whose language is not known.
    language: Language,
    /// Languages of the consortium, for `GetDevice`.
    languages: Arc<[String]>,
    /// The identity provider of staff, if there is one.
    openid: Option<Arc<OpenId>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// The services of a register. The first of `languages` is spoken where a patron's is not known; staff may come
    /// with tokens of `openid`.
    #[must_use]
    pub fn new(register: Arc<Register>, languages: &[String], openid: Option<Arc<OpenId>>) -> Self {
        Self {
            register,
            texts: Arc::new(Texts::new()),
            language: languages.first().map_or_else(Language::default, |tag| Language::from_tag(tag)),
            languages: languages.into(),
            openid,
        }
    }

    /// The device that asks, if its kind may call this rpc. Whether it is in force is decided with the
    /// facts of the answer.
    async fn caller<T>(&self, request: &Request<T>, rpc: Rpc) -> Result<Asked, Status> {
        let caller = self.device(request).await?;
        if !permissions::may_call(caller.kind, rpc) {
            return Err(Fault::RpcForbidden { rpc: rpc.name().to_owned() }.into());
        }
        let trace_id = TraceId::of(request.extensions());
        Ok(Asked { caller, rpc, deadline: deadline(request), trace_id })
    }

    /// The device that asks, looked up once for each connection.
    async fn device<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let peer = request.extensions().get::<PeerIdentity>().ok_or(Fault::DeviceUnknown)?;
        let known = match peer.device.get() {
            Some(known) => *known,
            None => {
                let found = self.register.identify(&peer.fingerprint, deadline(request)).await;
                let found = found.map_err(|error| Fault::of(&error, &TraceId::of(request.extensions())))?;
                let known = KnownDevice { device_id: found.device_id, kind: found.kind };
                *peer.device.get_or_init(|| known)
            }
        };
        Ok(Caller { fingerprint: peer.fingerprint, device_id: known.device_id, kind: known.kind })
    }
}

/// A call whose device is known.
struct Asked {
    caller: Caller,
    rpc: Rpc,
    deadline: Instant,
    trace_id: String,
}

impl Asked {
    /// Refuses a field that this kind of device may not set.
    fn may_set(&self, field: &'static str, is_set: bool) -> Result<(), Fault> {
        if is_set && !permissions::may_ask(self.caller.kind, self.rpc, field) {
            return Err(Fault::FieldForbidden { field: field.to_owned() });
        }
        Ok(())
    }

    /// Whether this kind of device sees a field of the reply.
    fn shows(&self, field: &str) -> bool {
        permissions::may_show(self.caller.kind, self.rpc, field)
    }

    /// The status of an error of the register.
    fn fault(&self, error: &RegisterError) -> Status {
        Fault::of(error, &self.trace_id).into()
    }
}

/// When the caller stops waiting. The deadline layer sets it on every call.
fn deadline<T>(request: &Request<T>) -> Instant {
    request.extensions().get::<Deadline>().map_or_else(Instant::now, |deadline| deadline.0)
}
