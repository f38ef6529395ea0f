//! One visit: books come back, holds are picked up, books are borrowed, debts are paid.

use super::{chance::Chance, library::Library};
use kortisto::{
    common::v1::{Money, Verdict},
    device::v1::{
        AuthenticatePatronRequest, CheckoutRequest, ListFeesRequest, ListHoldsRequest, PickUpHoldRequest,
        PlaceHoldRequest, RecordPaymentRequest, RenewAllRequest, ReturnRequest,
    },
};
use kortisto_testkit::register::{Device, new_id};
use std::{sync::Arc, time::Duration};
use tonic::Code;

/// How often a kiosk asks before it gives up, and how long it waits in between.
const TIMES_ASKED: usize = 20;
const PAUSE: Duration = Duration::from_millis(200);

/// Books that somebody takes home on average, holds not counted.
pub(super) const VISIT_LOANS: u64 = 3;

/// Books that are tried, of which some are out.
const TRIES: usize = 5;

/// One patron in so many comes all year long, every 18 days; the others come by chance.
const READERS: u64 = 3;
/// Of a hundred visits, how many are those of readers.
const OF_READERS: usize = 95;

/// Of a hundred books at home, how many come back in a visit. Few never do.
const BACK: usize = 75;
/// Of a hundred ready holds, how many are picked up.
const PICKED_UP: usize = 80;
/// Of a hundred refused books, for how many a hold is placed.
const HELD: usize = 25;
/// Of a hundred visits, in how many debts are paid.
const PAID: usize = 30;
/// Of a hundred visits, in how many everything is renewed.
const RENEWED: usize = 30;

/// One in so many books is lost for good.
const LOST: usize = 37;

pub(super) async fn visit(library: Arc<Library>, nth: u64) {
    let mut chance = Chance::of(nth);
    let who = visitor(&mut chance, nth, library.patrons.len());
    let kiosk = library.kiosk(nth);
    bring_back(&library, &kiosk, &mut chance, who).await;
    let token = sign_in(&library, &kiosk, who).await;
    if chance.percent(RENEWED) {
        renew(&library, &kiosk, &token).await;
    }
    if chance.percent(PAID) {
        pay(&library, &kiosk, &token).await;
    }
    pick_up(&library, &kiosk, &token, &mut chance, who).await;
    borrow(&library, &kiosk, &token, &mut chance, who).await;
}

fn visitor(chance: &mut Chance, nth: u64, patrons: usize) -> usize {
    let readers = (patrons as u64).div_ceil(READERS);
    if chance.percent(OF_READERS) { usize::try_from(nth % readers).unwrap() } else { chance.below(patrons) }
}

/// Asks until there is an answer, as a kiosk does: under the same request id, so that nothing is done twice.
macro_rules! insist {
    ($client:expr, $rpc:ident, $request:expr) => {{
        let mut answer = None;
        for _ in 0..TIMES_ASKED {
            match $client.$rpc($request.clone()).await {
                Ok(response) => {
                    answer = Some(response.into_inner());
                    break;
                }
                Err(status) if status.code() == Code::Unavailable => tokio::time::sleep(PAUSE).await,
                Err(status) => panic!("{status:?}"),
            }
        }
        answer.expect("an answer at last")
    }};
}

async fn sign_in(library: &Library, kiosk: &Device, who: usize) -> String {
    let patron = &library.patrons[who];
    let request = AuthenticatePatronRequest {
        attempt_id: new_id(),
        card_number: patron.card.clone(),
        pin: patron.pin.to_owned(),
        ..Default::default()
    };
    let answer = insist!(kiosk.patrons(), authenticate_patron, request);
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
    answer.patron_token
}

