//! The play: a kiosk, a door, a PC-booking program and a desk ask, each over its own mTLS connection.

use super::{
    super::Failure,
    desk,
    device::enrol,
    house::House,
    library::{AINO, EERO, GAME_FOR_ADULTS, HELD_BOOK, NOVEL, SIV},
};
use crate::config::Config;
use kortisto::{
    common::v1::{Refusal, Verdict},
    device::v1::{
        AuthenticatePatronRequest, AuthenticatePatronResponse, CheckAccessRequest, CheckAccessResponse,
        CheckoutRequest, CheckoutResponse, EndPatronSessionRequest, ItemRouting, ListHoldsRequest,
        PickUpHoldRequest, ReturnRequest, ReturnResponse, access_service_client::AccessServiceClient,
        hold_service_client::HoldServiceClient, loan_service_client::LoanServiceClient,
        patron_service_client::PatronServiceClient,
    },
};
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_register::{
    Register,
    bans::{self, NewBan},
    staff::bans::BanTerms,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::{Response, Status, transport::Channel};

/// How long an operator's act may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Plays all four devices.
pub(super) async fn play(house: &House, register: &Register, config: &Config) -> Result<(), Failure> {
    let scene = Scene { register };
    let kiosk = enrol(house, register, "demo-kiosk", DeviceKind::SelfCheckout).await?;
    let door = enrol(house, register, "demo-door", DeviceKind::Door).await?;
    let pc = enrol(house, register, "demo-pc", DeviceKind::PcBooking).await?;
    let at_desk = enrol(house, register, "demo-desk", DeviceKind::Desk).await?;
    println!("Four devices have enrolled with one-time codes, each with a certificate of its own.");
    scene.kiosk(&kiosk).await.map_err(|status| unexpected(&status))?;
    scene.door(&door).await?;
    scene.pc(&pc).await.map_err(|status| unexpected(&status))?;
    desk::play(&at_desk, register, config).await
}

pub(super) fn unexpected(status: &Status) -> Failure {
    Failure::new(format!("the play stopped at an error: {:?} {}", status.code(), status.message()))
}

struct Scene<'r> {
    register: &'r Register,
}

