//! Random requests: bytes of any kind, and well-formed messages with any values. Whatever comes, it is
//! never a fault of the register.

use super::{question::World, rpc::methods};
use kortisto_domain::DeviceKind;
use kortisto_register::permissions;
use kortisto_testkit::{Engine, register::Device};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use prost_reflect::{DynamicMessage, Kind, Value, prost::Message as _};
use tokio::runtime::Runtime;
use tonic::Code;

/// Requests of each sort.
const CASES: u32 = 300;

/// A register with one device of every kind, and the runtime that it lives in.
struct Target {
    runtime: Runtime,
    w: World,
    devices: Vec<(DeviceKind, Device)>,
}

impl Target {
    fn start(engine: Engine) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (w, devices) = runtime.block_on(async {
            let w = World::start(engine).await;
            let mut devices = Vec::new();
            for kind in DeviceKind::ALL {
                devices.push((*kind, w.t.device(*kind).await));
            }
            (w, devices)
        });
        Self { runtime, w, devices }
    }

    /// Sends bytes to the rpc as a device that may call it.
    fn send(&self, rpc: usize, bytes: Vec<u8>) -> Result<(), TestCaseError> {
        let methods = methods();
        let method = &methods[rpc % methods.len()];
        let may_call = |(kind, _): &&(DeviceKind, Device)| permissions::may_call(*kind, method.rpc);
        let (_, device) = self.devices.iter().find(may_call).unwrap();
        let answer = self.runtime.block_on(method.send(&device.channel, bytes));
        let Err(status) = answer else { return Ok(()) };
        let may_be = [
            Code::InvalidArgument,
            Code::AlreadyExists,
            Code::PermissionDenied,
            Code::ResourceExhausted,
            Code::OutOfRange,
        ];
        prop_assert!(may_be.contains(&status.code()), "{}: {status:?}", method.name);
        Ok(())
    }

    /// Nothing panicked, nothing is broken, and good questions are answered.
    fn stands(self) {
        self.runtime.block_on(async {
            for (lane, stats) in self.w.t.register.lane_stats() {
                assert_eq!((stats.panics, stats.failed), (0, 0), "{lane}: {stats:?}");
            }
            assert_eq!(self.w.t.register.vault().panicked(), 0);
            self.w.t.probe().await;
            let patron = self.w.patron().await;
            self.w.kiosk.sign_in(&patron.card, patron.pin).await;
        });
    }
}

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() })
}

fn any_bytes(engine: Engine) {
    let target = Target::start(engine);
    let strategy = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..200));
    runner().run(&strategy, |(rpc, bytes)| target.send(rpc.index(methods().len()), bytes)).unwrap();
    target.stands();
}

/// Texts that pass the look at their form now and then.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,70}",
        ".{0,70}",
        "[0-9]{4,12}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[A-Za-z0-9_-]{43}",
        "[01]\\.[0-9a-f]{1,17}\\.[0-9a-f]{32}",
        Just("pin-door".to_owned()),
    ]
}

/// A value for a field of this kind.
fn value_of(kind: &Kind, text: &str, number: i32) -> Value {
    match kind {
        Kind::String => Value::String(text.to_owned()),
        Kind::Int32 => Value::I32(number),
        Kind::Int64 => Value::I64(number.into()),
        Kind::Enum(_) => Value::EnumNumber(number % 5),
        Kind::Bool => Value::Bool(number % 2 == 0),
        Kind::Message(descriptor) => {
            let mut message = DynamicMessage::new(descriptor.clone());
            for field in descriptor.fields() {
                message.set_field(&field, value_of(&field.kind(), text, number));
            }
            Value::Message(message)
        }
        other => panic!("no random {other:?} here"),
    }
}

fn any_values(engine: Engine) {
    let target = Target::start(engine);
    let values = (prop::collection::vec(any_text(), 4), prop::collection::vec(any::<i32>(), 4));
    let strategy = (any::<prop::sample::Index>(), values);
    let fill = |(rpc, (texts, numbers)): (prop::sample::Index, (Vec<String>, Vec<i32>))| {
        let rpc = rpc.index(methods().len());
        let input = methods()[rpc].input.clone();
        let mut message = DynamicMessage::new(input.clone());
        for (index, field) in input.fields().enumerate() {
            let (text, number) = (&texts[index % texts.len()], numbers[index % numbers.len()]);
            let value = value_of(&field.kind(), text, number);
            message.set_field(&field, if field.is_list() { Value::List(vec![value]) } else { value });
        }
        target.send(rpc, message.encode_to_vec())
    };
    runner().run(&strategy, fill).unwrap();
    target.stands();
}

#[test]
fn any_bytes_on_sqlite() {
    any_bytes(Engine::Sqlite);
}

#[test]
fn any_bytes_on_postgres() {
    any_bytes(Engine::Postgres);
}

#[test]
fn any_values_on_sqlite() {
    any_values(Engine::Sqlite);
}

#[test]
fn any_values_on_postgres() {
    any_values(Engine::Postgres);
}
