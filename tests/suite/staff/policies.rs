//! Policies at a desk: checked, applied, tried out, and in force at their moment.

use crate::coverage::rpc::fault;
use chrono::{Days, NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, RefusalReason},
    staff::v1::{
        ApplyPoliciesRequest, ApplyPoliciesResponse, DryRunPoliciesRequest, DryRunPoliciesResponse,
        GetPolicyHistoryRequest, ListPoliciesRequest, ListPolicyKeysRequest, Purpose, Right, RightChange,
        ValidatePoliciesRequest, policy_service_client::PolicyServiceClient,
    },
};
use kortisto_domain::{BanKind, DeviceKind, PatronCategory, RightKind, StaffRole, policy};
use kortisto_store::entities::{audit_values, policies};
use kortisto_testkit::{
    TestOptions, TestRegister, on_both_engines,
    register::{Bearer, Device, PatronSeed, TestPatron, new_id},
};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

type Client = PolicyServiceClient<InterceptedService<Channel, Bearer>>;

async fn administrator(t: &TestRegister) -> Client {
    PolicyServiceClient::new(t.staff(&[StaffRole::Administrator]).await.channel())
}

fn today(t: &TestRegister) -> NaiveDate {
    t.clock.now().with_timezone(&t.surroundings.zone).date_naive()
}

/// A policy file with one decision.
fn file(valid_from: NaiveDate, rows: &[&str]) -> String {
    format!(
        "[[decision]]\nnumber = \"Board 1/2026\"\ndate = 2026-01-01\nvalid_from = {valid_from}\nrows = [\n{}\n]\n",
        rows.iter().map(|row| format!("    {{ {row} }},")).collect::<Vec<_>>().join("\n")
    )
}

async fn apply(client: &mut Client, text: String) -> Result<ApplyPoliciesResponse, Status> {
    let request = ApplyPoliciesRequest { request_id: new_id(), text };
    client.apply_policies(request).await.map(tonic::Response::into_inner)
}

async fn dry_run(client: &mut Client, text: String) -> DryRunPoliciesResponse {
    let purpose = Purpose::LendingControl.into();
    let request = DryRunPoliciesRequest { text, purpose, page_token: String::new() };
    client.dry_run_policies(request).await.unwrap().into_inner()
}

async fn asked(door: &Device, patron: &TestPatron) -> Vec<RefusalReason> {
    let answer = door.ask_door(&patron.card, None, "door").await.unwrap();
    answer.refusals.iter().map(kortisto::common::v1::Refusal::reason).collect()
}

/// Right, branch, and the patrons who gain and lose it.
fn told(changes: &[RightChange]) -> Vec<(Right, &str, Vec<&str>, Vec<&str>)> {
    let numbers = |count: i64, numbers: &'_ [String]| assert_eq!(usize::try_from(count), Ok(numbers.len()));
    let told = changes.iter().map(|change| {
        numbers(change.gained, &change.gained_patrons);
        numbers(change.lost, &change.lost_patrons);
        (
            change.right(),
            change.branch.as_str(),
            change.gained_patrons.iter().map(String::as_str).collect(),
            change.lost_patrons.iter().map(String::as_str).collect(),
        )
    });
    told.collect()
}

