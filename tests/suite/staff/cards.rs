//! `CardService`: who gets a card, and what becomes of it at the desk and at every device.

use super::questions::relations::{child, relate};
use crate::coverage::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, RefusalReason, Verdict},
    staff::v1::{
        BlockCardRequest, Card, CardPattern, CardState, CheckDigit, IdentityDocument, IssueCardRequest,
        IssueCardResponse, ListCardPatternsRequest, ListCardsRequest, PutCardPatternRequest,
        RemoveCardPatternRequest, ReplaceCardRequest, ReportCardLostRequest, ReturnCardRequest,
        UnblockCardRequest, card_service_client::CardServiceClient,
    },
};
use kortisto_domain::{
    CardState as State, ConsentForm, ConsentPurpose, ConsentState, DeviceKind, PatronCategory, Purpose,
    RelationKind, StaffRole,
};
use kortisto_store::entities::{audit_values, cards, consents, identity_codes, patrons};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Bearer, PatronSeed, Staff, TestPatron, new_card_number, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

const PASSPORT: i32 = IdentityDocument::Passport as i32;

struct Desk {
    t: TestRegister,
    staff: Staff,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk, StaffRole::Administrator]).await;
        Self { t, staff }
    }

    fn client(&self) -> CardServiceClient<InterceptedService<Channel, Bearer>> {
        CardServiceClient::new(self.staff.channel())
    }

    async fn issue(&self, patron: &TestPatron, number: &str) -> Result<IssueCardResponse, Status> {
        let ask = IssueCardRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            card_number: number.to_owned(),
            identity_document: PASSPORT,
        };
        self.client().issue_card(ask).await.map(tonic::Response::into_inner)
    }

    async fn replace(&self, old: &str, new: &str) -> Result<(), Status> {
        let ask = ReplaceCardRequest {
            request_id: new_id(),
            card_number: old.to_owned(),
            new_card_number: new.to_owned(),
            identity_document: PASSPORT,
        };
        self.client().replace_card(ask).await.map(|_| ())
    }

    async fn lose(&self, card: &str) -> Result<(), Status> {
        let ask = ReportCardLostRequest { request_id: new_id(), card_number: card.to_owned() };
        self.client().report_card_lost(ask).await.map(|_| ())
    }

    async fn block(&self, card: &str) -> Result<(), Status> {
        let (card_number, reason) = (card.to_owned(), "found in a bus".to_owned());
        let ask = BlockCardRequest { request_id: new_id(), card_number, reason };
        self.client().block_card(ask).await.map(|_| ())
    }

    async fn unblock(&self, card: &str) -> Result<(), Status> {
        let (card_number, reason) = (card.to_owned(), "brought back".to_owned());
        let ask = UnblockCardRequest { request_id: new_id(), card_number, reason };
        self.client().unblock_card(ask).await.map(|_| ())
    }

    async fn take_back(&self, card: &str) -> Result<(), Status> {
        let ask = ReturnCardRequest { request_id: new_id(), card_number: card.to_owned() };
        self.client().return_card(ask).await.map(|_| ())
    }

    async fn put_pattern(&self, pattern: &str, check_digit: CheckDigit) -> Result<(), Status> {
        let form = CardPattern {
            pattern: pattern.to_owned(),
            check_digit: check_digit.into(),
            description: "of a test".to_owned(),
        };
        let ask = PutCardPatternRequest { request_id: new_id(), card_pattern: Some(form) };
        self.client().put_card_pattern(ask).await.map(|_| ())
    }

    async fn list(&self, patron: &TestPatron) -> Vec<Card> {
        let mut cards = Vec::new();
        let mut page_token = String::new();
        loop {
            let ask = ListCardsRequest {
                patron_number: patron.number.clone(),
                purpose: Purpose::CustomerService.code().into(),
                page_size: 2,
                page_token,
            };
            let page = self.client().list_cards(ask).await.unwrap().into_inner();
            assert!(page.cards.len() <= 2);
            cards.extend(page.cards);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return cards;
            }
        }
    }

    async fn row(&self, number: &str) -> cards::Model {
        let found = cards::Entity::find().filter(cards::Column::Number.eq(number));
        found.one(self.t.store.writer()).await.unwrap().unwrap()
    }

    async fn code(&self, patron: &TestPatron) {
        identity_codes::ActiveModel {
            patron_id: Set(patron.id),
            blind_index: Set(new_id().into_bytes()),
            key_id: Set(1),
            sealed: Set(Vec::new()),
            recorded_at: Set(self.t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.t.store.writer())
        .await
        .unwrap();
    }
}

