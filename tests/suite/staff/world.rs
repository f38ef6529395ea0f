//! A register with staff, and every staff rpc as the descriptor names it.

use kortisto_domain::{Purpose, StaffRole};
use kortisto_register::staff::duties::{self, Act, StaffRpc};
use kortisto_store::entities::audit;
use kortisto_testkit::{
    Engine, TestRegister,
    register::{Device, Staff},
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage as _, Value, prost::Message as _,
};
use sea_orm::{EntityTrait as _, QueryOrder as _};
use std::sync::LazyLock;
use tonic::{Request, Status, codegen::http::uri::PathAndQuery};

use crate::coverage::rpc::send;

/// The package whose rpcs need a desk and a signed-in user.
const PACKAGE: &str = "kortisto.staff.v1";

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(kortisto::FILE_DESCRIPTOR_SET).unwrap());

/// One staff rpc.
#[derive(Debug, Clone)]
pub(super) struct Method {
    /// "PatronService.GetPatron".
    pub(super) name: String,
    /// Its row of the table of duties.
    pub(super) rpc: StaffRpc,
    path: PathAndQuery,
    pub(super) input: MessageDescriptor,
    pub(super) output: MessageDescriptor,
}

/// Every staff rpc that needs somebody signed in.
pub(super) fn methods() -> Vec<Method> {
    let services = POOL.services().filter(|service| service.package_name() == PACKAGE);
    services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| (format!("{}.{}", method.parent_service().name(), method.name()), method))
        .filter(|(name, _)| !BEFORE_SIGN_IN.contains(&name.as_str()))
        .map(|(name, method)| Method {
            rpc: duties::rpcs()
                .find(|rpc| rpc.name() == name)
                .unwrap_or_else(|| panic!("{name} is not in the table of duties")),
            path: format!("/{}/{}", method.parent_service().full_name(), method.name()).parse().unwrap(),
            input: method.input(),
            output: method.output(),
            name,
        })
        .collect()
}

/// The rpcs that open a session.
pub(super) const BEFORE_SIGN_IN: [&str; 1] = ["StaffSessionService.SignIn"];

impl Method {
    /// Calls it with these bytes as the message, and with this token.
    pub(super) async fn send(
        &self,
        desk: &Device,
        bearer: Option<&str>,
        bytes: Vec<u8>,
    ) -> Result<DynamicMessage, Status> {
        let mut request = Request::new(bytes);
        if let Some(bearer) = bearer {
            request.metadata_mut().insert("authorization", bearer.parse().unwrap());
        }
        let answer = send(&desk.channel, self.path.clone(), request).await?;
        Ok(DynamicMessage::decode(self.output.clone(), answer.as_slice()).unwrap())
    }

    /// Calls it as this staff member.
    pub(super) async fn ask(
        &self,
        staff: &Staff,
        request: &DynamicMessage,
    ) -> Result<DynamicMessage, Status> {
        self.send(&staff.desk, Some(&staff.bearer()), request.encode_to_vec()).await
    }

    /// A role that may call it.
    pub(super) fn role(&self) -> StaffRole {
        *StaffRole::ALL.iter().find(|role| duties::may_call(&[**role], self.rpc)).unwrap()
    }

    /// A purpose for which this role may call it, or at least somebody; none where it takes none.
    pub(super) fn purpose_of(&self, role: StaffRole) -> Option<Purpose> {
        let all = duties::purposes(self.rpc);
        let own = all.iter().find(|purpose| duties::may_for(&[role], Some(**purpose), self.rpc));
        own.or_else(|| all.first()).copied()
    }

    pub(super) fn changes(&self) -> bool {
        self.rpc.act() == Act::Change
    }
}

/// A register and whoever prepares things in it.
pub(super) struct World {
    pub(super) t: TestRegister,
    pub(super) desk: Device,
}

impl World {
    pub(super) async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let desk = t.device(kortisto_domain::DeviceKind::Desk).await;
        Self { t, desk }
    }

    /// A staff member at the one desk, with these roles.
    pub(super) async fn staff(&self, roles: &[StaffRole]) -> Staff {
        self.t.staff_at(roles, self.desk.clone()).await
    }

    /// A question of this rpc that is answered to a role that may ask it, with its purpose and request id set, about
    /// things of its own.
    pub(super) async fn question(&self, method: &Method) -> DynamicMessage {
        self.question_as(method, method.role()).await
    }

    /// The same with a purpose of this role; with any other where the role has none.
    pub(super) async fn question_as(&self, method: &Method, role: StaffRole) -> DynamicMessage {
        let mut question = super::questions::question(self, &method.name).await;
        assert_eq!(question.descriptor(), method.input, "{}", method.name);
        if let Some(purpose) = method.purpose_of(role) {
            set_purpose(&mut question, purpose);
        }
        if method.changes() {
            let id = kortisto_testkit::register::new_id();
            question.set_field_by_name("request_id", Value::String(id));
        }
        question
    }

    /// The audit rows, oldest first.
    pub(super) async fn audit(&self) -> Vec<audit::Model> {
        audit::Entity::find().order_by_asc(audit::Column::Id).all(self.t.store.writer()).await.unwrap()
    }
}

/// Sets the field `purpose`.
pub(super) fn set_purpose(question: &mut DynamicMessage, purpose: Purpose) {
    question.set_field_by_name("purpose", Value::EnumNumber(i32::from(purpose.code())));
}

/// A generated message as one of the descriptor.
pub(super) fn dynamic(name: &str, message: &impl prost::Message) -> DynamicMessage {
    let descriptor = POOL.get_message_by_name(&format!("{PACKAGE}.{name}")).unwrap();
    DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).unwrap()
}
