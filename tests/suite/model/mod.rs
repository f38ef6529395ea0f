//! Loans, holds and fees against a plain model: whatever happens in whatever order, the register answers what the model
//! says and holds what the model holds, and the invariants stand after every step.
//!
//! The seed of a run is printed. `KORTISTO_MODEL_SEED` gives it again, and `KORTISTO_MODEL_CASES` asks for more
//! libraries than the suite does:
//!
//! ```sh
//! KORTISTO_MODEL_CASES=1000 cargo nextest run -p kortisto-tests model::
//! ```

mod act;
mod holding;
mod lending;
mod op;
mod owing;
mod plain;
mod world;

use act::{Asked, Heard};
use kortisto_testkit::Engine;
use op::{Drawn, Op};
use plain::{Plain, Said};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, ops::Range};
use tokio::{runtime::Handle, task::block_in_place};
use world::World;

/// Libraries of one run of the suite.
const CASES: u32 = 16;
/// What happens in one of them.
const OPERATIONS: Range<usize> = 40..80;
/// Shorter ways to the same failure that are tried at most.
const SHRINK_MAX: u32 = 200;

impl Plain {
    /// Does it, and says what the register has to answer.
    fn apply(&mut self, op: Op) -> Said {
        match op {
            Op::CheckOut { who, spot, item } => self.check_out(who.patron, who.card, spot, item),
            Op::TakeBack { spot, item } => self.take_back(spot, item),
            Op::Undo { spot, loan } => self.undo(spot, loan),
            Op::Renew { who, spot, item } => self.renew(who.patron, spot, item),
            Op::RenewAll { who, spot } => self.renew_all(who.patron, spot),
            Op::Place { who, item, level, pickup, .. } => self.place(who.patron, item, level, pickup),
            Op::Change { who, hold, edit, .. } => self.change(who.patron, hold, edit),
            Op::Cancel { who, spot, hold } => self.cancel(who.patron, spot, hold),
            Op::PickUp { who, spot, hold } => self.pick_up(who.patron, who.card, spot, hold),
            Op::Reserve { who, spot, hold } => self.reserve(who.patron, spot, hold),
            Op::Confirm { who, spot, hold } => self.confirm(who.patron, who.card, spot, hold),
            Op::Revert { who, spot, hold } => self.revert(who.patron, spot, hold),
            Op::Stock { spot, hold } => self.stock(spot, hold),
            Op::Report { item, report } => self.report(item, report),
            Op::Bill { item } => self.bill(item),
            Op::Charge { patron, cents } => self.charge(patron, cents),
            Op::Pay { who, spot, what } => self.pay(who.patron, spot, what),
            Op::PayAtDesk { patron, what } => self.pay_at_desk(patron, what),
            Op::Waive { fee, cents } => self.waive(fee, cents),
            Op::Refund { payment, cents, also_waive } => self.refund(payment, cents, also_waive),
            Op::ExpireHolds => self.expire(),
            Op::LapseFees => self.lapse(),
            Op::Look { who, spot } => {
                let holds = self.list_holds(who.patron, spot);
                let (loans, fees) = (self.list_loans(who.patron), self.list_fees(who.patron));
                Ok(if spot.is_locker() { holds } else { format!("{holds}\n{loans}\n{fees}") })
            }
            Op::Pass(_) | Op::Replay { .. } => unreachable!("the run does it"),
        }
    }
}

/// How often each operation was done, and how often it was refused.
type Tally = BTreeMap<String, [u32; 2]>;

/// Lets everything happen in a library of its own.
async fn live(engine: Engine, drawn: &[Drawn], tally: &RefCell<Tally>) -> Result<(), TestCaseError> {
    let (mut world, mut plain) = World::start(engine).await;
    let mut answered: Vec<(Asked, Heard)> = Vec::new();
    let mut so_far = String::new();
    for drawn in drawn {
        let Some(op) = drawn.among(&plain) else { continue };
        writeln!(so_far, "{op:?}").unwrap();
        // Nothing happens at the same moment as something else.
        plain.now = world.t.clock.advance(chrono::TimeDelta::seconds(1));
        match op {
            Op::Pass(span) => plain.now = world.pass(span),
            Op::Replay { back } => {
                if let Some((asked, heard)) = answered.iter().rev().nth(back) {
                    prop_assert_eq!(&world.send(asked).await, heard, "asked again\n{}", so_far);
                }
            }
            op => {
                let expected = plain.apply(op);
                let (asked, heard) = world.ask(op).await;
                prop_assert_eq!(&heard.said, &expected, "answered\n{}", so_far);
                let name = format!("{op:?}").split(' ').next().unwrap_or_default().to_owned();
                tally.borrow_mut().entry(name).or_default()[usize::from(expected.is_err())] += 1;
                if !heard.bytes.is_empty() {
                    answered.push((asked, heard));
                }
            }
        }
        let named = world.name_fees(&mut plain).await;
        prop_assert_eq!(named, Ok(()), "{}", so_far);
        world.t.probe().await;
        let (is, should_be) = (world.state().await, plain.state());
        let differs: Vec<_> = is.iter().filter(|line| !should_be.contains(line)).collect();
        let should: Vec<_> = should_be.iter().filter(|line| !is.contains(line)).collect();
        prop_assert!(is == should_be, "{differs:#?}\nshould be\n{should:#?}\nafter\n{so_far}");
    }
    world.t.stop().await;
    Ok(())
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn run(engine: Engine) {
    let seed = from_environment("KORTISTO_MODEL_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 8];
        kortisto_vault::Random::fill(&kortisto_vault::SystemRandom, &mut bytes);
        u64::from_le_bytes(bytes)
    });
    println!("KORTISTO_MODEL_SEED={seed}");
    let config = ProptestConfig {
        cases: from_environment("KORTISTO_MODEL_CASES").unwrap_or(CASES),
        max_shrink_iters: SHRINK_MAX,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let bytes: Vec<u8> = (0..4).flat_map(|_| seed.to_le_bytes()).collect();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let tally = RefCell::new(Tally::new());
    let outcome = TestRunner::new_with_rng(config, random).run(&op::drawn(OPERATIONS), |drawn| {
        block_in_place(|| Handle::current().block_on(Box::pin(live(engine, &drawn, &tally))))
    });
    match outcome {
        Ok(()) => println!("done and refused: {:?}", tally.borrow()),
        // It says what happened until then; what was drawn after that does not matter.
        Err(TestError::Fail(why, _)) => panic!("KORTISTO_MODEL_SEED={seed}\n{why}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_do_what_the_plain_model_says_on_sqlite() {
    run(Engine::Sqlite);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_do_what_the_plain_model_says_on_postgres() {
    run(Engine::Postgres);
}
