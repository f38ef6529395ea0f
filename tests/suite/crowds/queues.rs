//! One queue: never an overtaken hold.

use super::{Crowd, PAUSE, TASKS, reasons, turn};
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{CancelHoldRequest, PickUpHoldRequest, PlaceHoldRequest, ReturnRequest},
};
use kortisto_domain::{DeviceKind, HoldState};
use kortisto_store::entities::{holds, items};
use kortisto_testkit::register::{Device, ItemSeed, TestPatron, new_id};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::collections::BTreeSet;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

/// Copies of the one title.
const COPIES: usize = 8;
/// Holds that stand in the queue before anything begins.
const WAITING: usize = 32;
/// Tasks of each of the four kinds.
const OF_A_KIND: usize = TASKS / 4;
/// Times that a patron looks whether the hold is ready.
const LOOKS_MAX: usize = 20;

async fn place(device: &Device, token: &str, number: &str) -> Uuid {
    let request = PlaceHoldRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        title_number: number.to_owned(),
        pickup_branch: "main".to_owned(),
        ..Default::default()
    };
    let answer = settled!(device.holds().place_hold(request.clone()));
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
    answer.hold.unwrap().hold_id.parse().unwrap()
}

async fn bring_back(device: &Device, barcode: &str) {
    let request = ReturnRequest { request_id: new_id(), item_barcode: barcode.to_owned() };
    let answer = settled!(device.loans().r#return(request.clone()));
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
}

/// Looks for the hold until it is ready, and brings the item back at once. Gives whether it ever was.
async fn pick_up(picks_up: &Device, brings_back: &Device, token: &str, hold: Uuid) -> bool {
    for _ in 0..LOOKS_MAX {
        let request = PickUpHoldRequest {
            request_id: new_id(),
            patron_token: token.to_owned(),
            hold_id: hold.to_string(),
        };
        let answer = settled!(picks_up.holds().pick_up_hold(request.clone()));
        if let Some(loan) = answer.loan {
            bring_back(brings_back, &loan.item_barcode).await;
            return true;
        }
        assert_eq!(reasons(&answer.refusals), [RefusalReason::HoldNotReady]);
        sleep(PAUSE).await;
    }
    false
}

async fn cancel(device: &Device, token: &str, hold: Uuid) {
    let request =
        CancelHoldRequest { request_id: new_id(), patron_token: token.to_owned(), hold_id: hold.to_string() };
    let answer = settled!(device.holds().cancel_hold(request.clone()));
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
}

/// Nobody waits who has a smaller number than somebody who was served, and what was served is kept or lent to one each.
async fn look_for_overtaken(crowd: &Crowd, title: i64, lent: usize) {
    let of_title = holds::Entity::find().filter(holds::Column::TitleId.eq(title));
    let queue =
        of_title.order_by_asc(holds::Column::QueueNumber).all(crowd.t().store.writer()).await.unwrap();
    let in_state = |states: &[HoldState]| {
        let states: Vec<_> = states.iter().map(|state| state.code()).collect();
        queue.iter().filter(move |hold| states.contains(&hold.state)).map(|hold| hold.queue_number)
    };
    let waiting: Vec<_> = in_state(&[HoldState::Pending]).collect();
    let served: Vec<_> = in_state(&[HoldState::Ready, HoldState::Fulfilled]).collect();
    let (first, last) = (waiting.iter().min(), served.iter().max());
    assert!(first > last, "number {last:?} was served before {first:?}");
    let numbers: BTreeSet<_> = queue.iter().map(|hold| hold.queue_number).collect();
    assert_eq!(numbers.len(), WAITING + OF_A_KIND, "each has a number of its own");
    assert_eq!(in_state(&[HoldState::Fulfilled]).count(), lent);
    let of_title = items::Entity::find().filter(items::Column::TitleId.eq(title));
    let copies = of_title.all(crowd.t().store.writer()).await.unwrap();
    let kept: BTreeSet<_> = copies.iter().filter_map(|item| item.kept_for_hold_id).collect();
    assert_eq!((kept.len(), copies.len()), (COPIES, COPIES), "every copy is kept while somebody waits");
}

in_every_house! {
    async fn nobody_is_overtaken_while_all_return_and_pick_up_and_place_and_cancel(crowd: Crowd) {
        let t = crowd.t();
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let mut copies = vec![t.item().await];
        let title = copies[0].title;
        while copies.len() < COPIES {
            copies.push(t.item_with(ItemSeed { title: Some(title), ..ItemSeed::default() }).await);
        }
        let number = t.title_number(&copies[0]).await;
        let mut waiting: Vec<(TestPatron, String, Uuid)> = Vec::new();
        for (patron, token) in crowd.patrons_at(&kiosks[0], WAITING).await {
            let hold = place(&kiosks[0], &token, &number).await;
            waiting.push((patron, token, hold));
        }
        let newcomers = crowd.patrons_at(&kiosks[0], OF_A_KIND).await;
        let mut tasks: JoinSet<bool> = JoinSet::new();
        for task in 0..OF_A_KIND {
            let (here, there) = (turn(&kiosks, task).clone(), turn(&kiosks, task + 1).clone());
            // Of the queue, every other one gives up, from the front on.
            let (_, token, hold) = waiting[2 * task].clone();
            let device = here.clone();
            tasks.spawn(async move { cancel(&device, &token, hold).await; false });
            let (_, token, hold) = waiting[2 * task + 1].clone();
            let (picks_up, brings_back) = (there.clone(), here.clone());
            tasks.spawn(async move { pick_up(&picks_up, &brings_back, &token, hold).await });
            let ((_, token), number, device) = (newcomers[task].clone(), number.clone(), there.clone());
            tasks.spawn(async move { place(&device, &token, &number).await; false });
            let barcode = copies[task % COPIES].barcode.clone();
            tasks.spawn(async move { bring_back(&here, &barcode).await; false });
        }
        let lent = tasks.join_all().await.into_iter().filter(|picked_up| *picked_up).count();
        look_for_overtaken(&crowd, title, lent).await;
        t.probe().await;
    }
}
