//! Picking up in two steps at a locker.

use chrono::TimeDelta;
use kortisto::{
    common::v1::{Refusal, RefusalReason, Verdict},
    device::v1::{
        ConfirmPickupRequest, Hold, ListHoldsRequest, StockCompartmentRequest, StockCompartmentResponse,
        WatchHoldShelfRequest,
    },
};
use kortisto_domain::{BanKind, DeviceKind, HoldState};
use kortisto_register::jobs::Job;
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, TestHold, TestItem, TestPatron, new_id},
};

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

struct Scene {
    t: TestRegister,
    kiosk: Device,
    locker: Device,
    other: Device,
    patron: TestPatron,
    item: TestItem,
    hold: TestHold,
}

impl Scene {
    async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (locker, other) = (t.device(DeviceKind::Locker).await, t.device(DeviceKind::Locker).await);
        let (patron, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        Self { t, kiosk, locker, other, patron, item, hold }
    }

    async fn token(&self, device: &Device) -> String {
        device.sign_in(&self.patron.card, self.patron.pin).await
    }
}

async fn stock(locker: &Device, hold: TestHold, compartment: &str) -> StockCompartmentResponse {
    let request = StockCompartmentRequest {
        request_id: new_id(),
        hold_id: hold.id.to_string(),
        compartment: compartment.to_owned(),
    };
    locker.holds().stock_compartment(request).await.unwrap().into_inner()
}

/// The ready holds that a device shows a patron, each with its compartment.
async fn ready(device: &Device, token: &str) -> Vec<(String, String)> {
    let request = ListHoldsRequest { patron_token: token.to_owned(), ..Default::default() };
    let list = device.holds().list_holds(request).await.unwrap().into_inner();
    let shown = |hold: Hold| (hold.hold_id, hold.compartment);
    list.ready.into_iter().map(shown).collect()
}

