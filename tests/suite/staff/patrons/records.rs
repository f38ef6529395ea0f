//! Registering patrons and changing their details.

use super::{Library, assert_reason, field, good, text};
use chrono::{NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, RefusalReason, Verdict},
    device::v1::AuthenticatePatronRequest,
    staff::v1 as wire,
};
use kortisto_domain::DeviceKind;
use kortisto_store::entities::{identity_codes, municipality_codes, year_counters};
use kortisto_testkit::{on_both_engines, register::new_id};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use std::collections::BTreeSet;

/// Makes good details bad.
type Spoil = Box<dyn Fn(&mut wire::PatronDetails)>;

on_both_engines! {
    async fn a_registered_patron_has_everything_that_was_said_and_who_said_it(engine: Engine) {
        let l = Library::open(engine).await;
        l.t.category("AIKUINEN", kortisto_domain::PatronCategory::Person).await;
        let details = wire::PatronDetails {
            category: None,
            category_code: text("AIKUINEN"),
            call_name: text("Liisa"),
            gender: Some(wire::Gender::Other.into()),
            mother_tongue: text("so"),
            home_municipality: text("153"),
            home_branch: text("east"),
            pickup_branch: text("main"),
            valid_until: text("2036-12-31"),
            ..good::person()
        };
        let new = l.create(details).await.unwrap();
        let patron = l.record(&new.number).await;
        assert_eq!((patron.family_name.as_str(), patron.given_names.as_str()), ("Virtanen", "Maija Liisa"));
        assert_eq!((patron.call_name.as_str(), patron.birth_date.as_str()), ("Liisa", "1980-05-17"));
        assert_eq!((patron.gender(), patron.mother_tongue.as_str()), (wire::Gender::Other, "so"));
        assert_eq!((patron.service_language.as_str(), patron.home_municipality.as_str()), ("fi", "153"));
        assert_eq!((patron.home_branch.as_str(), patron.pickup_branch.as_str()), ("east", "main"));
        assert_eq!((patron.category(), patron.category_code.as_str()), (wire::PatronCategory::Person, "AIKUINEN"));
        assert_eq!((patron.state(), patron.valid_until.as_str()), (wire::PatronState::Active, "2036-12-31"));
        assert_eq!(patron.identity_document(), wire::IdentityDocument::Passport);
        let author = format!("staff:{}", l.staff.id);
        assert_eq!((&patron.identity_checked_by, &patron.changed_by), (&author, &author));
        assert_eq!(patron.created_at, patron.changed_at);
        assert_eq!(patron.identity_checked_at, patron.created_at);
        assert_eq!((patron.support_id, patron.hold_alias, patron.etag), (new.support_id, new.hold_alias, new.etag));
        assert!(!patron.child && !patron.protected_address && !patron.contact_withheld);
    }

    async fn what_a_registration_lacks_is_named(engine: Engine) {
        let l = Library::open(engine).await;
        let tomorrow = (l.t.clock.now() + TimeDelta::days(2)).date_naive().to_string();
        let cases: Vec<(&str, Spoil)> = vec![
            ("family_name", Box::new(|d| d.family_name = None)),
            ("details.family_name", Box::new(|d| d.family_name = text(" "))),
            ("given_names", Box::new(|d| d.given_names = None)),
            ("given_names", Box::new(|d| d.given_names = text(""))),
            ("category", Box::new(|d| d.category = None)),
            ("details.category", Box::new(|d| d.category = Some(99))),
            ("details.category", Box::new(|d| d.category_code = text("AIKUINEN"))),
            ("category_code", Box::new(|d| { d.category = None; d.category_code = text("nobody") })),
            ("service_language", Box::new(|d| d.service_language = None)),
            ("details.service_language", Box::new(|d| d.service_language = text("ru"))),
            ("details.mother_tongue", Box::new(|d| d.mother_tongue = text("Suomi"))),
            ("details.birth_date", Box::new(|d| d.birth_date = text("2015-02-29"))),
            ("birth_date", Box::new(move |d| d.birth_date = Some(tomorrow.clone()))),
            ("details.home_municipality", Box::new(|d| d.home_municipality = text("15"))),
            ("home_branch", Box::new(|d| d.home_branch = text("nowhere"))),
            ("pickup_branch", Box::new(|d| d.pickup_branch = text("nowhere"))),
            ("details.business_id", Box::new(|d| d.business_id = text("0129261-4"))),
            ("identity_document", Box::new(|d| d.identity_document = None)),
            ("details.identity_document", Box::new(|d| d.identity_document = Some(77))),
            ("protected_until", Box::new(|d| d.protected_until = text("2027-01-01"))),
        ];
        for (expected, spoil) in cases {
            let mut details = good::person();
            spoil(&mut details);
            let status = l.create(details).await.unwrap_err();
            assert_eq!(field(&status), expected);
            assert!(!status.message().contains("Virtanen"), "{status:?}");
        }
    }

    async fn details_have_to_fit_the_category(engine: Engine) {
        let l = Library::open(engine).await;
        let school = wire::PatronDetails {
            family_name: text("Rannan koulu"),
            service_language: text("sv"),
            category: Some(wire::PatronCategory::Institution.into()),
            business_id: text("0129261-5"),
            ..Default::default()
        };
        let number = l.create(school.clone()).await.unwrap().number;
        let record = l.record(&number).await;
        assert_eq!((record.business_id.as_str(), record.age), ("0129261-5", None));
        let named = wire::PatronDetails { given_names: text("Aino"), ..school.clone() };
        assert_reason(l.create(named).await, ErrorReason::RuleBroken);
        let born = wire::PatronDetails { birth_date: text("1980-01-01"), ..school };
        assert_reason(l.create(born).await, ErrorReason::RuleBroken);
        let firm = wire::PatronDetails { business_id: text("0129261-5"), ..good::person() };
        assert_reason(l.create(firm).await, ErrorReason::RuleBroken);
        // A child needs no document: a guardian stands for it.
        let child = wire::PatronDetails { birth_date: text("2024-02-29"), identity_document: None, ..good::person() };
        assert!(l.create(child).await.is_ok());
    }

    async fn names_that_the_register_draws_are_unique_and_open_nothing(engine: Engine) {
        let l = Library::open(engine).await;
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let new = l.create(good::person()).await.unwrap();
            for name in [new.number, new.support_id, new.hold_alias] {
                assert!(seen.insert(name), "a name was given twice");
            }
        }
        // Also a patron with a card and a PIN is let in by the card alone.
        let patron = l.t.patron().await;
        let row = l.t.patron_row(&patron).await;
        let kiosk = l.t.device(DeviceKind::SelfCheckout).await;
        kiosk.sign_in(&patron.card, patron.pin).await;
        for name in [row.number, row.support_id.unwrap(), row.hold_alias.unwrap()] {
            let ask = AuthenticatePatronRequest {
                attempt_id: new_id(),
                card_number: name,
                pin: patron.pin.to_owned(),
                ..Default::default()
            };
            let answer = kiosk.patrons().authenticate_patron(ask).await.unwrap().into_inner();
            assert_eq!(answer.verdict(), Verdict::Denied);
            assert_eq!(answer.refusals[0].reason(), RefusalReason::CredentialsNotAccepted);
        }
    }

    async fn only_what_is_set_changes_and_the_trail_keeps_both_values(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let before = l.record(&patron.number).await;
        l.t.clock.advance(TimeDelta::seconds(1));
        let details = wire::PatronDetails {
            family_name: text("Äijälä"),
            call_name: text("Maria"),
            identity_document: Some(wire::IdentityDocument::Passport.into()),
            ..Default::default()
        };
        let etag = l.update(&patron.number, details).await.unwrap();
        let after = l.record(&patron.number).await;
        assert_eq!((after.family_name.as_str(), after.call_name.as_str()), ("Äijälä", "Maria"));
        assert_eq!((&after.given_names, &after.birth_date), (&before.given_names, &before.birth_date));
        assert_eq!(after.changed_by, format!("staff:{}", l.staff.id));
        assert_eq!((&after.etag, after.created_at), (&etag, before.created_at));
        assert_ne!(after.changed_at, before.changed_at);
        let expected =
            [("family_name", Some("Testaaja"), "Äijälä"), ("call_name", None, "Maria"), ("identity_document", None, "passport")];
        let expected = expected.map(|(field, old, new)| (field.to_owned(), old.and_then(text), text(new)));
        assert_eq!(l.changed(&patron, "update_patron").await, expected);
        // The search follows the name.
        assert_eq!(l.t.patron_row(&patron).await.search_name, "äijälä aino maria");
        // What is emptied is gone, and what may not be empty is refused.
        let cleared = wire::PatronDetails { call_name: text(""), birth_date: text(""), ..Default::default() };
        l.update(&patron.number, cleared).await.unwrap();
        let record = l.record(&patron.number).await;
        assert_eq!((record.call_name.as_str(), record.birth_date.as_str(), record.age), ("", "", None));
        let nameless = wire::PatronDetails { family_name: text(""), ..Default::default() };
        assert_eq!(field(&l.update(&patron.number, nameless).await.unwrap_err()), "details.family_name");
    }

    async fn whoever_read_an_older_version_changes_nothing(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let old = l.record(&patron.number).await.etag;
        let change = |etag: &str, name: &str| wire::UpdatePatronRequest {
            request_id: new_id(),
            number: patron.number.clone(),
            etag: etag.to_owned(),
            details: Some(wire::PatronDetails { call_name: text(name), ..Default::default() }),
        };
        // The clock stands still, and the versions differ all the same.
        let new = l.client().update_patron(change(&old, "Aino")).await.unwrap().into_inner().etag;
        assert_ne!(new, old);
        assert_reason(l.client().update_patron(change(&old, "Maria")).await, ErrorReason::ChangedMeanwhile);
        assert_eq!(l.record(&patron.number).await.call_name, "Aino");
        // To say again what stands already is no change.
        let same = l.client().update_patron(change(&new, "Aino")).await.unwrap().into_inner().etag;
        assert_eq!(same, new);
        for bad in ["", "x", "0"] {
            if bad == "0" {
                assert_reason(l.client().update_patron(change(bad, "Aino")).await, ErrorReason::ChangedMeanwhile);
            } else {
                assert_eq!(field(&l.client().update_patron(change(bad, "Aino")).await.unwrap_err()), "etag");
            }
        }
    }

    async fn of_two_changes_of_one_version_one_is_made(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let etag = l.record(&patron.number).await.etag;
        let change = async |name: &str| {
            let ask = wire::UpdatePatronRequest {
                request_id: new_id(),
                number: patron.number.clone(),
                etag: etag.clone(),
                details: Some(wire::PatronDetails { call_name: text(name), ..Default::default() }),
            };
            l.client().update_patron(ask).await.is_ok()
        };
        let (one, other, third) = tokio::join!(change("Yksi"), change("Kaksi"), change("Kolme"));
        assert_eq!([one, other, third].iter().filter(|done| **done).count(), 1);
    }

    async fn age_and_childhood_follow_the_clock(engine: Engine) {
        let l = Library::open(engine).await;
        let today = l.t.clock.now().with_timezone(&chrono_tz::Europe::Helsinki).date_naive();
        let born = today - chrono::Months::new(15 * 12) + chrono::Days::new(1);
        let patron = l.t.patron().await;
        l.t.set_patron(&patron, |row| row.birth_date = Set(Some(born))).await;
        let record = l.record(&patron.number).await;
        assert_eq!((record.age, record.child), (Some(14), true));
        // No job runs: the day comes, and the answer is another one.
        l.t.clock.advance(TimeDelta::days(2));
        let staff = l.t.staff_at(&[kortisto_domain::StaffRole::Desk], l.staff.desk.clone()).await;
        let record = l.record_for(&staff, &patron.number, kortisto_domain::Purpose::CustomerService).await;
        assert_eq!((record.age, record.child), (Some(15), false));
    }

    async fn a_birth_date_that_follows_from_an_identity_code_is_not_changed_apart(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        identity_codes::ActiveModel {
            patron_id: Set(patron.id),
            blind_index: Set(vec![1; 32]),
            key_id: Set(1),
            sealed: Set(vec![2; 40]),
            recorded_at: Set(l.t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(l.t.store.writer())
        .await
        .unwrap();
        let other = wire::PatronDetails { birth_date: text("1980-05-18"), ..Default::default() };
        assert_reason(l.update(&patron.number, other).await, ErrorReason::RuleBroken);
        let same = wire::PatronDetails { birth_date: text("1980-05-17"), ..Default::default() };
        assert!(l.update(&patron.number, same).await.is_ok());
    }

    async fn a_home_municipality_is_one_that_is_in_force(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let live = |code: &str| wire::PatronDetails { home_municipality: text(code), ..Default::default() };
        // As long as nobody has put the codes in, each is taken.
        assert!(l.update(&patron.number, live("532")).await.is_ok());
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (code, until) in [("398", None), ("532", Some(day("2015-12-31")))] {
            municipality_codes::ActiveModel {
                code: Set(code.to_owned()),
                name_fi: Set("Kunta".to_owned()),
                name_sv: Set("Kommun".to_owned()),
                valid_from: Set(day("1990-01-01")),
                valid_until: Set(until),
                successor: Set(None),
            }
            .insert(l.t.store.writer())
            .await
            .unwrap();
        }
        assert!(l.update(&patron.number, live("398")).await.is_ok());
        for bad in ["532", "999"] {
            let status = l.update(&patron.number, live(bad)).await.unwrap_err();
            assert_eq!(field(&status), "home_municipality", "{bad}");
        }
    }

    async fn the_record_tells_when_it_was_last_changed_or_used(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let changed_on = l.t.clock.now().with_timezone(&chrono_tz::Europe::Helsinki).date_naive();
        let record = l.record(&patron.number).await;
        assert_eq!((record.last_card_event_on.as_str(), record.last_changed_or_used_on), ("", changed_on.to_string()));
        let used_on = changed_on + chrono::Days::new(3);
        l.t.set_patron(&patron, |row| row.last_card_event_on = Set(Some(used_on))).await;
        let record = l.record(&patron.number).await;
        assert_eq!(record.last_card_event_on, used_on.to_string());
        assert_eq!(record.last_changed_or_used_on, used_on.to_string());
        // A view is no use.
        assert_eq!(l.t.patron_row(&patron).await.last_card_event_on, Some(used_on));
    }

    async fn the_counters_are_those_of_this_year(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        assert_eq!(l.record(&patron.number).await.this_year, None);
        let today = l.t.clock.now().with_timezone(&chrono_tz::Europe::Helsinki).date_naive();
        let year = i16::try_from(chrono::Datelike::year(&today)).unwrap();
        for (year, loans) in [(year - 1, 90), (year, 12)] {
            year_counters::ActiveModel {
                patron_id: Set(patron.id),
                year: Set(year),
                loans: Set(loans),
                holds: Set(3),
                uncollected_holds: Set(1),
            }
            .insert(l.t.store.writer())
            .await
            .unwrap();
        }
        let counters = l.record(&patron.number).await.this_year.unwrap();
        assert_eq!((counters.year, counters.loans), (i32::from(year), 12));
        assert_eq!((counters.holds, counters.uncollected_holds), (3, 1));
    }
}
