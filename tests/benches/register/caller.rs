//! What clients ask, and whether the answer is the one that a measure is about.

use crate::{
    library::{
        Library,
        size::{self, DEVICES, SESSIONS_PER_DEVICE},
    },
    load::Said,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use kortisto::{
    common::v1::{Refusal, Verdict},
    device::v1::{
        AuthenticatePatronRequest, CheckAccessRequest, CheckoutRequest, PickUpHoldRequest, ReturnRequest,
        access_service_client::AccessServiceClient, hold_service_client::HoldServiceClient,
        loan_service_client::LoanServiceClient, patron_service_client::PatronServiceClient,
    },
    staff::v1::{
        SearchPatronsRequest, patron_service_client::PatronServiceClient as StaffPatronServiceClient,
    },
};
use kortisto_testkit::register::new_id;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long a polite device waits when the vault has no time.
const PAUSE_WHEN_BUSY: Duration = Duration::from_millis(500);

/// The 32 bytes of the token of a session.
fn token_bytes(session: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&session.to_be_bytes());
    bytes
}

/// What the database keeps of the token of a session.
pub(crate) fn token_hash_of(session: u64) -> [u8; 32] {
    Sha256::digest(token_bytes(session)).into()
}

fn token(session: u64) -> String {
    Base64UrlUnpadded::encode_string(&token_bytes(session))
}

/// A session at a kiosk, another one each time.
pub(crate) const fn session_at(kiosk: usize, nth: u64) -> u64 {
    kiosk as u64 + DEVICES * (nth % SESSIONS_PER_DEVICE)
}

fn granted(verdict: i32, refusals: &[Refusal]) -> Said {
    Said::if_so(verdict == i32::from(Verdict::Granted), &format!("refused: {refusals:?}"))
}

fn fault(status: &Status) -> Said {
    Said::Otherwise(format!("{:?}: {}", status.code(), status.message()))
}

/// Lends item `item` to the patron of a session.
pub(crate) async fn check_out(channel: Channel, session: u64, item: u64) -> Said {
    granted_or_refused(channel, session, size::barcode(item)).await.unwrap_or_else(|status| fault(&status))
}

/// Asks to lend; whether granted, or the status of a fault.
pub(crate) async fn granted_or_refused(
    channel: Channel,
    session: u64,
    item_barcode: String,
) -> Result<Said, Box<Status>> {
    let request = CheckoutRequest { request_id: new_id(), patron_token: token(session), item_barcode };
    let answer = LoanServiceClient::new(channel).checkout(request).await.map_err(Box::new)?.into_inner();
    Ok(granted(answer.verdict, &answer.refusals))
}

/// Brings item `item` back.
pub(crate) async fn take_back(channel: Channel, item: u64) -> Said {
    let request = ReturnRequest { request_id: new_id(), item_barcode: size::barcode(item) };
    match LoanServiceClient::new(channel).r#return(request).await {
        Ok(answer) => Said::if_so(!answer.get_ref().closed_loan_id.is_empty(), "no loan was closed"),
        Err(status) => fault(&status),
    }
}

/// Picks up hold `number` of those that wait for so many connections.
pub(crate) async fn pick_up(channel: Channel, library: &Library, number: u64, connections: usize) -> Said {
    let number = number % library.size.kept_at(connections);
    let session = size::session_of_hold(number, connections as u64);
    let hold = size::key(size::TAG_READY_HOLD, library.size.kept_before(connections) + number);
    let request =
        PickUpHoldRequest { request_id: new_id(), patron_token: token(session), hold_id: hold.to_string() };
    match HoldServiceClient::new(channel).pick_up_hold(request).await {
        Ok(answer) => granted(answer.get_ref().verdict, &answer.get_ref().refusals),
        Err(status) => fault(&status),
    }
}

/// Asks the door for a patron.
pub(crate) async fn ask_door(channel: Channel, patron: u64) -> Said {
    let request = CheckAccessRequest {
        card_number: size::card(patron),
        pin: None,
        resource: "door".to_owned(),
        nonce: new_id(),
    };
    match AccessServiceClient::new(channel).check_access(request).await {
        Ok(answer) => granted(answer.get_ref().verdict, &answer.get_ref().refusals),
        Err(status) => fault(&status),
    }
}

/// What a door was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Granted,
    Denied,
    Fault,
}

/// Asks the door for a patron.
pub(crate) async fn door_says(channel: Channel, patron: u64) -> Asked {
    let request = CheckAccessRequest {
        card_number: size::card(patron),
        pin: None,
        resource: "door".to_owned(),
        nonce: new_id(),
    };
    match AccessServiceClient::new(channel).check_access(request).await {
        Ok(answer) if answer.get_ref().verdict() == Verdict::Granted => Asked::Granted,
        Ok(_) => Asked::Denied,
        Err(_) => Asked::Fault,
    }
}

/// Patron number `nth` of a walk through all of them that jumps about.
pub(crate) const fn walk(caller: usize, nth: u64, patrons: u64) -> u64 {
    const STEP: u64 = 7_919;
    const APART: u64 = 104_729;
    1 + (nth * STEP + caller as u64 * APART) % patrons
}

async fn authenticate(channel: Channel, card_number: String, pin: String) -> Result<Said, Box<Status>> {
    let request = AuthenticatePatronRequest { attempt_id: new_id(), card_number, pin, ..Default::default() };
    let answer = PatronServiceClient::new(channel).authenticate_patron(request).await.map_err(Box::new)?;
    Ok(granted(answer.get_ref().verdict, &answer.get_ref().refusals))
}

/// Signs in with the right PIN, and waits a little when there is no room.
pub(crate) async fn sign_in(channel: Channel, card: u64) -> Said {
    match authenticate(channel, size::card(card), size::PIN.to_owned()).await {
        Ok(said) => said,
        Err(status) => {
            if status.code() == Code::ResourceExhausted {
                tokio::time::sleep(PAUSE_WHEN_BUSY).await;
            }
            fault(&status)
        }
    }
}

/// Guesses the PIN of a card that does not exist, without ever waiting.
pub(crate) async fn guess(channel: Channel, caller: usize, nth: u64) -> Said {
    let card = format!("X{caller:03}{nth:06}");
    match authenticate(channel, card, format!("{:04}", nth % 10_000)).await {
        Err(status) if status.code() != Code::ResourceExhausted => fault(&status),
        _ => Said::Expected,
    }
}

/// The cheapest question there is.
pub(crate) async fn echo(channel: Channel) -> Said {
    let request = HealthCheckRequest { service: String::new() };
    match HealthClient::new(channel).check(request).await {
        Ok(answer) => {
            Said::if_so(answer.get_ref().status == i32::from(ServingStatus::Serving), "not serving")
        }
        Err(status) => fault(&status),
    }
}

/// Searches patrons at desk number `desk`. Whether anybody is found is not what the measure is about.
pub(crate) async fn search(channel: Channel, desk: usize, question: SearchPatronsRequest) -> Said {
    let mut request = tonic::Request::new(question);
    let bearer = format!("Bearer {}", token(size::STAFF_SESSION + desk as u64));
    request.metadata_mut().insert("authorization", bearer.parse().expect("a token is ASCII"));
    match StaffPatronServiceClient::new(channel).search_patrons(request).await {
        Ok(_) => Said::Expected,
        Err(status) => fault(&status),
    }
}