async fn bring_back(library: &Library, kiosk: &Device, chance: &mut Chance, who: usize) {
    let home = library.at_home.lock().unwrap().remove(&who).unwrap_or_default();
    let mut kept = Vec::new();
    for item in home {
        if item.is_multiple_of(LOST) || !chance.percent(BACK) {
            kept.push(item);
            continue;
        }
        let request =
            ReturnRequest { request_id: new_id(), item_barcode: library.items[item].barcode.clone() };
        let answer = insist!(kiosk.loans(), r#return, request);
        assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
        library.tally.lock().unwrap().returns += 1;
    }
    // Two visits of one person at once are possible.
    library.at_home.lock().unwrap().entry(who).or_default().extend(kept);
}

async fn renew(library: &Library, kiosk: &Device, token: &str) {
    let request = RenewAllRequest { request_id: new_id(), patron_token: token.to_owned() };
    let answer = insist!(kiosk.loans(), renew_all, request);
    let renewed = answer.results.iter().filter(|renewal| renewal.verdict() == Verdict::Granted).count();
    library.tally.lock().unwrap().renewals += renewed as u64;
}

async fn pay(library: &Library, kiosk: &Device, token: &str) {
    let request = ListFeesRequest { patron_token: token.to_owned(), ..Default::default() };
    let owed = insist!(kiosk.fees(), list_fees, request);
    let Some(payable) = owed.payable.filter(|payable| payable.minor_units > 0) else { return };
    let cents = payable.minor_units;
    let request = RecordPaymentRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        operator: "Vuosimaksu".to_owned(),
        order_id: new_id(),
        fee_ids: Vec::new(),
        amount: Some(Money { minor_units: cents, currency_code: payable.currency_code }),
    };
    let answer = insist!(kiosk.fees(), record_payment, request);
    // Another visit of the same person may have paid first.
    if answer.verdict() == Verdict::Granted {
        let mut tally = library.tally.lock().unwrap();
        tally.paid_cents += cents;
        tally.payments += 1;
    }
}

async fn pick_up(library: &Library, kiosk: &Device, token: &str, chance: &mut Chance, who: usize) {
    let request = ListHoldsRequest { patron_token: token.to_owned(), ..Default::default() };
    let holds = insist!(kiosk.holds(), list_holds, request);
    for hold in holds.ready {
        if !chance.percent(PICKED_UP) {
            continue;
        }
        let request =
            PickUpHoldRequest { request_id: new_id(), patron_token: token.to_owned(), hold_id: hold.hold_id };
        let answer = insist!(kiosk.holds(), pick_up_hold, request);
        if let Some(loan) = answer.loan {
            took(library, who, &loan.item_barcode);
            library.tally.lock().unwrap().of_holds += 1;
        }
    }
}

async fn borrow(library: &Library, kiosk: &Device, token: &str, chance: &mut Chance, who: usize) {
    for _ in 0..TRIES {
        let item = &library.items[chance.below(library.items.len())];
        let wants_hold = chance.percent(HELD);
        let mine = library
            .at_home
            .lock()
            .unwrap()
            .get(&who)
            .is_some_and(|home| home.iter().any(|at_home| library.items[*at_home].id == item.id));
        // Scanning one's own book would renew it.
        if mine {
            continue;
        }
        let request = CheckoutRequest {
            request_id: new_id(),
            patron_token: token.to_owned(),
            item_barcode: item.barcode.clone(),
        };
        let answer = insist!(kiosk.loans(), checkout, request);
        if let Some(loan) = answer.loan {
            if loan.renewals > 0 {
                library.tally.lock().unwrap().renewals += 1;
                continue;
            }
            took(library, who, &loan.item_barcode);
            continue;
        }
        for refusal in &answer.refusals {
            *library.tally.lock().unwrap().refused.entry(refusal.reason().as_str_name()).or_default() += 1;
        }
        if wants_hold {
            let request = PlaceHoldRequest {
                request_id: new_id(),
                patron_token: token.to_owned(),
                title_number: library.titles[&item.title].clone(),
                pickup_branch: "main".to_owned(),
                ..Default::default()
            };
            let answer = insist!(kiosk.holds(), place_hold, request);
            if answer.verdict() == Verdict::Granted {
                library.tally.lock().unwrap().holds += 1;
            }
        }
    }
}

fn took(library: &Library, who: usize, barcode: &str) {
    let place = *library.places.get(barcode).expect("an item of the library");
    library.at_home.lock().unwrap().entry(who).or_default().push(place);
    library.tally.lock().unwrap().loans += 1;
}
