//! A PIN or a password is set anew while somebody types one: the row is another between the count of the attempt and its
//! settling.
//!
//! The one hashing thread is kept busy, so that each step waits for the one that the test wants before it: the attempts
//! are counted first, then the reset commits, then the attempts are verified and settled.

use crate::coverage::rpc::reason;
use kortisto::{
    common::v1::{ErrorReason, Verdict},
    device::v1::{AuthenticatePatronRequest, ChangePinRequest},
    staff::v1::{
        IdentityDocument, ResetPinRequest, SignInRequest, pin_service_client::PinServiceClient,
        staff_session_service_client::StaffSessionServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffRole};
use kortisto_store::entities::{pins, staff_accounts};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Device, Staff, TestPatron, new_id},
};
use kortisto_vault::{
    CardBinding, HashCost, LengthRange, Password, PasswordBinding, Pin, PinVault, PoolSize, StoredPin,
    SystemRandom,
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use std::{future::poll_fn, pin::Pin as Pinned, sync::Arc, task::Poll};
use tokio::{
    task::JoinHandle,
    time::{Duration, Instant, sleep},
};
use tonic::Status;
use uuid::Uuid;

/// Digits of a PIN that is drawn where no policy says otherwise.
const DIGITS: usize = 4;

/// The password that staff get.
const NEW_PASSWORD: &str = "hauki on yksi kala";

/// What keeps a hashing thread busy for longer than a few transactions take.
const DEAR: HashCost =
    HashCost { memory_kib: HashCost::MEMORY_KIB_MAX, passes: HashCost::PASSES_MAX, lanes: 1 };

/// How long the steps before the reset may take, and how often they may take longer.
const STEP_LIMIT: Duration = Duration::from_secs(2);
const ROUNDS_MAX: u32 = 20;

/// A try of a PIN, on its way.
type Try = Pinned<Box<dyn Future<Output = Result<Verdict, Status>> + Send>>;

struct World {
    t: TestRegister,
    staff: Staff,
    kiosk: Device,
    dear: StoredPin,
}

/// What was tried while the PIN was reset, and what came of it.
struct Raced {
    patron: TestPatron,
    new_pin: String,
    answers: Vec<Result<Verdict, Status>>,
}

fn pin(text: &str) -> Pin {
    Pin::parse(text, LengthRange::WIDEST).unwrap()
}

impl World {
    async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let (staff, kiosk) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::SelfCheckout).await);
        let size = PoolSize { threads: 1, queue_per_thread: 1 };
        let vault = PinVault::start(Arc::clone(&t.keys), Arc::new(SystemRandom), DEAR, size);
        let dear = vault.hash(pin("4827"), CardBinding(0)).await.unwrap();
        Self { t, staff, kiosk, dear }
    }

    /// Queues a job that takes long. It is in the queue when this returns.
    async fn keep_busy(&self) -> JoinHandle<()> {
        let (register, dear) = (Arc::clone(&self.t.register), self.dear.clone());
        let mut busy = Box::pin(async move {
            register.vault().verify(pin("1593"), CardBinding(0), Some(dear)).await.unwrap();
        });
        poll_fn(|context| {
            assert!(busy.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::spawn(busy)
    }

    /// Whether so many jobs wait behind the one under way before long.
    async fn waits(&self, jobs: usize) -> bool {
        let give_up = Instant::now() + STEP_LIMIT;
        while self.t.register.vault().depth() != jobs {
            if Instant::now() > give_up {
                return false;
            }
            sleep(Duration::from_millis(1)).await;
        }
        true
    }

    /// Lets tries of a patron's PIN be counted, then resets it, then lets them be verified and settled. `tries` is
    /// told the PIN that there will be.
    async fn race(&self, tries: impl Fn(&TestPatron, &str) -> Vec<Try>) -> Raced {
        for _ in 0..ROUNDS_MAX {
            let patron = self.t.patron().await;
            let request_id = new_id();
            let id: Uuid = request_id.parse().unwrap();
            let new_pin = self.t.keys.issued_pin(id.as_bytes(), patron.card_id, DIGITS).expose().to_owned();
            let tries = tries(&patron, &new_pin);
            if let Some(answers) = self.in_order(&patron, request_id, tries).await {
                return Raced { patron, new_pin, answers };
            }
            assert!(self.waits(0).await, "the vault is never done");
        }
        panic!("the machine is too slow for this order of things");
    }

    /// One round; none where the machine did not keep the order.
    async fn in_order(
        &self,
        patron: &TestPatron,
        request_id: String,
        tries: Vec<Try>,
    ) -> Option<Vec<Result<Verdict, Status>>> {
        let first = self.keep_busy().await;
        self.waits(0).await.then_some(())?;
        let identity_document = IdentityDocument::Passport.into();
        let ask = ResetPinRequest { request_id, card_number: patron.card.clone(), identity_document };
        let mut client = PinServiceClient::new(self.staff.channel());
        let reset = tokio::spawn(async move { client.reset_pin(ask).await });
        self.waits(1).await.then_some(())?;
        let second = self.keep_busy().await;
        self.waits(2).await.then_some(())?;
        let jobs = 2 + tries.len();
        let tries: Vec<_> = tries.into_iter().map(tokio::spawn).collect();
        // What waits for the vault has been counted, and the first job still keeps everything from being hashed.
        self.waits(jobs).await.then_some(())?;
        let counted = !first.is_finished();
        reset.await.unwrap().ok()?;
        // The second one still keeps the tries from being verified.
        let reset_in_between = !second.is_finished();
        let mut answers = Vec::with_capacity(tries.len());
        for one in tries {
            answers.push(one.await.unwrap());
        }
        let too_late = |answer: &Result<Verdict, Status>| {
            answer.as_ref().is_err_and(|status| reason(status) == ErrorReason::DeadlinePassed)
        };
        (counted && reset_in_between && !answers.iter().any(too_late)).then_some(answers)
    }

    fn sign_in(&self, patron: &TestPatron, pin: &str) -> Try {
        let ask = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: patron.card.clone(),
            pin: pin.to_owned(),
            ..Default::default()
        };
        let mut client = self.kiosk.patrons();
        Box::pin(async move { Ok(client.authenticate_patron(ask).await?.into_inner().verdict()) })
    }

    fn change_pin(&self, patron: &TestPatron, pin: &str, new_pin: &str) -> Try {
        let ask = ChangePinRequest {
            request_id: new_id(),
            card_number: patron.card.clone(),
            pin: pin.to_owned(),
            new_pin: new_pin.to_owned(),
        };
        let mut client = self.kiosk.patrons();
        Box::pin(async move { Ok(client.change_pin(ask).await?.into_inner().verdict()) })
    }

    /// Somebody signs in with [`NEW_PASSWORD`], which is set after the attempt was counted and before it is verified;
    /// none where the machine did not keep the order.
    async fn set_while_signing_in(&self, staff: &Staff) -> Option<Result<(), Status>> {
        let size = PoolSize { threads: 1, queue_per_thread: 1 };
        let cost = HashCost::CHEAP_FOR_TESTS;
        let vault = PinVault::start(Arc::clone(&self.t.keys), Arc::new(SystemRandom), cost, size);
        let owner = PasswordBinding::StaffAccount(staff.id);
        let stored = vault.hash(Password::parse(NEW_PASSWORD).unwrap(), owner).await.unwrap();
        let busy = self.keep_busy().await;
        let started = self.waits(0).await;
        let set = async {
            let counted = self.waits(1).await;
            let account = staff_accounts::Entity::find_by_id(staff.id).one(self.t.store.writer()).await;
            let mut row = account.unwrap().unwrap().into_active_model();
            row.password_hash = Set(Some(stored.hash));
            row.failures = Set(0);
            row.update(self.t.store.writer()).await.unwrap();
            counted && !busy.is_finished()
        };
        let (before, in_time) = tokio::join!(sign_in_at_desk(staff), set);
        busy.await.unwrap();
        (started && in_time).then_some(before)
    }

    /// The new PIN opens and no other does, also at a device that does not know the patron.
    async fn assert_new_pin_alone_opens(&self, raced: &Raced) {
        let row = pins::Entity::find_by_id(raced.patron.card_id).one(self.t.store.writer()).await;
        let row = row.unwrap().unwrap();
        assert_eq!((row.failures, row.locked_until, row.disabled_at), (0, None, None));
        assert_eq!(self.sign_in(&raced.patron, &raced.new_pin).await.unwrap(), Verdict::Granted);
        assert_eq!(self.sign_in(&raced.patron, raced.patron.pin).await.unwrap(), Verdict::Denied);
    }
}

async fn sign_in_at_desk(staff: &Staff) -> Result<(), Status> {
    let (user_name, password) = (staff.user_name.clone(), NEW_PASSWORD.to_owned());
    let ask = SignInRequest { attempt_id: new_id(), user_name, password };
    StaffSessionServiceClient::new(staff.desk.channel.clone()).sign_in(ask).await.map(|_| ())
}

on_both_engines! {
    async fn the_old_pin_opens_nothing_once_the_reset_is_committed(engine: Engine) {
        let w = World::start(engine).await;
        let raced = w.race(|patron, _| vec![w.sign_in(patron, patron.pin)]).await;
        let refused = raced.answers[0].as_ref().unwrap_err();
        assert_eq!(reason(refused), ErrorReason::Overloaded, "it was right, and is not any more: ask again");
        w.assert_new_pin_alone_opens(&raced).await;
    }

    async fn the_old_pin_changes_nothing_once_the_reset_is_committed(engine: Engine) {
        let w = World::start(engine).await;
        let chosen = "739518";
        let raced = w.race(|patron, _| vec![w.change_pin(patron, patron.pin, chosen)]).await;
        assert_eq!(reason(raced.answers[0].as_ref().unwrap_err()), ErrorReason::Overloaded);
        w.assert_new_pin_alone_opens(&raced).await;
        assert_eq!(w.sign_in(&raced.patron, chosen).await.unwrap(), Verdict::Denied);
    }

    async fn what_was_wrong_before_the_reset_does_not_lock_the_new_pin(engine: Engine) {
        let w = World::start(engine).await;
        // Three that are wrong lock, and the last one that was wrong is not verified again. All of them will be right a
        // moment later.
        let tries = |patron: &TestPatron, new_pin: &str| [new_pin; 3].map(|pin| w.sign_in(patron, pin)).into();
        let raced = w.race(tries).await;
        for answer in &raced.answers {
            assert_eq!(*answer.as_ref().unwrap(), Verdict::Denied);
        }
        w.assert_new_pin_alone_opens(&raced).await;
    }

    async fn a_password_of_staff_that_was_wrong_before_it_was_set_is_right_after(engine: Engine) {
        let w = World::start(engine).await;
        for _ in 0..ROUNDS_MAX {
            let staff = w.t.staff(&[StaffRole::Desk]).await;
            if let Some(before) = w.set_while_signing_in(&staff).await {
                assert_eq!(reason(&before.unwrap_err()), ErrorReason::SignInRefused);
                sign_in_at_desk(&staff).await.unwrap();
                return;
            }
        }
        panic!("the machine is too slow for this order of things");
    }
}
