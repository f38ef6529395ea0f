//! Accounts and duties: made by administrators, never for themselves; vendors for a short time and alone.

use super::world::World;
use crate::coverage::rpc::{fault, reason};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        ChangePasswordRequest, CreateStaffAccountRequest, DisableStaffAccountRequest,
        EnableStaffAccountRequest, ExplainDecisionRequest, GetPatronRequest, GetSelfRequest,
        GrantStaffRoleRequest, ListStaffAccountsRequest, Purpose, Question, ResetStaffPasswordRequest,
        RevokeStaffRoleRequest, SetOpenIdSubjectRequest, SignInRequest, StaffAccount, StaffAccountState,
        StaffRole as Role, explain_decision_request::Who, explain_service_client::ExplainServiceClient,
        patron_service_client::PatronServiceClient, staff_account_service_client::StaffAccountServiceClient,
        staff_session_service_client::StaffSessionServiceClient,
    },
};
use kortisto_domain::StaffRole;
use kortisto_testkit::{
    on_both_engines,
    register::{Bearer, Device, STAFF_PASSWORD, Staff, new_id},
};
use prost_types::Timestamp;
use tonic::{Request, Status, service::interceptor::InterceptedService, transport::Channel};

type Accounts = StaffAccountServiceClient<InterceptedService<Channel, Bearer>>;

fn accounts(staff: &Staff) -> Accounts {
    StaffAccountServiceClient::new(staff.channel())
}

fn stamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap() })
}

fn creation(user_name: &str) -> CreateStaffAccountRequest {
    CreateStaffAccountRequest {
        request_id: new_id(),
        user_name: user_name.to_owned(),
        display_name: "Aino Testaaja".to_owned(),
        openid_subject: String::new(),
    }
}

