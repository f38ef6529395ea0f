//! `IdentityCodeService`: one code, one person; found through the vault; shown for three purposes.

use crate::coverage::rpc::{fault, reason};
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        FindPatronByIdentityCodeRequest, FindPatronByIdentityCodeResponse, RecordIdentityCodeRequest,
        RevealIdentityCodeRequest, identity_code_service_client::IdentityCodeServiceClient,
    },
};
use kortisto_domain::{PatronCategory, Purpose, StaffRole};
use kortisto_store::entities::{audit, audit_values, identity_codes, patrons};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Bearer, PatronSeed, Staff, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

/// Test persons of the Digital and Population Data Services Agency, born on one day.
const CODE: &str = "010594Y9032";
const OTHER_CODE: &str = "010594Y9021";

struct Desk {
    t: TestRegister,
    staff: Staff,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        Self { t, staff }
    }

    fn client(&self) -> IdentityCodeServiceClient<InterceptedService<Channel, Bearer>> {
        IdentityCodeServiceClient::new(self.staff.channel())
    }

    async fn record(&self, patron: &TestPatron, code: &str) -> Result<bool, Status> {
        let (patron_number, identity_code) = (patron.number.clone(), code.to_owned());
        let ask = RecordIdentityCodeRequest { request_id: new_id(), patron_number, identity_code };
        self.client().record_identity_code(ask).await.map(|answer| answer.into_inner().superseded)
    }

    async fn find(&self, code: &str) -> FindPatronByIdentityCodeResponse {
        let ask = FindPatronByIdentityCodeRequest {
            identity_code: code.to_owned(),
            purpose: Purpose::CardIssue.code().into(),
        };
        self.client().find_patron_by_identity_code(ask).await.unwrap().into_inner()
    }

    async fn reveal(&self, patron: &TestPatron) -> String {
        let ask = RevealIdentityCodeRequest {
            patron_number: patron.number.clone(),
            purpose: Purpose::DebtCollection.code().into(),
        };
        self.client().reveal_identity_code(ask).await.unwrap().into_inner().identity_code
    }

    async fn born(&self, day: Option<&str>) -> TestPatron {
        let born = day.map(|day| day.parse().unwrap());
        self.t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await
    }
}

fn found(patron: &TestPatron, superseded: bool) -> FindPatronByIdentityCodeResponse {
    FindPatronByIdentityCodeResponse { patron_number: patron.number.clone(), superseded }
}