impl Scene<'_> {
    fn id(&self) -> String {
        self.register.surroundings().new_pseudonym().to_string()
    }

    async fn kiosk(&self, channel: &Channel) -> Result<(), Status> {
        println!("\n-- A lending kiosk ------------------------------------------------------------");
        asks("Aino types a wrong PIN.");
        self.sign_in(channel, (AINO.0, "1905"), &[])
            .await
            .map(|answer| tell(answer.verdict(), &answer.refusals, ""))?;
        asks("Aino types the right one.");
        let aino = self.sign_in(channel, AINO, &[]).await?;
        let balance = aino.balance.as_ref().map_or(0, |money| money.minor_units);
        let welcome = format!(
            "Welcome, {}. Loans: {}. Fees: {}.{:02} €.",
            aino.display_name,
            aino.loan_count(),
            balance / 100,
            balance % 100
        );
        tell(aino.verdict(), &aino.refusals, &welcome);

        let request_id = self.id();
        asks("She puts a novel on the kiosk.");
        let loan = self.checkout(channel, &request_id, &aino.patron_token, NOVEL).await?;
        tell_loan(&loan);
        asks("The network hiccups; the kiosk sends the same request once more.");
        let replay = self.checkout(channel, &request_id, &aino.patron_token, NOVEL).await?;
        tell_loan(&replay);
        let same = replay.loan.map(|loan| loan.loan_id) == loan.loan.map(|loan| loan.loan_id);
        println!(
            "     {}",
            if same { "It is the same loan: nothing was lent twice." } else { "It is ANOTHER loan!" }
        );

        asks("Eero, eleven, tries a game rated 18.");
        let eero = self.sign_in(channel, EERO, &[]).await?;
        tell_loan(&self.checkout(channel, &self.id(), &eero.patron_token, GAME_FOR_ADULTS).await?);

        asks("Somebody returns a book that Aino waits for.");
        tell_return(&self.take_back(channel, HELD_BOOK).await?);
        asks("Siv tries to take it.");
        let siv = self.sign_in(channel, SIV, &[]).await?;
        tell_loan(&self.checkout(channel, &self.id(), &siv.patron_token, HELD_BOOK).await?);
        asks("Aino picks it up.");
        let mut holds = HoldServiceClient::new(channel.clone());
        let list = holds
            .list_holds(ListHoldsRequest { patron_token: aino.patron_token.clone(), ..Default::default() })
            .await?
            .into_inner();
        for hold in list.ready {
            let request = PickUpHoldRequest {
                request_id: self.id(),
                patron_token: aino.patron_token.clone(),
                hold_id: hold.hold_id,
            };
            let picked = holds.pick_up_hold(request).await?.into_inner();
            tell_loan(&CheckoutResponse {
                verdict: picked.verdict,
                refusals: picked.refusals,
                loan: picked.loan,
            });
        }
        asks("In the evening both come back, and the session ends.");
        for barcode in [NOVEL, HELD_BOOK] {
            tell_return(&self.take_back(channel, barcode).await?);
        }
        for token in [aino.patron_token, eero.patron_token, siv.patron_token] {
            let end = EndPatronSessionRequest { request_id: self.id(), patron_token: token };
            PatronServiceClient::new(channel.clone()).end_patron_session(end).await?;
        }
        Ok(())
    }

    async fn door(&self, channel: &Channel) -> Result<(), Failure> {
        println!("\n-- The door of the unstaffed library ------------------------------------------");
        asks("Aino holds her card to the reader and types her PIN.");
        tell_access(&self.enter(channel, AINO, "main-door").await.map_err(|status| unexpected(&status))?);
        asks("Eero, eleven, has no consent of a guardian.");
        tell_access(&self.enter(channel, EERO, "main-door").await.map_err(|status| unexpected(&status))?);
        asks("Siv comes in every morning, until staff place a ban while the door is being asked.");
        tell_access(&self.enter(channel, SIV, "main-door").await.map_err(|status| unexpected(&status))?);
        let store = self.register.store();
        let surroundings = self.register.surroundings();
        let ban =
            NewBan { card_number: SIV.0.to_owned(), terms: BanTerms::new(BanKind::SelfService, "demo") };
        bans::place(store, surroundings, ban, Instant::now() + DEADLINE)
            .await
            .map_err(|fault| Failure::of("ban", &fault))?;
        let placed = Instant::now();
        let refused = self.enter(channel, SIV, "main-door").await.map_err(|status| unexpected(&status))?;
        println!("     A desk places a ban; the next question, {} ms later:", placed.elapsed().as_millis());
        tell_access(&refused);
        let (card, deadline) = (SIV.0.to_owned(), Instant::now() + DEADLINE);
        bans::lift(store, surroundings, card, BanKind::SelfService, None, deadline)
            .await
            .map_err(|fault| Failure::of("ban", &fault))?;
        asks("The ban is lifted.");
        tell_access(&self.enter(channel, SIV, "main-door").await.map_err(|status| unexpected(&status))?);
        sleep(Duration::from_millis(10)).await;
        Ok(())
    }

    async fn pc(&self, channel: &Channel) -> Result<(), Status> {
        println!("\n-- A PC-booking program -------------------------------------------------------");
        asks("Eero logs in; the program asks whether he is 7, 13 and 18, and learns no birth date.");
        let eero = self.sign_in(channel, EERO, &[7, 13, 18]).await?;
        let ages: Vec<_> = eero
            .age_assertions
            .iter()
            .map(|age| format!("{}: {}", age.age_limit, if age.reached { "yes" } else { "no" }))
            .collect();
        tell(eero.verdict(), &eero.refusals, &ages.join(", "));
        asks("He asks for a PC that is for those of 13 and older.");
        tell_access(&self.enter(channel, EERO, "pc-1").await?);
        asks("Aino asks for it.");
        tell_access(&self.enter(channel, AINO, "pc-1").await?);
        Ok(())
    }

    async fn sign_in(
        &self,
        channel: &Channel,
        (card, pin): (&str, &str),
        age_limits: &[i32],
    ) -> Result<AuthenticatePatronResponse, Status> {
        let request = AuthenticatePatronRequest {
            attempt_id: self.id(),
            card_number: card.to_owned(),
            pin: pin.to_owned(),
            age_limits: age_limits.to_vec(),
            ..Default::default()
        };
        PatronServiceClient::new(channel.clone()).authenticate_patron(request).await.map(Response::into_inner)
    }

    async fn checkout(
        &self,
        channel: &Channel,
        request_id: &str,
        token: &str,
        barcode: &str,
    ) -> Result<CheckoutResponse, Status> {
        let request = CheckoutRequest {
            request_id: request_id.to_owned(),
            patron_token: token.to_owned(),
            item_barcode: barcode.to_owned(),
        };
        LoanServiceClient::new(channel.clone()).checkout(request).await.map(Response::into_inner)
    }

    async fn take_back(&self, channel: &Channel, barcode: &str) -> Result<ReturnResponse, Status> {
        let request = ReturnRequest { request_id: self.id(), item_barcode: barcode.to_owned() };
        LoanServiceClient::new(channel.clone()).r#return(request).await.map(Response::into_inner)
    }

    async fn enter(
        &self,
        channel: &Channel,
        (card, pin): (&str, &str),
        resource: &str,
    ) -> Result<CheckAccessResponse, Status> {
        let request = CheckAccessRequest {
            card_number: card.to_owned(),
            pin: Some(pin.to_owned()),
            resource: resource.to_owned(),
            nonce: self.id(),
        };
        AccessServiceClient::new(channel.clone()).check_access(request).await.map(Response::into_inner)
    }
}

pub(super) fn asks(question: &str) {
    println!("\n  ?  {question}");
}

pub(super) fn tell(verdict: Verdict, refusals: &[Refusal], granted: &str) {
    if verdict == Verdict::Granted {
        println!("  =  GRANTED  {granted}");
        return;
    }
    for refusal in refusals {
        let remedy =
            if refusal.remedy.is_empty() { String::new() } else { format!("  ({})", refusal.remedy) };
        println!(
            "  =  DENIED   {}: {}{remedy}",
            refusal.reason().as_str_name().trim_start_matches("REFUSAL_REASON_"),
            refusal.text
        );
    }
}

fn tell_loan(response: &CheckoutResponse) {
    let loan = response.loan.as_ref();
    let lent =
        loan.map(|loan| format!("{}, until {} (loan {})", loan.item_label, loan.due_date, loan.loan_id));
    tell(response.verdict(), &response.refusals, &lent.unwrap_or_default());
}

fn tell_return(response: &ReturnResponse) {
    let place = match response.routing() {
        ItemRouting::HoldShelf => format!("to the hold shelf, number {}", response.pickup_number),
        ItemRouting::TransitHome | ItemRouting::TransitToHold => {
            format!("travels to {}", response.destination_branch)
        }
        ItemRouting::Staff => "to the staff".to_owned(),
        ItemRouting::Shelf | ItemRouting::Unspecified => "back to its shelf".to_owned(),
    };
    tell(response.verdict(), &response.refusals, &format!("{}: {place}", response.item_label));
}

fn tell_access(response: &CheckAccessResponse) {
    tell(response.verdict(), &response.refusals, &response.screen_text);
}
