//! Controllers and places: what administrators write, and what a door then answers.

use crate::coverage::rpc::{fault, reason};
use chrono::{Days, NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, RefusalReason},
    staff::v1::{
        AddMembershipRequest, AddOpeningExceptionRequest, Branch, BranchKind, Controller, DayWindow,
        EndMembershipRequest, ListBranchesRequest, ListControllersRequest, ListMunicipalitiesRequest,
        ListOpeningRequest, ListOpeningResponse, ListResourcesRequest, ListStopsRequest, Municipality,
        OpeningException, OpeningMode, OpeningSeason, PutBranchRequest, PutControllerRequest,
        PutMunicipalityRequest, PutResourceRequest, PutStopRequest, RemoveOpeningExceptionRequest,
        RemoveResourceRequest, Resource, ResourceKind, SetOpeningWindowsRequest, Stop, WeekWindow,
        place_service_client::PlaceServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffRole};
use kortisto_store::entities::{audit, audit_values, holds, resources};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Bearer, Device, TestPatron, meanwhile, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

type Client = PlaceServiceClient<InterceptedService<Channel, Bearer>>;

async fn administrator(t: &TestRegister) -> Client {
    PlaceServiceClient::new(t.staff(&[StaffRole::Administrator]).await.channel())
}

/// The local day of the register's clock.
fn today(t: &TestRegister) -> NaiveDate {
    t.clock.now().with_timezone(&t.surroundings.zone).date_naive()
}

fn window(opens_minute: i32, closes_minute: i32, mode: OpeningMode) -> DayWindow {
    DayWindow { opens_minute, closes_minute, mode: mode.into() }
}

async fn except(client: &mut Client, day: NaiveDate, windows: Vec<DayWindow>) {
    let exception = OpeningException { day: day.to_string(), windows, note: "Vappu".to_owned() };
    let branch = "main".to_owned();
    let request = AddOpeningExceptionRequest { request_id: new_id(), branch, exception: Some(exception) };
    client.add_opening_exception(request).await.unwrap();
}

async fn asked(door: &Device, patron: &TestPatron, resource: &str) -> Vec<RefusalReason> {
    let answer = door.ask_door(&patron.card, None, resource).await.unwrap();
    answer.refusals.iter().map(kortisto::common::v1::Refusal::reason).collect()
}