async fn sign_in(desk: &Device, user_name: &str, password: &str) -> Result<String, Status> {
    let ask = SignInRequest {
        attempt_id: new_id(),
        user_name: user_name.to_owned(),
        password: password.to_owned(),
    };
    let mut client = StaffSessionServiceClient::new(desk.channel.clone());
    client.sign_in(ask).await.map(|answer| answer.into_inner().session_token)
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn listed(client: &mut Accounts, user_name: &str) -> StaffAccount {
    let page = client.list_staff_accounts(ListStaffAccountsRequest { page_size: 100, ..Default::default() });
    let page = page.await.unwrap().into_inner();
    page.accounts.into_iter().find(|account| account.user_name == user_name).unwrap()
}

fn grant(user_name: &str, role: Role) -> GrantStaffRoleRequest {
    GrantStaffRoleRequest {
        request_id: new_id(),
        user_name: user_name.to_owned(),
        role: role.into(),
        ..Default::default()
    }
}

on_both_engines! {
    async fn a_new_colleague_gets_in_with_a_password_of_their_own(engine: Engine) {
        let w = World::start(engine).await;
        let admin = w.staff(&[StaffRole::Administrator]).await;
        let mut client = accounts(&admin);
        let ask = creation("aino.testaaja");
        let first = client.create_staff_account(ask.clone()).await.unwrap().into_inner().one_time_password;
        let again = client.create_staff_account(ask).await.unwrap().into_inner().one_time_password;
        assert_eq!(first, again);
        assert!(!format!("{:?}", w.t.dump().await).contains(&first));
        client.grant_staff_role(grant("aino.testaaja", Role::Desk)).await.unwrap();

        let token = sign_in(&w.desk, "aino.testaaja", &first).await.unwrap();
        let mut own = StaffSessionServiceClient::new(w.desk.channel.clone());
        let myself = own.get_self(with(&token, GetSelfRequest {})).await.unwrap().into_inner();
        assert!(myself.password_change_required && !myself.undertaking_given);
        assert_eq!(myself.roles, [i32::from(Role::Desk)]);
        let change = ChangePasswordRequest {
            request_id: new_id(),
            old_password: first.clone(),
            new_password: "ahven on toinen kala".to_owned(),
        };
        own.change_password(with(&token, change)).await.unwrap();
        // The one-time password was good once.
        sign_in(&w.desk, "aino.testaaja", &first).await.unwrap_err();
        sign_in(&w.desk, "aino.testaaja", "ahven on toinen kala").await.unwrap();
        let account = listed(&mut client, "aino.testaaja").await;
        assert_eq!(account.display_name, "Aino Testaaja");
        assert!(!account.password_change_required && !account.undertaking_given);
        w.t.probe().await;
    }

    async fn a_name_is_one_persons_and_taken_once(engine: Engine) {
        let w = World::start(engine).await;
        let mut client = accounts(&w.staff(&[StaffRole::Administrator]).await);
        for bad in ["info", "desk2", "Aino", "ab", "äiti"] {
            let (reason, metadata) = fault(&client.create_staff_account(creation(bad)).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "user_name"), "{bad}");
        }
        client.create_staff_account(creation("aino")).await.unwrap();
        let (reason, metadata) = fault(&client.create_staff_account(creation("aino")).await.unwrap_err());
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::Duplicate, "user_name"));
        let subject = |name: &str| CreateStaffAccountRequest { openid_subject: "s-1".to_owned(), ..creation(name) };
        client.create_staff_account(subject("eino")).await.unwrap();
        let (reason, metadata) = fault(&client.create_staff_account(subject("veikko")).await.unwrap_err());
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::Duplicate, "openid_subject"));
        let mut set = SetOpenIdSubjectRequest {
            request_id: new_id(),
            user_name: "aino".to_owned(),
            openid_subject: "s-1".to_owned(),
        };
        let status = client.set_open_id_subject(set.clone()).await.unwrap_err();
        assert_eq!(self::reason(&status), ErrorReason::Duplicate);
        (set.request_id, set.openid_subject) = (new_id(), "s-2".to_owned());
        client.set_open_id_subject(set).await.unwrap();
        assert_eq!(listed(&mut client, "aino").await.openid_subject, "s-2");
    }

    async fn a_shut_account_asks_nothing_and_a_reset_password_ends_its_sessions(engine: Engine) {
        let w = World::start(engine).await;
        let (admin, staff) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[StaffRole::Desk]).await);
        let mut client = accounts(&admin);
        let name = || staff.user_name.clone();
        let mut own = StaffSessionServiceClient::new(staff.channel());
        own.get_self(GetSelfRequest {}).await.unwrap();
        let disable = DisableStaffAccountRequest { request_id: new_id(), user_name: name() };
        client.disable_staff_account(disable).await.unwrap();
        let status = own.get_self(GetSelfRequest {}).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown);
        sign_in(&w.desk, &name(), STAFF_PASSWORD).await.unwrap_err();
        assert_eq!(listed(&mut client, &name()).await.state, i32::from(StaffAccountState::Disabled));
        let enable = EnableStaffAccountRequest { request_id: new_id(), user_name: name() };
        client.enable_staff_account(enable).await.unwrap();
        let token = sign_in(&w.desk, &name(), STAFF_PASSWORD).await.unwrap();

        let ask = ResetStaffPasswordRequest { request_id: new_id(), user_name: name() };
        let given = client.reset_staff_password(ask.clone()).await.unwrap().into_inner().one_time_password;
        let mut own = StaffSessionServiceClient::new(w.desk.channel.clone());
        own.get_self(with(&token, GetSelfRequest {})).await.unwrap_err();
        sign_in(&w.desk, &name(), STAFF_PASSWORD).await.unwrap_err();
        sign_in(&w.desk, &name(), &given).await.unwrap();
        let again = client.reset_staff_password(ask).await.unwrap().into_inner().one_time_password;
        assert_eq!(given, again);
        let token = sign_in(&w.desk, &name(), &given).await.unwrap();
        assert!(own.get_self(with(&token, GetSelfRequest {})).await.unwrap().into_inner().password_change_required);
        // The later of two resets holds.
        let later = ResetStaffPasswordRequest { request_id: new_id(), user_name: name() };
        let newest = client.reset_staff_password(later).await.unwrap().into_inner().one_time_password;
        sign_in(&w.desk, &name(), &given).await.unwrap_err();
        sign_in(&w.desk, &name(), &newest).await.unwrap();
    }

    async fn nobody_changes_their_own_account_here(engine: Engine) {
        let w = World::start(engine).await;
        let admin = w.staff(&[StaffRole::Administrator]).await;
        let (mut client, user_name, request_id) = (accounts(&admin), admin.user_name.clone(), new_id());
        let named = |status: Status| reason(&status);
        let broken = [
            client.grant_staff_role(grant(&user_name, Role::Desk)).await.map(drop).map_err(named),
            client
                .revoke_staff_role(RevokeStaffRoleRequest {
                    request_id: request_id.clone(),
                    user_name: user_name.clone(),
                    role: Role::Administrator.into(),
                })
                .await
                .map(drop)
                .map_err(named),
            client
                .disable_staff_account(DisableStaffAccountRequest {
                    request_id: request_id.clone(),
                    user_name: user_name.clone(),
                })
                .await
                .map(drop)
                .map_err(named),
            client
                .reset_staff_password(ResetStaffPasswordRequest {
                    request_id: request_id.clone(),
                    user_name: user_name.clone(),
                })
                .await
                .map(drop)
                .map_err(named),
            client
                .set_open_id_subject(SetOpenIdSubjectRequest {
                    request_id,
                    user_name,
                    openid_subject: "s-1".to_owned(),
                })
                .await
                .map(drop)
                .map_err(named),
        ];
        assert_eq!(broken, [Err(ErrorReason::RuleBroken); 5]);
        let mut nobody = grant("nobody.here", Role::Desk);
        nobody.request_id = new_id();
        assert_eq!(reason(&client.grant_staff_role(nobody).await.unwrap_err()), ErrorReason::NotFound);
    }

    async fn a_duty_holds_from_its_beginning_to_its_end(engine: Engine) {
        let w = World::start(engine).await;
        let (admin, staff) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[]).await);
        let mut client = accounts(&admin);
        let number = w.t.patron().await.number;
        let look = async |staff: &Staff| {
            let ask = GetPatronRequest { number: number.clone(), purpose: Purpose::CustomerService.into() };
            PatronServiceClient::new(staff.channel()).get_patron(ask).await.map(drop)
        };
        let mut ask = grant(&staff.user_name, Role::Desk);
        ask.starts_at = stamp(w.t.clock.now() + TimeDelta::minutes(10));
        ask.ends_at = stamp(w.t.clock.now() + TimeDelta::minutes(20));
        client.grant_staff_role(ask).await.unwrap();
        for (minutes, allowed) in [(0, false), (10, true), (10, false)] {
            w.t.clock.advance(TimeDelta::minutes(minutes));
            assert_eq!(look(&staff).await.is_ok(), allowed, "{minutes}");
        }
        client.grant_staff_role(grant(&staff.user_name, Role::Desk)).await.unwrap();
        look(&staff).await.unwrap();
        let status = client.grant_staff_role(grant(&staff.user_name, Role::Desk)).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::Duplicate);
        let revoke = || RevokeStaffRoleRequest {
            request_id: new_id(),
            user_name: staff.user_name.clone(),
            role: Role::Desk.into(),
        };
        client.revoke_staff_role(revoke()).await.unwrap();
        assert_eq!(reason(&look(&staff).await.unwrap_err()), ErrorReason::DutyForbidden);
        assert_eq!(reason(&client.revoke_staff_role(revoke()).await.unwrap_err()), ErrorReason::NotFound);
    }

    async fn a_vendor_has_a_ticket_three_days_and_nothing_else(engine: Engine) {
        let w = World::start(engine).await;
        let (admin, vendor) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[]).await);
        let mut client = accounts(&admin);
        let hours = |hours| stamp(w.t.clock.now() + TimeDelta::hours(hours));
        for (ticket, until, field) in [
            ("", hours(1), "ticket"),
            ("T-1", None, "ends_at"),
            ("T-1", hours(73), "ends_at"),
            ("T-1", hours(-1), "ends_at"),
        ] {
            let mut ask = grant(&vendor.user_name, Role::Vendor);
            (ask.ticket, ask.ends_at) = (ticket.to_owned(), until);
            let (reason, metadata) = fault(&client.grant_staff_role(ask).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field));
        }
        let mut ask = grant(&vendor.user_name, Role::Vendor);
        (ask.ticket, ask.ends_at) = ("T-1".to_owned(), hours(72));
        client.grant_staff_role(ask).await.unwrap();
        let status = client.grant_staff_role(grant(&vendor.user_name, Role::Desk)).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::RuleBroken);
        let duties = listed(&mut client, &vendor.user_name).await.duties;
        assert_eq!((duties.len(), duties[0].ticket.as_str()), (1, "T-1"));

        let (number, item) = (w.t.patron().await.number, w.t.item().await.barcode);
        let ask = |purpose: Purpose| ExplainDecisionRequest {
            who: Some(Who::PatronNumber(number.clone())),
            branch: "main".to_owned(),
            question: Question::Lend.into(),
            item_barcode: item.clone(),
            purpose: purpose.into(),
            ..Default::default()
        };
        let look = async |staff: &Staff, purpose: Purpose| {
            ExplainServiceClient::new(staff.channel()).explain_decision(ask(purpose)).await.map(drop)
        };
        look(&vendor, Purpose::FaultRepair).await.unwrap();
        let status = look(&vendor, Purpose::CustomerService).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::PurposeForbidden);
        // Nobody else looks for that purpose, and a vendor sees no record.
        let desk = w.staff(&[StaffRole::Desk]).await;
        let status = look(&desk, Purpose::FaultRepair).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::PurposeForbidden);
        let record = GetPatronRequest { number: number.clone(), purpose: Purpose::FaultRepair.into() };
        let status = PatronServiceClient::new(vendor.channel()).get_patron(record).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::DutyForbidden);
        // It ends by itself.
        w.t.clock.advance(TimeDelta::hours(72));
        let token = sign_in(&w.desk, &vendor.user_name, STAFF_PASSWORD).await.unwrap();
        let mut client = ExplainServiceClient::new(w.desk.channel.clone());
        let status = client.explain_decision(with(&token, ask(Purpose::FaultRepair))).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::DutyForbidden);
    }

    async fn accounts_come_in_pages(engine: Engine) {
        let w = World::start(engine).await;
        let mut client = accounts(&w.staff(&[StaffRole::Administrator]).await);
        for number in 0..7 {
            client.create_staff_account(creation(&format!("aino.{number}"))).await.unwrap();
        }
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let ask = ListStaffAccountsRequest { page_size: 3, page_token };
            let page = client.list_staff_accounts(ask).await.unwrap().into_inner();
            assert!(page.accounts.len() <= 3);
            names.extend(page.accounts.into_iter().map(|account| account.user_name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(names.len(), 8);
        assert_eq!(&names[1..], (0..7).map(|number| format!("aino.{number}")).collect::<Vec<_>>());
        for bad in ["x", "0", "-1"] {
            let ask = ListStaffAccountsRequest { page_size: 3, page_token: bad.to_owned() };
            let (reason, metadata) = fault(&client.list_staff_accounts(ask).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "page_token"));
        }
    }
}
