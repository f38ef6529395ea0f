//! What the systems do that libraries have today: each row of `docs/peers.md`, shown by the test named there.

mod desk;
mod fees;
mod holds;
mod loans;
mod paging;

use chrono::NaiveDate;
use kortisto::common::v1::{Money, Refusal, RefusalReason};
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    Engine, TestRegister,
    register::{Device, TestItem, TestPatron},
};

/// A kiosk of the main branch with a patron before it.
struct Scene {
    t: TestRegister,
    kiosk: Device,
    patron: TestPatron,
    token: String,
}

impl Scene {
    async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let (kiosk, patron) = (t.device(DeviceKind::SelfCheckout).await, t.patron().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        Self { t, kiosk, patron, token }
    }

    /// An item that is lent to the patron.
    async fn lent(&self) -> TestItem {
        let item = self.t.item().await;
        let answer = self.kiosk.checkout(&self.token, &item.barcode).await.unwrap();
        assert_eq!(reasons(&answer.refusals), []);
        item
    }

    /// Somebody else, signed in at the kiosk.
    async fn somebody_else(&self) -> (TestPatron, String) {
        let other = self.t.patron().await;
        let token = self.kiosk.sign_in(&other.card, other.pin).await;
        (other, token)
    }

    fn today(&self) -> NaiveDate {
        self.t.surroundings.moment().today()
    }
}

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

fn cents(money: Option<&Money>) -> i64 {
    money.map_or(0, |money| money.minor_units)
}

fn eur(minor_units: i64) -> Option<Money> {
    Some(Money { minor_units, currency_code: "EUR".to_owned() })
}