on_both_engines! {
    async fn a_code_is_recorded_found_and_revealed(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.born(Some("1994-05-01")).await;
        assert_eq!(d.reveal(&patron).await, "");
        assert_eq!(d.find(CODE).await, FindPatronByIdentityCodeResponse::default());
        assert!(!d.record(&patron, &CODE.to_lowercase()).await.unwrap());
        assert_eq!(d.reveal(&patron).await, CODE);
        assert_eq!(d.find(&CODE.to_lowercase()).await, found(&patron, false));
        // The same digits with another sign of the century are another person's code.
        assert_eq!(d.find("010594-9032").await, FindPatronByIdentityCodeResponse::default());
        let dump = format!("{:?}", d.t.dump().await);
        assert!(!dump.contains(CODE) && !dump.contains(&CODE.to_lowercase()), "the database knows the code");
        let hexadecimal: String = CODE.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.to_lowercase().contains(&hexadecimal));
    }

    async fn an_old_code_stays_the_patrons(engine: Engine) {
        let d = Desk::open(engine).await;
        let (patron, other) = (d.born(Some("1994-05-01")).await, d.born(Some("1994-05-01")).await);
        d.record(&patron, CODE).await.unwrap();
        assert!(d.record(&patron, OTHER_CODE).await.unwrap());
        assert_eq!(d.reveal(&patron).await, OTHER_CODE);
        assert_eq!(d.find(OTHER_CODE).await, found(&patron, false));
        assert_eq!(d.find(CODE).await, found(&patron, true));
        for code in [CODE, OTHER_CODE] {
            for whose in [&patron, &other] {
                assert_eq!(reason(&d.record(whose, code).await.unwrap_err()), ErrorReason::Duplicate);
            }
        }
        let rows = identity_codes::Entity::find().all(d.t.store.writer()).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.superseded_at.is_none()).count(), 1);
        assert_eq!(rows.len(), 2);
    }

    async fn two_desks_record_one_code_once(engine: Engine) {
        let d = Desk::open(engine).await;
        let (one, other) = (d.born(Some("1994-05-01")).await, d.born(Some("1994-05-01")).await);
        let (first, second) = tokio::join!(d.record(&one, CODE), d.record(&other, CODE));
        let refused = match (first, second) {
            (Ok(_), Err(status)) | (Err(status), Ok(_)) => status,
            both => panic!("{both:?}"),
        };
        assert_eq!(reason(&refused), ErrorReason::Duplicate);
    }

    async fn the_birth_date_agrees_or_is_learnt(engine: Engine) {
        let d = Desk::open(engine).await;
        let unknown = d.born(None).await;
        d.record(&unknown, CODE).await.unwrap();
        let row = patrons::Entity::find_by_id(unknown.id).one(d.t.store.writer()).await.unwrap().unwrap();
        assert_eq!(row.birth_date.unwrap().to_string(), "1994-05-01");
        let another = d.born(Some("1994-05-02")).await;
        assert_eq!(reason(&d.record(&another, OTHER_CODE).await.unwrap_err()), ErrorReason::RuleBroken);
        let institution = PatronSeed { category: PatronCategory::Institution, born: None, ..PatronSeed::default() };
        let school = d.t.patron_with(institution).await;
        assert_eq!(reason(&d.record(&school, OTHER_CODE).await.unwrap_err()), ErrorReason::RuleBroken);
    }

    async fn a_wrong_code_is_refused_with_its_rule_and_never_quoted(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.born(None).await;
        for wrong in [
            "", "010594Y9033", "010594Y90321", " 010594Y9032", "320594Y9032", "010594Y0002", "010594Z9032",
            // A scanner read + for -, and somebody not born yet.
            "010594+9032", "010594F9032", "010594F903Z",
        ] {
            let status = d.record(&patron, wrong).await.unwrap_err();
            let (reason, metadata) = fault(&status);
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "identity_code"), "{wrong}");
            assert!(wrong.is_empty() || !format!("{status:?}").contains(wrong));
        }
    }

    async fn the_trail_knows_who_asked_and_not_the_code(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.born(Some("1994-05-01")).await;
        d.record(&patron, CODE).await.unwrap();
        d.find(CODE).await;
        d.find(OTHER_CODE).await;
        d.reveal(&patron).await;
        let rows = |action: &str| {
            audit::Entity::find().filter(audit::Column::Action.eq(action)).all(d.t.store.writer())
        };
        let reveals = rows("reveal_identity_code").await.unwrap();
        assert_eq!(reveals.len(), 1);
        assert_eq!(reveals[0].subject, Some(patron.pseudonym));
        assert_eq!(reveals[0].purpose, Some(Purpose::DebtCollection.code()));
        assert_eq!(reveals[0].staff_account_id, Some(d.staff.id));
        let searches = rows("find_patron_by_identity_code").await.unwrap();
        let mut subjects: Vec<_> = searches.iter().map(|row| row.subject).collect();
        subjects.sort();
        assert_eq!(subjects, [None, Some(patron.pseudonym)], "a search that finds nobody leaves a row too");
        let values = audit_values::Entity::find()
            .filter(audit_values::Column::Field.eq("identity_code"))
            .all(d.t.store.writer())
            .await
            .unwrap();
        assert_eq!(values.len(), 1);
        assert!(values.iter().all(|value| value.old_value.is_none() && value.new_value.is_none()));
    }
}