on_both_engines! {
    async fn a_policy_holds_from_its_first_day_on_without_a_restart(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let patron = t.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
        let mut client = administrator(&t).await;
        let tomorrow = today(&t) + Days::new(1);
        let row = r#"key = "self_service.grant_mode", value = "all", municipality = "153""#;
        let answer = apply(&mut client, file(tomorrow, &[row])).await.unwrap();
        assert_eq!((answer.created, answer.changed, answer.unchanged), (1, 0, 0));
        assert_eq!(asked(&door, &patron).await, [RefusalReason::SelfServiceRightMissing]);
        // The last second of today, on the wall clock of the consortium.
        let midnight = tomorrow.and_hms_opt(0, 0, 0).unwrap().and_local_timezone(t.surroundings.zone).unwrap();
        t.clock.advance(midnight.to_utc() - t.clock.now() - TimeDelta::seconds(1));
        assert_eq!(asked(&door, &patron).await, [RefusalReason::SelfServiceRightMissing]);
        t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(asked(&door, &patron).await, []);
        // A more specific one wins, from the next question on.
        let mut client = administrator(&t).await;
        let row = r#"key = "self_service.grant_mode", value = "registered", branch = "main""#;
        apply(&mut client, file(tomorrow, &[row])).await.unwrap();
        assert_eq!(asked(&door, &patron).await, [RefusalReason::SelfServiceRightMissing]);
    }

    async fn a_file_with_a_fault_is_refused_whole_with_line_and_key(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let text = file(today(&t), &[
            r#"key = "loan.period_days", value = 28"#,
            r#"key = "loan.period_days", value = 0, material = "dvd""#,
            r#"key = "loan.period_day", value = 3"#,
            r#"key = "pin.length_min", value = 4, branch = "main""#,
            r#"key = "hold.pickup_days", value = 8, branch = "nowhere""#,
        ]);
        let status = apply(&mut client, text.clone()).await.unwrap_err();
        let (reason, metadata) = fault(&status);
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "text"));
        let rule = &metadata["rule"];
        assert!(rule.starts_with("line 7, value \"0\"") && rule.contains("(loan.period_days)"), "{rule}");
        assert!(rule.ends_with("and 3 more, see ValidatePolicies"), "{rule}");
        assert_eq!(policies::Entity::find().count(t.store.writer()).await.unwrap(), 0);
        let found = client.validate_policies(ValidatePoliciesRequest { text }).await.unwrap().into_inner();
        let places: Vec<_> = found.faults.iter().map(|f| (f.line, f.field.as_str())).collect();
        assert_eq!(places, [(7, "value"), (8, "key"), (9, "branch"), (10, "branch")]);
        assert!(found.faults.iter().all(|f| !f.reason.is_empty() && !f.right.is_empty()));
        assert_eq!(found.fault_count, 4);
        let good = file(today(&t), &[r#"key = "loan.period_days", value = 28"#]);
        let found = client.validate_policies(ValidatePoliciesRequest { text: good }).await.unwrap().into_inner();
        assert_eq!((found.fault_count, found.created), (0, 1));
        assert_eq!(policies::Entity::find().count(t.store.writer()).await.unwrap(), 0);
        for text in [String::new(), "x".repeat(60_001)] {
            let status = client.validate_policies(ValidatePoliciesRequest { text }).await.unwrap_err();
            assert_eq!(fault(&status).1["field"], "text");
        }
    }

    async fn the_history_says_what_held_before_and_who_changed_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Administrator]).await;
        let mut client = PolicyServiceClient::new(staff.channel());
        for value in [28, 21, 14] {
            let rows = [format!(r#"key = "loan.period_days", value = {value}, category = "institution", branch = "east""#)];
            apply(&mut client, file(today(&t), &[&rows[0]])).await.unwrap();
            t.clock.advance(TimeDelta::minutes(1));
        }
        let mut token = String::new();
        let mut changes = Vec::new();
        loop {
            let key = "loan.period_days".to_owned();
            let ask = GetPolicyHistoryRequest { key, page_size: 2, page_token: token };
            let page = client.get_policy_history(ask).await.unwrap().into_inner();
            changes.extend(page.changes);
            token = page.next_page_token;
            if token.is_empty() { break; }
        }
        let values: Vec<_> = changes.iter().map(|c| (c.old_value.as_str(), c.policy.as_ref().unwrap().value.as_str())).collect();
        assert_eq!(values, [("21", "14"), ("28", "21"), ("", "28")]);
        assert!(changes.iter().all(|change| change.changed_by == format!("staff:{}", staff.id)));
        assert!(changes.is_sorted_by(|one, other| one.version > other.version));
        let policy = changes[0].policy.clone().unwrap();
        assert_eq!(policy.decision, "Board 1/2026, 2026-01-01");
        let scope = policy.scope.unwrap();
        assert_eq!((scope.branch.as_str(), scope.category), ("east", i32::from(PatronCategory::Institution.code())));
        let trail = audit_values::Entity::find().all(t.store.writer()).await.unwrap();
        let mut trail: Vec<_> = trail.iter().map(|v| (v.field.as_str(), v.old_value.as_deref(), v.new_value.as_deref())).collect();
        trail.sort_unstable();
        assert_eq!(trail, [
            ("loan.period_days", None, Some("28")),
            ("loan.period_days", Some("21"), Some("14")),
            ("loan.period_days", Some("28"), Some("21")),
        ]);
        let key = "loan.period_day".to_owned();
        let status = client.get_policy_history(GetPolicyHistoryRequest { key, ..Default::default() }).await.unwrap_err();
        assert_eq!(fault(&status).0, ErrorReason::NotFound);
    }

    async fn policies_and_keys_come_in_pages(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let start = today(&t);
        apply(&mut client, file(start, &[
            r#"key = "loan.period_days", value = 28"#,
            r#"key = "hold.pickup_days", value = 8"#,
            r#"key = "loan.period_days", value = 14, material = "dvd""#,
        ])).await.unwrap();
        apply(&mut client, file(start + Days::new(9), &[r#"key = "loan.period_days", value = 21"#])).await.unwrap();
        let mut token = String::new();
        let mut values = Vec::new();
        loop {
            let ask = ListPoliciesRequest { page_size: 1, page_token: token, ..Default::default() };
            let page = client.list_policies(ask).await.unwrap().into_inner();
            values.extend(page.policies.into_iter().map(|policy| policy.value));
            token = page.next_page_token;
            if token.is_empty() { break; }
        }
        assert_eq!(values, ["8", "28", "14", "21"]);
        for (day, expected) in [(0, vec!["28", "14"]), (9, vec!["28", "14", "21"])] {
            let key = "loan.period_days".to_owned();
            let day = (start + Days::new(day)).to_string();
            let ask = ListPoliciesRequest { key, day, ..Default::default() };
            let page = client.list_policies(ask).await.unwrap().into_inner();
            assert_eq!(page.policies.iter().map(|policy| policy.value.as_str()).collect::<Vec<_>>(), expected);
        }
        let mut token = String::new();
        let mut keys = Vec::new();
        loop {
            let ask = ListPolicyKeysRequest { page_size: 10, page_token: token };
            let page = client.list_policy_keys(ask).await.unwrap().into_inner();
            assert!(page.keys.iter().all(|key| !key.meaning.is_empty() && !key.default_value.is_empty() && !key.source.is_empty()));
            keys.extend(page.keys.into_iter().map(|key| key.key));
            token = page.next_page_token;
            if token.is_empty() { break; }
        }
        assert!(keys.is_sorted());
        assert_eq!(keys.len(), policy::catalogue().len());
    }

    async fn a_dry_run_says_who_gains_and_who_loses_and_changes_nothing(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let registered = t.patron().await;
        let without = t.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
        let contract = t.patron_with(PatronSeed { right: Some(RightKind::WrittenContract), ..PatronSeed::default() }).await;
        let debtor = t.patron_with(PatronSeed { debt_cents: 1_000, ..PatronSeed::default() }).await;
        let banned = t.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
        t.ban(&banned, BanKind::SelfService).await;
        let mut client = administrator(&t).await;
        let first = today(&t) + Days::new(1);

        // Everybody without a right gains the door of one branch, but for whom a ban keeps out.
        let open = file(first, &[r#"key = "self_service.grant_mode", value = "all", branch = "main""#]);
        let run = dry_run(&mut client, open).await;
        assert_eq!((run.patrons, run.next_page_token.as_str()), (5, ""));
        assert_eq!(told(&run.changes), [(Right::Enter, "main", vec![without.number.as_str()], vec![])]);

        // Only a contract opens the doors of both.
        let strict = file(first, &[r#"key = "self_service.grant_mode", value = "written_contract""#]);
        let run = dry_run(&mut client, strict).await;
        let losers = vec![registered.number.as_str(), debtor.number.as_str()];
        assert_eq!(told(&run.changes), [
            (Right::Enter, "east", vec![], losers.clone()),
            (Right::Enter, "main", vec![], losers),
        ]);
        assert!(run.changes.iter().all(|change| !change.lost_patrons.contains(&contract.number)));

        // At equality the comparator decides who may borrow.
        let over = file(first, &[r#"key = "ban.debt_comparator", value = "over""#]);
        let run = dry_run(&mut client, over).await;
        let gains = vec![debtor.number.as_str()];
        assert_eq!(told(&run.changes), [
            (Right::Borrow, "east", gains.clone(), vec![]),
            (Right::Borrow, "main", gains, vec![]),
        ]);

        // What decides no right asks nobody; what holds only the day after tomorrow neither.
        for text in [
            file(first, &[r#"key = "loan.period_days", value = 14"#]),
            file(first + Days::new(1), &[r#"key = "self_service.grant_mode", value = "all""#]),
        ] {
            let run = dry_run(&mut client, text).await;
            assert_eq!((run.patrons, run.changes.len()), (0, 0));
        }
        let dvd = file(first, &[r#"key = "loan.max_material", value = 0, material = "dvd""#]);
        let run = dry_run(&mut client, dvd).await;
        assert!(run.changes.iter().all(|change| change.material == "dvd" && change.right() == Right::Borrow), "{:?}", run.changes);
        assert_eq!(run.changes.iter().map(|change| change.lost).collect::<Vec<_>>(), [4, 4]);

        assert_eq!(policies::Entity::find().count(t.store.writer()).await.unwrap(), 0);
        assert_eq!(asked(&door, &without).await, [RefusalReason::SelfServiceRightMissing]);
    }

    async fn what_a_dry_run_foretells_comes_true(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let child = "2012-01-01".parse().ok();
        let mut patrons = Vec::new();
        for right in [None, Some(RightKind::Registered), Some(RightKind::GuardianConsent)] {
            for born in ["1980-01-01".parse().ok(), child, None] {
                patrons.push(t.patron_with(PatronSeed { right, born, ..PatronSeed::default() }).await);
            }
        }
        let mut client = administrator(&t).await;
        let first = today(&t) + Days::new(1);
        let text = file(first, &[
            r#"key = "self_service.grant_mode", value = "all", branch = "main""#,
            r#"key = "self_service.min_age", value = 13, branch = "main""#,
            r#"key = "self_service.unknown_birth_date", value = "allow", branch = "main""#,
        ]);
        let run = dry_run(&mut client, text.clone()).await;
        let [change] = &run.changes[..] else { panic!("{:?}", run.changes) };
        assert_eq!((change.right(), change.branch.as_str()), (Right::Enter, "main"));
        t.clock.advance(TimeDelta::days(1));
        let mut before = Vec::new();
        for patron in &patrons {
            before.push(asked(&door, patron).await.is_empty());
        }
        let mut client = administrator(&t).await;
        apply(&mut client, text).await.unwrap();
        for (patron, before) in patrons.iter().zip(before) {
            let now = asked(&door, patron).await.is_empty();
            assert_eq!(change.gained_patrons.contains(&patron.number), now && !before);
            assert_eq!(change.lost_patrons.contains(&patron.number), before && !now);
        }
        assert!(change.gained > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_applies_holds_at_every_server_with_its_next_decision() {
    let one = TestRegister::start(kortisto_testkit::Engine::Postgres).await;
    let other = one.start_beside(TestOptions::default()).await;
    let door = one.device(DeviceKind::Door).await;
    let patron = one.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
    let there = Device { channel: other.connect(Some(&door.identity)).await.unwrap(), ..door };
    assert_eq!(asked(&there, &patron).await, [RefusalReason::SelfServiceRightMissing]);
    let mut client = administrator(&one).await;
    let text = file(today(&one), &[r#"key = "self_service.grant_mode", value = "all""#]);
    apply(&mut client, text).await.unwrap();
    assert_eq!(asked(&there, &patron).await, []);
}