async fn opening(
    client: &mut Client,
    from_day: NaiveDate,
    page_size: i32,
    token: &str,
) -> ListOpeningResponse {
    let request = ListOpeningRequest {
        branch: "main".to_owned(),
        from_day: from_day.to_string(),
        page_size,
        page_token: token.to_owned(),
    };
    client.list_opening(request).await.unwrap().into_inner()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (ErrorReason, String) {
    let (reason, metadata) = fault(&answer.unwrap_err());
    (reason, ["field", "rule", "what"].iter().find_map(|key| metadata.get(*key)).cloned().unwrap_or_default())
}

on_both_engines! {
    async fn an_exception_shuts_the_door_on_its_day_only_and_may_be_taken_back(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let patron = t.patron().await;
        let mut client = administrator(&t).await;
        assert_eq!(asked(&door, &patron, "door").await, []);
        let tomorrow = today(&t) + Days::new(1);
        except(&mut client, tomorrow, Vec::new()).await;
        assert_eq!(asked(&door, &patron, "door").await, [], "tomorrow is not today");
        t.clock.advance(TimeDelta::days(1));
        let mut client = administrator(&t).await;
        assert_eq!(asked(&door, &patron, "door").await, [RefusalReason::Closed]);
        // Another exception takes the place of the first: a staffed window around this very minute.
        except(&mut client, tomorrow, vec![window(0, 1_440, OpeningMode::Staffed)]).await;
        assert_eq!(asked(&door, &patron, "door").await, []);
        except(&mut client, tomorrow, vec![window(0, 1_440, OpeningMode::Closed)]).await;
        assert_eq!(asked(&door, &patron, "door").await, [RefusalReason::Closed]);
        let branch = "main".to_owned();
        let day = tomorrow.to_string();
        let request = RemoveOpeningExceptionRequest { request_id: new_id(), branch, day };
        client.remove_opening_exception(request.clone()).await.unwrap();
        assert_eq!(asked(&door, &patron, "door").await, []);
        let again = RemoveOpeningExceptionRequest { request_id: new_id(), ..request };
        assert_eq!(refused(client.remove_opening_exception(again).await).0, ErrorReason::NotFound);
    }

    async fn a_season_takes_its_days_and_leaves_the_others(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let patron = t.patron().await;
        let mut client = administrator(&t).await;
        let (first, last) = (today(&t) + Days::new(7), today(&t) + Days::new(13));
        let staffed = (1..=7).map(|weekday| WeekWindow {
            weekday,
            hours: Some(window(0, 1, OpeningMode::Staffed)),
        });
        let season = OpeningSeason {
            valid_from: first.to_string(),
            valid_until: last.to_string(),
            windows: staffed.collect(),
        };
        let branch = "main".to_owned();
        let request = SetOpeningWindowsRequest { request_id: new_id(), branch, season: Some(season) };
        client.set_opening_windows(request).await.unwrap();
        let seasons = opening(&mut client, today(&t), 0, "").await.seasons;
        let days: Vec<_> = seasons.iter().map(|s| (s.valid_from.as_str(), s.valid_until.as_str(), s.windows.len())).collect();
        let (before, after) = ((first - Days::new(1)).to_string(), (last + Days::new(1)).to_string());
        let (first, last) = (first.to_string(), last.to_string());
        assert_eq!(days, [
            ("2000-01-01", before.as_str(), 7),
            (first.as_str(), last.as_str(), 7),
            (after.as_str(), "", 7),
        ]);
        assert_eq!(asked(&door, &patron, "door").await, []);
        t.clock.advance(TimeDelta::days(7));
        assert_eq!(asked(&door, &patron, "door").await, [RefusalReason::Closed]);
        t.clock.advance(TimeDelta::days(7));
        assert_eq!(asked(&door, &patron, "door").await, []);
    }

    async fn exceptions_come_in_pages_of_days(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let start = today(&t);
        for day in [3, 1, 2] {
            let hours = vec![window(600, 660, OpeningMode::Staffed), window(0, 60, OpeningMode::SelfService)];
            except(&mut client, start + Days::new(day), hours).await;
        }
        let one = opening(&mut client, start, 2, "").await;
        let day = |n: u64| (start + Days::new(n)).to_string();
        assert_eq!(one.exceptions.iter().map(|e| e.day.clone()).collect::<Vec<_>>(), [day(1), day(2)]);
        assert_eq!(one.exceptions[0].windows, [
            window(0, 60, OpeningMode::SelfService),
            window(600, 660, OpeningMode::Staffed),
        ]);
        assert_eq!((one.seasons.len(), one.exceptions[0].note.as_str()), (1, "Vappu"));
        let two = opening(&mut client, start, 2, &one.next_page_token).await;
        assert_eq!(two.exceptions.iter().map(|e| e.day.clone()).collect::<Vec<_>>(), [day(3)]);
        assert!(two.seasons.is_empty() && two.next_page_token.is_empty());
    }

    async fn a_new_door_answers_and_one_taken_away_does_not(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let child = kortisto_testkit::register::PatronSeed {
            born: "2012-01-01".parse().ok(),
            right: Some(kortisto_domain::RightKind::GuardianConsent),
            ..Default::default()
        };
        let child = t.patron_with(child).await;
        let mut client = administrator(&t).await;
        assert_eq!(asked(&door, &child, "cellar").await, [RefusalReason::ResourceUnknown]);
        for (min_age, created, expected) in [
            (None, true, vec![]),
            (Some(18), false, vec![RefusalReason::BelowAgeLimit]),
        ] {
            let resource = Resource {
                code: "cellar".to_owned(),
                kind: ResourceKind::Door.into(),
                min_age,
                asks_pin: false,
            };
            let branch = "main".to_owned();
            let request = PutResourceRequest { request_id: new_id(), branch, resource: Some(resource) };
            assert_eq!(client.put_resource(request).await.unwrap().into_inner().created, created);
            assert_eq!(asked(&door, &child, "cellar").await, expected);
        }
        let branch = "main".to_owned();
        let listed = ListResourcesRequest { branch: branch.clone(), page_size: 1, ..Default::default() };
        let listed = client.list_resources(listed).await.unwrap().into_inner();
        assert_eq!((listed.resources[0].code.as_str(), listed.resources[0].min_age), ("cellar", Some(18)));
        assert_eq!(listed.next_page_token, "cellar");
        let request = RemoveResourceRequest { request_id: new_id(), branch, resource: "cellar".to_owned() };
        client.remove_resource(request).await.unwrap();
        assert_eq!(asked(&door, &child, "cellar").await, [RefusalReason::ResourceUnknown]);
    }

    async fn a_municipality_joins_and_leaves_on_a_date(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let controller = Controller {
            municipality: "441".to_owned(),
            name: "Luumäki".to_owned(),
            business_id: "0129261-5".to_owned(),
            officer: "Kirjastotoimenjohtaja".to_owned(),
            contact: "kirjasto@example.org".to_owned(),
            data_protection_officer: "tietosuoja@example.org".to_owned(),
        };
        let join = |first: &str, last: &str| AddMembershipRequest {
            request_id: new_id(),
            municipality: "441".to_owned(),
            valid_from: first.to_owned(),
            valid_until: last.to_owned(),
            decision: "Board 1/2018".to_owned(),
        };
        assert_eq!(refused(client.add_membership(join("2018-06-06", "")).await), (ErrorReason::NotFound, "controller".to_owned()));
        let put = PutControllerRequest { request_id: new_id(), controller: Some(controller.clone()) };
        assert!(client.put_controller(put).await.unwrap().into_inner().created);
        client.add_membership(join("2018-06-06", "")).await.unwrap();
        for (first, last) in [("2018-06-06", ""), ("2010-01-01", "2018-06-06"), ("2030-01-01", "2031-01-01")] {
            assert_eq!(refused(client.add_membership(join(first, last)).await).0, ErrorReason::RuleBroken, "{first}");
        }
        let backwards = client.add_membership(join("2010-01-01", "2009-01-01")).await;
        assert_eq!(refused(backwards), (ErrorReason::FieldInvalid, "valid_until".to_owned()));
        client.add_membership(join("2010-01-01", "2018-06-05")).await.unwrap();
        let last_day = today(&t).to_string();
        let leave = |last_day: &str| EndMembershipRequest {
            request_id: new_id(),
            municipality: "441".to_owned(),
            last_day: last_day.to_owned(),
            decision: "Board 9/2026".to_owned(),
        };
        assert_eq!(refused(client.end_membership(leave("2009-12-31")).await).0, ErrorReason::NotFound);
        client.end_membership(leave(&last_day)).await.unwrap();
        for (days, member) in [(0, true), (1, false)] {
            t.clock.advance(TimeDelta::days(days));
            let mut client = administrator(&t).await;
            let listed = client.list_controllers(ListControllersRequest::default()).await.unwrap().into_inner();
            let [listed] = &listed.controllers[..] else { panic!("{listed:?}") };
            assert_eq!(listed.controller.as_ref(), Some(&controller));
            assert_eq!(listed.member_today, member);
            assert_eq!(listed.memberships.len(), 2);
            assert_eq!(listed.memberships[1].valid_until, last_day);
            assert_eq!(listed.memberships[1].end_decision, "Board 9/2026");
        }
        for (id, right) in [("0129261-4", false), ("1292615", false), ("", true)] {
            let controller = Controller { business_id: id.to_owned(), ..controller.clone() };
            let put = PutControllerRequest { request_id: new_id(), controller: Some(controller) };
            let mut client = administrator(&t).await;
            let answer = client.put_controller(put).await;
            assert_eq!(answer.is_ok(), right, "{id}");
            if let Err(status) = answer {
                assert_eq!(fault(&status).1["field"], "controller.business_id");
            }
        }
    }

    async fn a_merger_leads_to_the_municipality_of_the_day(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        for (code, first, last, successor) in
            [("283", "1900-01-01", "2015-12-31", "098"), ("098", "1900-01-01", "", "")]
        {
            let entry = Municipality {
                code: code.to_owned(),
                name_fi: "Nimi".to_owned(),
                name_sv: "Namn".to_owned(),
                valid_from: first.to_owned(),
                valid_until: last.to_owned(),
                successor: successor.to_owned(),
            };
            let put = PutMunicipalityRequest { request_id: new_id(), municipality: Some(entry) };
            assert!(client.put_municipality(put).await.unwrap().into_inner().created);
        }
        for (day, stands_for) in [("2015-12-31", "283"), ("2016-01-01", "098")] {
            let ask = ListMunicipalitiesRequest { day: day.to_owned(), page_size: 1, ..Default::default() };
            let one = client.list_municipalities(ask.clone()).await.unwrap().into_inner();
            assert_eq!(one.municipalities[0].stands_for, "098");
            let ask = ListMunicipalitiesRequest { page_token: one.next_page_token, ..ask };
            let two = client.list_municipalities(ask).await.unwrap().into_inner();
            assert_eq!(two.municipalities[0].stands_for, stands_for, "{day}");
            assert!(two.next_page_token.is_empty());
        }
        let branch = |municipality: &str| Branch {
            code: "hame".to_owned(),
            name: "Hämeenkoski".to_owned(),
            municipality: municipality.to_owned(),
            kind: BranchKind::Library.into(),
            isil: "FI-Hmk".to_owned(),
        };
        let put = |branch| PutBranchRequest { request_id: new_id(), branch: Some(branch) };
        let status = client.put_branch(put(branch("283"))).await.unwrap_err();
        let (reason, metadata) = fault(&status);
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "branch.municipality"));
        assert!(metadata["rule"].contains("098"), "{metadata:?}");
        assert!(client.put_branch(put(branch("098"))).await.unwrap().into_inner().created);
        let twice = Branch { code: "other".to_owned(), ..branch("098") };
        assert_eq!(refused(client.put_branch(put(twice)).await), (ErrorReason::Duplicate, "branch.isil".to_owned()));
        assert!(!client.put_branch(put(branch("098"))).await.unwrap().into_inner().created);
    }

    async fn only_a_bookmobile_has_stops(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let put = |kind: BranchKind| PutBranchRequest {
            request_id: new_id(),
            branch: Some(Branch {
                code: "auto".to_owned(),
                name: "Kirjastoauto".to_owned(),
                municipality: "153".to_owned(),
                kind: kind.into(),
                isil: String::new(),
            }),
        };
        let stop = |branch: &str, code: &str| PutStopRequest {
            request_id: new_id(),
            branch: branch.to_owned(),
            stop: Some(Stop { code: code.to_owned(), name: "Koulu".to_owned(), municipality: "153".to_owned() }),
        };
        assert_eq!(refused(client.put_stop(stop("auto", "a")).await), (ErrorReason::NotFound, "branch".to_owned()));
        assert_eq!(refused(client.put_stop(stop("main", "a")).await).0, ErrorReason::RuleBroken);
        client.put_branch(put(BranchKind::Bookmobile)).await.unwrap();
        for (code, created) in [("b", true), ("a", true), ("b", false)] {
            let answer = client.put_stop(stop("auto", code)).await.unwrap().into_inner();
            assert_eq!(answer.created, created, "{code}");
        }
        let ask = ListStopsRequest { branch: "auto".to_owned(), ..Default::default() };
        let stops = client.list_stops(ask).await.unwrap().into_inner().stops;
        assert_eq!(stops.iter().map(|stop| stop.code.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(refused(client.put_branch(put(BranchKind::Library)).await).0, ErrorReason::RuleBroken);
        let listed = client.list_branches(ListBranchesRequest::default()).await.unwrap().into_inner();
        let kinds: Vec<_> = listed.branches.iter().map(|row| (row.code.as_str(), row.kind())).collect();
        assert_eq!(kinds, [
            ("auto", BranchKind::Bookmobile),
            ("east", BranchKind::Library),
            ("main", BranchKind::Library),
        ]);
    }

    async fn what_is_malformed_is_named_with_its_field(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        for (windows, field) in [
            (vec![window(-1, 60, OpeningMode::Staffed)], "exception.windows"),
            (vec![window(60, 60, OpeningMode::Staffed)], "exception.windows"),
            (vec![window(60, 1_441, OpeningMode::Staffed)], "exception.windows"),
            (vec![window(0, 60, OpeningMode::Unspecified)], "exception.windows"),
            (vec![window(0, 60, OpeningMode::Staffed); 21], "exception.windows"),
        ] {
            let exception = OpeningException { day: "2030-01-01".to_owned(), windows, note: String::new() };
            let branch = "main".to_owned();
            let request = AddOpeningExceptionRequest { request_id: new_id(), branch, exception: Some(exception) };
            assert_eq!(refused(client.add_opening_exception(request).await), (ErrorReason::FieldInvalid, field.to_owned()));
        }
        for (weekday, hours, field) in [
            (0, Some(window(0, 60, OpeningMode::Staffed)), "season.windows.weekday"),
            (8, Some(window(0, 60, OpeningMode::Staffed)), "season.windows.weekday"),
            (1, None, "season.windows.hours"),
            (1, Some(window(0, 60, OpeningMode::Closed)), "season.windows.hours.mode"),
        ] {
            let season = OpeningSeason {
                valid_from: "2030-01-01".to_owned(),
                valid_until: String::new(),
                windows: vec![WeekWindow { weekday, hours }],
            };
            let branch = "main".to_owned();
            let request = SetOpeningWindowsRequest { request_id: new_id(), branch, season: Some(season) };
            assert_eq!(refused(client.set_opening_windows(request).await), (ErrorReason::FieldInvalid, field.to_owned()));
        }
        let missing = PutBranchRequest { request_id: new_id(), branch: None };
        assert_eq!(refused(client.put_branch(missing).await), (ErrorReason::FieldInvalid, "branch".to_owned()));
        let token = ListMunicipalitiesRequest { page_token: "x".to_owned(), ..Default::default() };
        assert_eq!(refused(client.list_municipalities(token).await).1, "page_token");
    }

    async fn old_and_new_hours_are_in_the_trail(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let mut client = administrator(&t).await;
        let day = today(&t);
        except(&mut client, day, vec![window(600, 960, OpeningMode::Staffed)]).await;
        except(&mut client, day, Vec::new()).await;
        let rows = audit::Entity::find().all(t.store.writer()).await.unwrap();
        let detail = format!("hours of main on {day}");
        assert!(rows.iter().all(|row| row.action == "add_opening_exception" && row.detail.as_ref() == Some(&detail)));
        let mut values: Vec<_> = audit_values::Entity::find().all(t.store.writer()).await.unwrap();
        values.sort_by_key(|value| value.old_value.clone());
        let values: Vec<_> = values.iter().map(|v| (v.old_value.as_deref(), v.new_value.as_deref())).collect();
        assert_eq!(values, [
            (None, Some("10:00-16:00 staffed")),
            (Some("10:00-16:00 staffed"), Some("00:00-24:00 closed")),
        ]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_writes_every_server_follows_at_its_next_turn() {
    let one = TestRegister::start(Engine::Postgres).await;
    let other = one.start_beside(TestOptions::default()).await;
    let door = one.device(DeviceKind::Door).await;
    let patron = one.patron().await;
    let there = Device { channel: other.connect(Some(&door.identity)).await.unwrap(), ..door.clone() };
    assert_eq!(asked(&there, &patron, "door").await, []);
    let mut client = administrator(&one).await;
    except(&mut client, today(&one), Vec::new()).await;
    assert_eq!(asked(&there, &patron, "door").await, [RefusalReason::Closed]);
    let status = there.ask_door("", None, "door").await.unwrap_err();
    assert_eq!(reason(&status), ErrorReason::FieldInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locker_for_which_a_hold_is_being_placed_stays() {
    const LOCKER: &str = "lokerikko-1";
    let t = TestRegister::start(Engine::Postgres).await;
    t.locker(BRANCH_MAIN, LOCKER).await;
    let lockers =
        resources::Entity::find().filter(resources::Column::Code.eq(LOCKER)).one(t.store.writer()).await;
    let locker = lockers.unwrap().unwrap().id;
    let (patron, item) = (t.patron().await, t.item().await);
    let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
    let mut client = administrator(&t).await;
    let (branch, resource) = ("main".to_owned(), LOCKER.to_owned());
    let removing = client.remove_resource(RemoveResourceRequest { request_id: new_id(), branch, resource });
    let placing_first = meanwhile(
        &t.store,
        move |transaction| {
            let placed = holds::Entity::update_many()
                .col_expr(holds::Column::PickupLockerId, Expr::value(locker))
                .filter(holds::Column::Id.eq(hold.id));
            Box::pin(async move { Ok(placed.exec(transaction).await.map(drop)?) })
        },
        removing,
    );
    let status = placing_first.await.unwrap_err();
    assert_eq!(reason(&status), ErrorReason::RuleBroken);
    t.probe().await;
}
