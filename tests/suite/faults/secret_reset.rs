//! A PIN or a password is set anew while somebody types one: the row is another between the count of the attempt and its
//! settling.
//!
//! A gate before the one hashing thread keeps the order that the test wants: the attempts are counted first, then the
//! reset commits, then the attempts are verified and settled.

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
    Engine, HashGate, TestOptions, TestRegister, on_both_engines,
    register::{Device, Staff, TestPatron, new_id},
};
use kortisto_vault::{CardBinding, LengthRange, Password, PasswordBinding, Pin};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use std::{pin::Pin as Pinned, sync::Arc};
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

/// How long a step may take on a machine that has much else to do, a call with its deadline among them.
const PATIENCE: Duration = Duration::from_secs(50);

/// A try of a PIN, on its way.
type Try = Pinned<Box<dyn Future<Output = Result<Verdict, Status>> + Send>>;

struct World {
    t: TestRegister,
    gate: HashGate,
    staff: Staff,
    kiosk: Device,
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
        let gate = HashGate::default();
        let options =
            TestOptions { hash_gate: gate.clone(), deadline_max: PATIENCE, ..TestOptions::default() };
        let t = TestRegister::start_with(engine, options).await;
        let (staff, kiosk) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::SelfCheckout).await);
        Self { t, gate, staff, kiosk }
    }

    /// A hash that waits before the gate, and every job that comes behind it.
    fn keep_back(&self) -> JoinHandle<()> {
        let register = Arc::clone(&self.t.register);
        tokio::spawn(async move {
            register.vault().hash(pin("1593"), CardBinding(0)).await.unwrap();
        })
    }

    /// Comes back when a hash waits before the gate.
    async fn begun(&self) {
        self.until("no hash waits before the gate", || self.gate.waiting() == 1).await;
    }

    /// Comes back when so many jobs wait behind the one under way.
    async fn waits(&self, jobs: usize) {
        self.until("other jobs wait", || self.t.register.vault().depth() == jobs).await;
    }

    async fn until(&self, otherwise: &str, happened: impl Fn() -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !happened() {
            assert!(Instant::now() < give_up, "{otherwise}");
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets tries of a patron's PIN be counted, then resets it, then lets them be verified and settled. `tries` is
    /// told the PIN that there will be.
    async fn race(&self, tries: impl Fn(&TestPatron, &str) -> Vec<Try>) -> Raced {
        let patron = self.t.patron().await;
        let request_id = new_id();
        let id: Uuid = request_id.parse().unwrap();
        let new_pin = self.t.keys.issued_pin(id.as_bytes(), patron.card_id, DIGITS).expose().to_owned();
        let tries = tries(&patron, &new_pin);

        self.gate.shut();
        let before_reset = self.keep_back();
        self.begun().await;
        let identity_document = IdentityDocument::Passport.into();
        let ask = ResetPinRequest { request_id, card_number: patron.card.clone(), identity_document };
        let mut client = PinServiceClient::new(self.staff.channel());
        let reset = tokio::spawn(async move { client.reset_pin(ask).await });
        self.waits(1).await;
        let before_tries = self.keep_back();
        self.waits(2).await;
        let jobs = 2 + tries.len();
        let tries: Vec<_> = tries.into_iter().map(tokio::spawn).collect();
        // What waits for the vault has been counted.
        self.waits(jobs).await;

        self.gate.let_through(2);
        before_reset.await.unwrap();
        reset.await.unwrap().unwrap();
        assert!(!before_tries.is_finished(), "the tries are still kept back");
        self.gate.open();
        let mut answers = Vec::with_capacity(tries.len());
        for one in tries {
            answers.push(one.await.unwrap());
        }
        Raced { patron, new_pin, answers }
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

    /// Somebody signs in with [`NEW_PASSWORD`], which is set after the attempt was counted and before it is verified.
    async fn set_while_signing_in(&self, staff: &Staff) -> Result<(), Status> {
        let owner = PasswordBinding::StaffAccount(staff.id);
        let password = Password::parse(NEW_PASSWORD).unwrap();
        let stored = self.t.register.vault().hash(password, owner).await.unwrap();
        self.gate.shut();
        let kept_back = self.keep_back();
        self.begun().await;
        let set = async {
            self.waits(1).await;
            let account = staff_accounts::Entity::find_by_id(staff.id).one(self.t.store.writer()).await;
            let mut row = account.unwrap().unwrap().into_active_model();
            row.password_hash = Set(Some(stored.hash));
            row.failures = Set(0);
            row.update(self.t.store.writer()).await.unwrap();
            assert!(!kept_back.is_finished(), "the attempt is still kept back");
            self.gate.open();
        };
        tokio::join!(sign_in_at_desk(staff), set).0
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
        let staff = w.t.staff(&[StaffRole::Desk]).await;
        let before = w.set_while_signing_in(&staff).await;
        assert_eq!(reason(&before.unwrap_err()), ErrorReason::SignInRefused);
        sign_in_at_desk(&staff).await.unwrap();
    }
}