fn without_card() -> PatronSeed {
    PatronSeed { card_state: State::Returned, pin: None, ..PatronSeed::default() }
}

/// The rule that was broken.
fn rule(status: &Status) -> String {
    let (reason, metadata) = fault(status);
    assert_eq!(reason, ErrorReason::RuleBroken, "{status:?}");
    metadata["rule"].clone()
}

on_both_engines! {
    async fn a_card_is_valid_as_long_as_the_policies_say(engine: Engine) {
        let d = Desk::open(engine).await;
        let today = d.t.surroundings.moment().today();
        let patron = d.t.patron_with(without_card()).await;
        let number = new_card_number();
        let card = d.issue(&patron, &number).await.unwrap();
        let in_a_year = today.checked_add_months(chrono::Months::new(12)).unwrap();
        assert_eq!((card.valid_from, card.valid_until), (today.to_string(), in_a_year.to_string()));
        let row = d.row(&number).await;
        assert_eq!((row.issued_on, row.patron_id), (Some(today), patron.id));
        assert_eq!(row.issuing_branch_id, BRANCH_MAIN);
        let known = patrons::Entity::find_by_id(patron.id).one(d.t.store.writer()).await.unwrap().unwrap();
        assert_eq!(known.identity_document, Some(1));
        assert_eq!(known.identity_checked_by, Some(format!("staff:{}", d.staff.id)));
        assert_eq!(known.changed_by, format!("staff:{}", d.staff.id));

        let with_code = d.t.patron_with(without_card()).await;
        d.code(&with_code).await;
        let in_ten = today.checked_add_months(chrono::Months::new(120)).unwrap().to_string();
        assert_eq!(d.issue(&with_code, &new_card_number()).await.unwrap().valid_until, in_ten);
        d.t.policy("card.validity_years", "none").await;
        d.t.policy("card.max_per_patron", "2").await;
        assert_eq!(d.issue(&with_code, &new_card_number()).await.unwrap().valid_until, "");
        let too_many = d.issue(&with_code, &new_card_number()).await.unwrap_err();
        assert!(rule(&too_many).contains("as many cards"));
    }

    async fn a_child_gets_a_card_with_a_guardians_consent(engine: Engine) {
        let d = Desk::open(engine).await;
        let today = d.t.surroundings.moment().today();
        let born = today.checked_sub_months(chrono::Months::new(12 * 15)).unwrap() + TimeDelta::days(1);
        let child = d.t.patron_with(PatronSeed { born: Some(born), ..without_card() }).await;
        let refused = d.issue(&child, &new_card_number()).await.unwrap_err();
        assert!(rule(&refused).contains("guardian"));
        let consent = consents::ActiveModel {
            patron_id: Set(child.id),
            purpose: Set(ConsentPurpose::Card.code()),
            state: Set(ConsentState::Granted.code()),
            form: Set(ConsentForm::Paper.code()),
            text_version: Set("1".to_owned()),
            recorded_at: Set(d.t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        };
        let mut consent = consent.insert(d.t.store.writer()).await.unwrap();
        d.issue(&child, &new_card_number()).await.unwrap();
        // A consent that is withdrawn counts for no other card.
        d.t.policy("card.max_per_patron", "20").await;
        consent.withdrawn_at = Some(d.t.clock.now());
        let row: consents::ActiveModel = consent.into();
        row.reset_all().update(d.t.store.writer()).await.unwrap();
        rule(&d.issue(&child, &new_card_number()).await.unwrap_err());
        // Whose birthday is today needs none.
        let born = Some(born - TimeDelta::days(1));
        let young = d.t.patron_with(PatronSeed { born, ..without_card() }).await;
        d.issue(&young, &new_card_number()).await.unwrap();
    }

    async fn a_guardians_consent_counts_while_the_guardianship_runs(engine: Engine) {
        let d = Desk::open(engine).await;
        d.t.policy("card.max_per_patron", "20").await;
        let (ward, guardian) = (child(&d.t).await, d.t.patron().await);
        let relation = relate(&d.t, &ward, &guardian, RelationKind::Guardian).await;
        consents::ActiveModel {
            patron_id: Set(ward.id),
            relation_id: Set(Some(relation)),
            purpose: Set(ConsentPurpose::Card.code()),
            state: Set(ConsentState::Granted.code()),
            form: Set(ConsentForm::Paper.code()),
            text_version: Set("1".to_owned()),
            given_by_id: Set(Some(guardian.id)),
            recorded_at: Set(d.t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(d.t.store.writer())
        .await
        .unwrap();
        d.issue(&ward, &new_card_number()).await.unwrap();
        // The ward is ten: under this policy it has outgrown its guardian, who consents to nothing any more.
        d.t.policy("guardian.end_age", "10").await;
        assert!(rule(&d.issue(&ward, &new_card_number()).await.unwrap_err()).contains("guardian"));
        assert!(rule(&d.replace(&ward.card, &new_card_number()).await.unwrap_err()).contains("guardian"));
    }

    async fn what_stands_on_the_hold_shelf_is_no_card_number(engine: Engine) {
        let d = Desk::open(engine).await;
        let (holder, patron) = (d.t.patron().await, d.t.patron().await);
        let row = d.t.patron_row(&holder).await;
        for name in [row.hold_alias.unwrap(), row.support_id.unwrap()] {
            for of in [&patron, &holder] {
                assert_eq!(reason(&d.replace(&of.card, &name).await.unwrap_err()), ErrorReason::Duplicate);
            }
            let new = d.t.patron_with(without_card()).await;
            assert_eq!(reason(&d.issue(&new, &name).await.unwrap_err()), ErrorReason::Duplicate);
        }
        d.replace(&patron.card, &new_card_number()).await.unwrap();
    }

    async fn an_institution_needs_no_birth_date_and_a_person_does(engine: Engine) {
        let d = Desk::open(engine).await;
        let nobody = PatronSeed { born: None, ..without_card() };
        let person = d.t.patron_with(nobody.clone()).await;
        assert!(rule(&d.issue(&person, &new_card_number()).await.unwrap_err()).contains("date of birth"));
        let institution = PatronSeed { category: PatronCategory::Institution, ..nobody };
        let school = d.t.patron_with(institution).await;
        // Somebody has to answer for it first.
        assert!(rule(&d.issue(&school, &new_card_number()).await.unwrap_err()).contains("responsible person"));
        relate(&d.t, &school, &d.t.patron().await, RelationKind::ResponsiblePerson).await;
        d.issue(&school, &new_card_number()).await.unwrap();
    }

    async fn a_number_is_of_a_listed_form_and_of_one_card(engine: Engine) {
        let d = Desk::open(engine).await;
        d.put_pattern("[0-9]{11}", CheckDigit::Modulo10).await.unwrap();
        d.put_pattern("[A-Z0-9 ]{8}", CheckDigit::Modulo43).await.unwrap();
        let patron = d.t.patron_with(without_card()).await;
        for bad in ["79927398710", "7992739871", "853A0000001", "CODE 39S"] {
            let status = d.issue(&patron, bad).await.unwrap_err();
            let (reason, metadata) = fault(&status);
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "card_number"), "{bad}");
            assert!(!format!("{status:?}").contains(bad));
        }
        d.issue(&patron, "79927398713").await.unwrap();
        let other = d.t.patron_with(without_card()).await;
        assert_eq!(reason(&d.issue(&other, "79927398713").await.unwrap_err()), ErrorReason::Duplicate);
        d.issue(&other, "CODE 39R").await.unwrap();
        // The same form again is changed, not doubled.
        d.put_pattern("[0-9]{11}", CheckDigit::None).await.unwrap();
        let third = d.t.patron_with(without_card()).await;
        d.issue(&third, "79927398710").await.unwrap();
        let list = d.client().list_card_patterns(ListCardPatternsRequest::default()).await.unwrap().into_inner();
        let forms: Vec<_> = list.card_patterns.iter().map(|form| (form.pattern.as_str(), form.check_digit())).collect();
        assert_eq!(forms, [("[0-9]{11}", CheckDigit::None), ("[A-Z0-9 ]{8}", CheckDigit::Modulo43)]);
        let ask = RemoveCardPatternRequest { request_id: new_id(), pattern: "[0-9]{11}".to_owned() };
        d.client().remove_card_pattern(ask.clone()).await.unwrap();
        let again = RemoveCardPatternRequest { request_id: new_id(), ..ask };
        assert_eq!(reason(&d.client().remove_card_pattern(again).await.unwrap_err()), ErrorReason::NotFound);
        let broken = d.put_pattern("(", CheckDigit::None).await.unwrap_err();
        assert_eq!(fault(&broken).1["field"], "card_pattern.pattern");
    }

    async fn a_card_without_a_document_is_not_issued(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron_with(without_card()).await;
        let ask = IssueCardRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            card_number: new_card_number(),
            identity_document: 0,
        };
        let status = d.client().issue_card(ask).await.unwrap_err();
        assert_eq!(fault(&status).1["field"], "identity_document");
    }

    async fn a_lost_card_is_refused_everywhere_at_once(engine: Engine) {
        let d = Desk::open(engine).await;
        let (kiosk, door) = (d.t.device(DeviceKind::SelfCheckout).await, d.t.device(DeviceKind::Door).await);
        let patron = d.t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        assert_eq!(door.ask_door(&patron.card, None, "door").await.unwrap().verdict(), Verdict::Granted);
        d.t.clock.advance(TimeDelta::milliseconds(1_500));
        d.lose(&patron.card).await.unwrap();
        let item = d.t.item().await;
        let refused = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(refused.refusals[0].reason(), RefusalReason::SessionEnded);
        let refused = door.ask_door(&patron.card, None, "door").await.unwrap();
        assert_eq!(refused.refusals[0].reason(), RefusalReason::CardNotInForce);
        let row = d.row(&patron.card).await;
        assert_eq!((row.state, row.state_since), (State::Lost.code(), d.t.clock.now()));
        assert!(rule(&d.lose(&patron.card).await.unwrap_err()).contains("lost already"));
        // The trail has both states.
        let values = audit_values::Entity::find()
            .filter(audit_values::Column::Field.eq("card"))
            .all(d.t.store.writer())
            .await
            .unwrap();
        let change = values.iter().find(|value| value.new_value == Some(format!("{} lost", patron.card))).unwrap();
        assert_eq!(change.old_value, Some(format!("{} active", patron.card)));
    }

    async fn a_replaced_card_leaves_loans_where_they_are(engine: Engine) {
        let d = Desk::open(engine).await;
        let kiosk = d.t.device(DeviceKind::SelfCheckout).await;
        let patron = d.t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let item = d.t.item().await;
        kiosk.checkout(&token, &item.barcode).await.unwrap();
        let new = new_card_number();
        d.replace(&patron.card, &new).await.unwrap();
        assert_eq!(d.t.open_loans_by(&patron).await, 1);
        let refused = kiosk.checkout(&token, &d.t.item().await.barcode).await.unwrap();
        assert_eq!(refused.refusals[0].reason(), RefusalReason::SessionEnded);
        let (old, row) = (d.row(&patron.card).await, d.row(&new).await);
        assert_eq!((old.state, old.replaced_by_id), (State::Replaced.code(), Some(row.id)));
        assert_eq!((row.state, row.patron_id), (State::Active.code(), patron.id));
        let list = d.list(&patron).await;
        let shown: Vec<_> =
            list.iter().map(|card| (card.card_number.as_str(), card.state(), card.has_pin)).collect();
        let expected =
            [(new.as_str(), CardState::Active, false), (patron.card.as_str(), CardState::Replaced, true)];
        assert_eq!(shown, expected);
        assert_eq!(list[1].replaced_by, new);
        assert_eq!(list[0].issuing_branch, "main");
        rule(&d.replace(&patron.card, &new_card_number()).await.unwrap_err());
        assert_eq!(reason(&d.replace(&new, &patron.card).await.unwrap_err()), ErrorReason::Duplicate);
    }

    async fn a_lost_card_stays_lost_when_it_is_replaced(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron().await;
        d.lose(&patron.card).await.unwrap();
        let lost_at = d.t.clock.now();
        d.t.clock.advance(TimeDelta::minutes(5));
        let new = new_card_number();
        d.replace(&patron.card, &new).await.unwrap();
        let old = d.row(&patron.card).await;
        assert_eq!((old.state, old.state_since), (State::Lost.code(), lost_at));
        assert_eq!(old.replaced_by_id, Some(d.row(&new).await.id));
        assert!(rule(&d.replace(&patron.card, &new_card_number()).await.unwrap_err()).contains("taken the place"));
    }

    async fn a_blocked_card_comes_back_and_a_returned_one_does_not(engine: Engine) {
        let d = Desk::open(engine).await;
        let kiosk = d.t.device(DeviceKind::SelfCheckout).await;
        let patron = d.t.patron().await;
        kiosk.sign_in(&patron.card, patron.pin).await;
        d.block(&patron.card).await.unwrap();
        rule(&d.block(&patron.card).await.unwrap_err());
        // A blocked card counts: no second one beside it.
        rule(&d.issue(&patron, &new_card_number()).await.unwrap_err());
        d.unblock(&patron.card).await.unwrap();
        rule(&d.unblock(&patron.card).await.unwrap_err());
        kiosk.sign_in(&patron.card, patron.pin).await;
        d.take_back(&patron.card).await.unwrap();
        rule(&d.unblock(&patron.card).await.unwrap_err());
        rule(&d.take_back(&patron.card).await.unwrap_err());
        d.issue(&patron, &new_card_number()).await.unwrap();
        for number in ["no such card", "853A"] {
            assert_eq!(reason(&d.lose(number).await.unwrap_err()), ErrorReason::NotFound);
        }
    }

    async fn cards_come_in_pages(engine: Engine) {
        let d = Desk::open(engine).await;
        d.t.policy("card.max_per_patron", "20").await;
        let patron = d.t.patron().await;
        let mut numbers = vec![patron.card.clone()];
        for _ in 0..4 {
            let number = new_card_number();
            d.issue(&patron, &number).await.unwrap();
            numbers.insert(0, number);
        }
        let listed: Vec<_> = d.list(&patron).await.into_iter().map(|card| card.card_number).collect();
        assert_eq!(listed, numbers);
        let ask = ListCardsRequest {
            patron_number: patron.number.clone(),
            purpose: Purpose::CustomerService.code().into(),
            page_token: "x".to_owned(),
            ..Default::default()
        };
        assert_eq!(fault(&d.client().list_cards(ask).await.unwrap_err()).1["field"], "page_token");
    }
}
