//! Sixty-four at once on one thing: at one server on either engine, and at two servers on one PostgreSQL.

/// Runs each test function on SQLite, on PostgreSQL, and at two servers on one PostgreSQL.
macro_rules! in_every_house {
    ($(async fn $name:ident($crowd:ident: Crowd) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn run($crowd: Crowd) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(run(Crowd::at_one_server(kortisto_testkit::Engine::Sqlite).await)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(run(Crowd::at_one_server(kortisto_testkit::Engine::Postgres).await)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn two_servers() {
                Box::pin(run(Crowd::at_two_servers().await)).await;
            }
        })+
    };
}

/// Asks under one request id until there is an answer.
macro_rules! settled {
    ($ask:expr) => {
        'answered: {
            for _ in 0..$crate::crowds::TRIES_MAX {
                if let Some(answer) = $crate::crowds::answered($ask.await) {
                    break 'answered answer;
                }
                tokio::time::sleep($crate::crowds::PAUSE).await;
            }
            panic!("no answer after {} tries", $crate::crowds::TRIES_MAX)
        }
    };
}

mod fees;
mod items;
mod limits;
mod queues;

use crate::coverage::rpc::reason;
use kortisto::common::v1::{ErrorReason, Refusal, RefusalReason};
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    Engine, TestOptions, TestRegister,
    register::{Device, TestPatron},
};
use std::time::Duration;
use tonic::{Response, Status};

/// Tasks at once.
const TASKS: usize = 64;
/// Tries of one request under its id until it is answered.
const TRIES_MAX: u32 = 100;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);

/// The servers that everybody comes to.
struct Crowd {
    servers: Vec<TestRegister>,
}

impl Crowd {
    async fn at_one_server(engine: Engine) -> Self {
        Self { servers: vec![TestRegister::start(engine).await] }
    }

    async fn at_two_servers() -> Self {
        let one = TestRegister::start(Engine::Postgres).await;
        let other = one.start_beside(TestOptions::default()).await;
        Self { servers: vec![one, other] }
    }

    /// The first server, by which the database is prepared and looked at.
    fn t(&self) -> &TestRegister {
        &self.servers[0]
    }

    /// A device as each server knows it.
    async fn device(&self, kind: DeviceKind) -> Vec<Device> {
        let device = self.t().device(kind).await;
        let mut known = Vec::new();
        for server in &self.servers {
            let channel = server.connect(Some(&device.identity)).await.unwrap();
            known.push(Device { channel, ..device.clone() });
        }
        known
    }

    /// Patrons with a session at a device each.
    async fn patrons_at(&self, device: &Device, patrons: usize) -> Vec<(TestPatron, String)> {
        let mut signed_in = Vec::new();
        for _ in 0..patrons {
            let patron = self.t().patron().await;
            let token = self.t().session_at(device, &patron).await;
            signed_in.push((patron, token));
        }
        signed_in
    }
}

/// Where the task with this number goes.
fn turn<T>(places: &[T], number: usize) -> &T {
    &places[number % places.len()]
}

/// The answer; none where the register is busy, which among so many somebody may find.
fn answered<A>(answer: Result<Response<A>, Status>) -> Option<A> {
    match answer {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let busy = [ErrorReason::RegisterUnavailable, ErrorReason::Overloaded];
            assert!(busy.contains(&reason(&status)), "{status:?}");
            None
        }
    }
}

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}
