//! What staff type and see: in nothing that the register says, and of what is encrypted nothing in what it keeps.

use super::secrets::told;
use kortisto::staff::v1 as wire;
use kortisto_domain::StaffRole;
use kortisto_store::entities::identity_codes;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Staff, TestPatron, new_id},
};
use kortisto_vault::{IdentityCode, Keys, SystemRandom};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use wire::{
    IdentityDocument, Purpose, identity_code_service_client::IdentityCodeServiceClient,
    message_service_client::MessageServiceClient, patron_service_client::PatronServiceClient,
    pin_service_client::PinServiceClient, staff_session_service_client::StaffSessionServiceClient,
};

/// A code of the Digital and Population Data Services Agency's test persons.
pub(super) const CODE: &str = "010594Y9032";

/// One of them with a wrong check character.
const WRONG_CODE: &str = "010594Y9033";

const FAMILY_NAME: &str = "Kummituksinen";
const GIVEN_NAMES: &str = "Xaveriina Olkamo";
const EMAIL: &str = "xaveriina@example.fi";
const NOTE: &str = "Palauttaa aina sateella";
const PASSWORD: &str = "Vihreä hauki 77 laiturilla";

/// What nobody may find in a log.
pub(super) fn secrets() -> Vec<String> {
    [CODE, WRONG_CODE, FAMILY_NAME, "Xaveriina", EMAIL, NOTE, PASSWORD].map(str::to_owned).to_vec()
}

fn say<T>(answer: Result<T, tonic::Status>) -> Option<T> {
    match answer {
        Ok(answer) => {
            println!("answered");
            Some(answer)
        }
        Err(status) => {
            println!("{status:?} {status}");
            None
        }
    }
}

/// Everything that staff do with a person, well and badly. Gives the PIN that was issued.
pub(super) async fn play(t: &TestRegister, card: &TestPatron) -> String {
    // As long as they get, so that no number in a log is one by chance.
    t.policy("pin.length_min", "12").await;
    let staff = t.staff(&[StaffRole::Desk]).await;
    let number = say(create(&staff).await).expect("a patron is registered");
    let mut codes = IdentityCodeServiceClient::new(staff.channel());
    for identity_code in [CODE, WRONG_CODE] {
        let ask = wire::RecordIdentityCodeRequest {
            request_id: new_id(),
            patron_number: number.clone(),
            identity_code: identity_code.to_owned(),
        };
        say(codes.record_identity_code(ask).await);
        let ask = wire::FindPatronByIdentityCodeRequest {
            identity_code: identity_code.to_owned(),
            purpose: Purpose::CardIssue.into(),
        };
        say(codes.find_patron_by_identity_code(ask).await);
    }
    let purpose = Purpose::DebtCollection.into();
    let ask = wire::RevealIdentityCodeRequest { patron_number: number.clone(), purpose };
    let shown = say(codes.reveal_identity_code(ask).await).expect("a code is revealed").into_inner();
    assert_eq!(shown.identity_code, CODE);
    let mut patrons = PatronServiceClient::new(staff.channel());
    for name in [FAMILY_NAME, "\0Kummituksinen"] {
        let ask = wire::SearchPatronsRequest {
            name: name.to_owned(),
            purpose: Purpose::CustomerService.into(),
            ..Default::default()
        };
        say(patrons.search_patrons(ask).await);
    }
    let email = wire::Email { email: EMAIL.to_owned(), source: wire::RecordSource::Patron.into() };
    let ask = wire::SetEmailRequest {
        request_id: new_id(),
        number: number.clone(),
        email: Some(email),
        identity_document: IdentityDocument::Passport.into(),
    };
    say(patrons.set_email(ask).await);
    let ask = wire::AddMessageRequest {
        request_id: new_id(),
        number: number.clone(),
        audience: wire::MessageAudience::Staff.into(),
        kind: wire::MessageKind::Remark.into(),
        body: NOTE.to_owned(),
        expires_at: None,
    };
    say(MessageServiceClient::new(staff.channel()).add_message(ask).await);
    for user_name in [staff.user_name.as_str(), "nobody"] {
        let ask = wire::SignInRequest {
            attempt_id: new_id(),
            user_name: user_name.to_owned(),
            password: PASSWORD.to_owned(),
        };
        say(StaffSessionServiceClient::new(staff.desk.channel.clone()).sign_in(ask).await);
    }
    let ask = wire::ResetPinRequest {
        request_id: new_id(),
        card_number: card.card.clone(),
        identity_document: IdentityDocument::Passport.into(),
    };
    let pin =
        say(PinServiceClient::new(staff.channel()).reset_pin(ask).await).expect("a PIN").into_inner().pin;
    // Statements that fail, with the values of the person in them.
    for table in ["identity_codes", "emails", "addresses", "messages"] {
        let rename = format!("alter table {table} rename to {table}_gone");
        t.store.writer().execute_unprepared(&rename).await.unwrap();
    }
    let ask = wire::RecordIdentityCodeRequest {
        request_id: new_id(),
        patron_number: number.clone(),
        identity_code: "020594X903P".to_owned(),
    };
    say(codes.record_identity_code(ask).await);
    let ask = wire::GetPatronRequest { number, purpose: Purpose::CustomerService.into() };
    say(patrons.get_patron(ask).await);
    say(create(&staff).await);
    pin
}

async fn create(staff: &Staff) -> Result<String, tonic::Status> {
    let details = wire::PatronDetails {
        family_name: Some(FAMILY_NAME.to_owned()),
        given_names: Some(GIVEN_NAMES.to_owned()),
        birth_date: Some("1994-05-01".to_owned()),
        service_language: Some("fi".to_owned()),
        category: Some(wire::PatronCategory::Person.into()),
        identity_document: Some(IdentityDocument::Passport.into()),
        ..Default::default()
    };
    let ask = wire::CreatePatronRequest { request_id: new_id(), details: Some(details) };
    Ok(PatronServiceClient::new(staff.channel()).create_patron(ask).await?.into_inner().number)
}

on_both_engines! {
    async fn a_copy_of_the_database_gives_no_identity_code_away(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let number = create(&staff).await.unwrap();
        let ask = wire::RecordIdentityCodeRequest {
            request_id: new_id(),
            patron_number: number,
            identity_code: CODE.to_owned(),
        };
        IdentityCodeServiceClient::new(staff.channel()).record_identity_code(ask).await.unwrap();
        let dump = t.dump().await.into_values().flatten().collect::<Vec<_>>().join("\n");
        for part in [CODE, "Y9032"] {
            assert!(!told(&dump, part), "{part}");
        }
        // Whoever knows the birthday has a thousand codes to try, and without the keys none of them is found.
        let row = identity_codes::Entity::find().one(t.store.writer()).await.unwrap().unwrap();
        let thief = Keys::ephemeral(&SystemRandom);
        let index = |keys: &Keys, text: &str| {
            let code = IdentityCode::parse(text).ok()?;
            Some(keys.identity_index(&code).to_vec())
        };
        let mut tried = 0;
        for individual in 2..1000 {
            for check in "0123456789ABCDEFHJKLMNPRSTUVWXY".chars() {
                let guess = index(&thief, &format!("010594Y{individual:03}{check}"));
                assert_ne!(guess.as_ref(), Some(&row.blind_index));
                tried += usize::from(guess.is_some());
            }
        }
        assert_eq!(tried, 998);
        assert_eq!(index(&t.keys, CODE), Some(row.blind_index));
    }
}