on_both_engines! {
    async fn a_compartment_is_stocked_reserved_and_emptied(engine: Engine) {
        let s = Scene::start(engine).await;
        let number = s.t.hold_row(s.hold).await.pickup_number;
        let stocked = stock(&s.locker, s.hold, "12").await;
        assert_eq!((stocked.verdict(), Some(stocked.pickup_number)), (Verdict::Granted, number));
        let token = s.token(&s.locker).await;
        let reserved = s.locker.reserve(&token, s.hold.id).await.unwrap();
        assert_eq!((reserved.verdict(), reserved.compartment.as_str()), (Verdict::Granted, "12"));
        assert!(reserved.reservation_ends_at.is_some());
        // Meanwhile nobody else gets it, not even the same patron elsewhere.
        let elsewhere = s.token(&s.other).await;
        let refused = s.other.reserve(&elsewhere, s.hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldInOtherLocker]);
        let at_kiosk = s.token(&s.kiosk).await;
        let refused = s.kiosk.pick_up(&at_kiosk, s.hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldReserved]);
        let refused = s.kiosk.checkout(&at_kiosk, &s.item.barcode).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldReserved]);
        let refused = s.kiosk.cancel_hold(&at_kiosk, s.hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldReserved]);
        let stranger = s.t.patron().await;
        let strangers = s.kiosk.sign_in(&stranger.card, stranger.pin).await;
        let refused = s.kiosk.checkout(&strangers, &s.item.barcode).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::ItemHeld], "and a stranger learns nothing of it");

        let request =
            ConfirmPickupRequest { request_id: new_id(), patron_token: token, hold_id: s.hold.id.to_string() };
        let confirmed = s.locker.holds().confirm_pickup(request.clone()).await.unwrap().into_inner();
        assert_eq!(confirmed.verdict(), Verdict::Granted, "{:?}", confirmed.refusals);
        let replay = s.locker.holds().confirm_pickup(request).await.unwrap().into_inner();
        assert_eq!(confirmed, replay);
        assert_eq!(s.t.open_loans_of(&s.item).await, 1);
        let row = s.t.hold_row(s.hold).await;
        assert_eq!((row.state, row.reserved_device_id), (HoldState::Fulfilled.code(), None));
        s.t.probe().await;
    }

    async fn in_a_compartment_lies_what_was_put_there_last(engine: Engine) {
        let s = Scene::start(engine).await;
        let (second, item) = (s.t.patron().await, s.t.item().await);
        let second = s.t.hold(&second, item.title, BRANCH_MAIN).await;
        s.kiosk.take_back(&item.barcode).await.unwrap();
        stock(&s.locker, s.hold, "12").await;
        // The same number at another locker is another compartment.
        assert_eq!(stock(&s.other, second, "12").await.verdict(), Verdict::Granted);
        assert_eq!(s.t.hold_row(s.hold).await.compartment.as_deref(), Some("12"));
        assert_eq!(stock(&s.locker, second, "12").await.verdict(), Verdict::Granted);
        assert_eq!(s.t.hold_row(s.hold).await.compartment, None, "somebody has taken it out");
        let token = s.token(&s.locker).await;
        assert_eq!(ready(&s.locker, &token).await, [(s.hold.id.to_string(), String::new())]);
        assert_eq!(s.locker.reserve(&token, s.hold.id).await.unwrap().compartment, "");

        // What was lent out of it does not come back into it either.
        stock(&s.locker, s.hold, "7").await;
        let token = s.token(&s.locker).await;
        let lent = s.locker.pick_up(&token, s.hold.id).await.unwrap();
        stock(&s.locker, second, "7").await;
        let loan = lent.loan.unwrap().loan_id.parse().unwrap();
        s.locker.cancel_checkout(loan, &s.item.barcode).await.unwrap();
        let row = s.t.hold_row(s.hold).await;
        assert_eq!((row.state, row.compartment), (HoldState::Ready.code(), None));
        s.t.probe().await;
    }

    async fn what_is_scanned_lies_in_no_compartment_and_is_handed_out_by_no_locker(engine: Engine) {
        let s = Scene::start(engine).await;
        stock(&s.locker, s.hold, "12").await;
        let token = s.token(&s.locker).await;
        s.locker.reserve(&token, s.hold.id).await.unwrap();
        // Taken out, the locker without its network, and brought to the kiosk of the same branch.
        s.t.clock.advance(TimeDelta::hours(1));
        let before = s.t.hold_row(s.hold).await;
        let back = s.kiosk.take_back(&s.item.barcode).await.unwrap();
        assert_eq!((back.closed_loan_id.as_str(), Some(back.pickup_number)), ("", before.pickup_number));
        let row = s.t.hold_row(s.hold).await;
        assert_eq!((row.state, row.pickup_until), (HoldState::Ready.code(), before.pickup_until));
        assert_eq!((row.compartment, row.reserved_device_id), (None, None));
        let late = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&late.refusals), [RefusalReason::ReservationEnded]);
        assert_eq!(s.t.open_loans_of(&s.item).await, 0);
        s.t.probe().await;
    }

    async fn what_comes_up_meanwhile_does_not_refuse_a_confirmation(engine: Engine) {
        let s = Scene::start(engine).await;
        let token = s.token(&s.locker).await;
        s.locker.reserve(&token, s.hold.id).await.unwrap();
        s.t.ban(&s.patron, BanKind::Lending).await;
        s.t.fee(s.patron.id, 9_000).await;
        // Past the reservation's time and the session's end: the door was open and the item is gone.
        s.t.clock.advance(TimeDelta::minutes(30));
        let confirmed = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(confirmed.verdict(), Verdict::Granted, "{:?}", confirmed.refusals);
        assert_eq!(s.t.open_loans_by(&s.patron).await, 1);
        let twice = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&twice.refusals), [RefusalReason::ReservationEnded]);
        let never = s.locker.confirm(&s.t.worthless_token(), s.hold.id).await.unwrap();
        assert_eq!(reasons(&never.refusals), [RefusalReason::SessionEnded]);
        s.t.probe().await;
    }

    async fn a_reservation_ends_with_its_time_when_somebody_else_comes(engine: Engine) {
        let s = Scene::start(engine).await;
        let (token, elsewhere) = (s.token(&s.locker).await, s.token(&s.other).await);
        s.locker.reserve(&token, s.hold.id).await.unwrap();
        s.t.clock.advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
        let refused = s.other.reserve(&elsewhere, s.hold.id).await.unwrap();
        assert!(reasons(&refused.refusals).contains(&RefusalReason::HoldReserved), "{:?}", refused.refusals);
        s.t.clock.advance(TimeDelta::seconds(1));
        let elsewhere = s.token(&s.other).await;
        assert_eq!(s.other.reserve(&elsewhere, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        let late = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&late.refusals), [RefusalReason::ReservationEnded]);
        assert_eq!(s.other.confirm(&elsewhere, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn a_reverted_pickup_leaves_everything_as_it_was(engine: Engine) {
        let s = Scene::start(engine).await;
        stock(&s.locker, s.hold, "3").await;
        let before = s.t.hold_row(s.hold).await;
        let token = s.token(&s.locker).await;
        let nothing = s.locker.revert(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&nothing.refusals), [RefusalReason::ReservationEnded]);
        s.locker.reserve(&token, s.hold.id).await.unwrap();
        assert_eq!(s.locker.revert(&token, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(s.t.hold_row(s.hold).await, before);
        assert_eq!(s.t.open_loans_of(&s.item).await, 0);
        let at_kiosk = s.token(&s.kiosk).await;
        assert_eq!(s.kiosk.pick_up(&at_kiosk, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn a_compartment_is_opened_by_the_locker_to_which_it_belongs(engine: Engine) {
        let s = Scene::start(engine).await;
        let id = s.hold.id.to_string();
        let (token, elsewhere) = (s.token(&s.locker).await, s.token(&s.other).await);
        assert_eq!(ready(&s.locker, &token).await, [(id.clone(), String::new())], "nothing was told yet");
        assert_eq!(ready(&s.other, &elsewhere).await, [(id.clone(), String::new())]);
        stock(&s.locker, s.hold, "12").await;
        assert_eq!(ready(&s.locker, &token).await, [(id, "12".to_owned())]);
        assert_eq!(ready(&s.other, &elsewhere).await, []);
        let refused = s.other.reserve(&elsewhere, s.hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldInOtherLocker]);
        assert_eq!(refused.compartment, "", "nobody opens somebody else's compartment");
        for (device, own) in [(&s.locker, true), (&s.other, false), (&s.kiosk, false)] {
            let mut watch = device.holds().watch_hold_shelf(WatchHoldShelfRequest {}).await.unwrap().into_inner();
            let shown = watch.message().await.unwrap().unwrap().holds;
            assert_eq!((shown[0].compartment.as_str(), shown[0].in_own_compartment), ("12", own));
        }
        // The other one takes its place, and says so.
        assert_eq!(stock(&s.other, s.hold, "7").await.verdict(), Verdict::Granted);
        let refused = s.locker.reserve(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldInOtherLocker]);
        let reserved = s.other.reserve(&elsewhere, s.hold.id).await.unwrap();
        assert_eq!((reserved.verdict(), reserved.compartment.as_str()), (Verdict::Granted, "7"));
        assert_eq!(s.other.confirm(&elsewhere, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn a_hold_does_not_lapse_while_a_locker_may_still_say_that_it_was_picked_up(engine: Engine) {
        let s = Scene::start(engine).await;
        s.t.policy("fee.uncollected_hold_cents", "150").await;
        stock(&s.locker, s.hold, "12").await;
        // The last evening; then the locker has no network over midnight.
        let moment = s.t.surroundings.moment();
        let last = s.t.hold_row(s.hold).await.pickup_until.unwrap();
        s.t.clock.set(moment.at_minute(last, 23 * 60 + 57));
        let token = s.token(&s.locker).await;
        assert_eq!(s.locker.reserve(&token, s.hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.clock.advance(TimeDelta::hours(8));
        assert_eq!(s.t.job(Job::ExpireHolds).await.count("uncollected_holds"), 0);
        let confirmed = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(confirmed.verdict(), Verdict::Granted, "{:?}", confirmed.refusals);
        assert_eq!((s.t.open_loans_of(&s.item).await, s.t.debt(&s.patron).await), (1, 0));
        s.t.probe().await;
    }

    async fn a_locker_that_never_says_keeps_a_hold_for_a_day(engine: Engine) {
        let s = Scene::start(engine).await;
        let last = s.t.hold_row(s.hold).await.pickup_until.unwrap();
        s.t.clock.set(s.t.surroundings.moment().at_minute(last, 23 * 60 + 57));
        let token = s.token(&s.locker).await;
        s.locker.reserve(&token, s.hold.id).await.unwrap();
        s.t.clock.advance(TimeDelta::hours(24) + TimeDelta::minutes(5) - TimeDelta::seconds(1));
        assert_eq!(s.t.job(Job::ExpireHolds).await.count("uncollected_holds"), 0);
        s.t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(s.t.job_dry(Job::ExpireHolds).await.count("uncollected_holds"), 1);
        assert_eq!(s.t.job(Job::ExpireHolds).await.count("uncollected_holds"), 1);
        let late = s.locker.confirm(&token, s.hold.id).await.unwrap();
        assert_eq!(reasons(&late.refusals), [RefusalReason::ReservationEnded]);
        s.t.probe().await;
    }

    async fn only_what_is_kept_for_a_hold_of_the_branch_is_stocked(engine: Engine) {
        let s = Scene::start(engine).await;
        let travelling = s.t.item().await;
        let to_east = s.t.hold(&s.patron, travelling.title, BRANCH_EAST).await;
        s.kiosk.take_back(&travelling.barcode).await.unwrap();
        let refused = stock(&s.locker, to_east, "1").await;
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldAtOtherBranch]);
        let east = s.t.device_at(DeviceKind::Locker, BRANCH_EAST, "east").await;
        let stocked = stock(&east, to_east, "1").await;
        assert_eq!((stocked.verdict(), stocked.pickup_number.len()), (Verdict::Granted, 4));
        assert_eq!(s.t.hold_row(to_east).await.state, HoldState::Ready.code());
        let waiting = s.t.hold(&s.patron, s.t.item().await.title, BRANCH_MAIN).await;
        let refused = stock(&s.locker, waiting, "1").await;
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldNotReady]);
        s.t.probe().await;
    }
}
