//! The protected address (turvakielto): seen by whom it has to be seen, and by nobody else.

use super::{Library, field, text};
use chrono::TimeDelta;
use kortisto::staff::v1 as wire;
use kortisto_domain::{Purpose, StaffRole};
use kortisto_register::staff::{StaffRpc, duties};
use kortisto_testkit::{on_both_engines, register::TestPatron};
use sea_orm::ActiveValue::Set;

/// What nobody may see without need.
const SECRETS: [&str; 4] = ["Salakuja 7", "+358409876543", "salainen@example.fi", "\"405\""];

impl Library {
    async fn protected(&self) -> TestPatron {
        let patron = self.t.patron().await;
        self.t.address(&patron, SECRETS[0]).await;
        self.t.phone(&patron, SECRETS[1]).await;
        self.t.email(&patron, SECRETS[2]).await;
        self.t
            .set_patron(&patron, |row| {
                row.home_municipality = Set(text("405"));
                row.protected_address = Set(true);
            })
            .await;
        patron
    }
}

fn secrets_in(record: &wire::Patron) -> usize {
    let shown = format!("{record:?}");
    SECRETS.iter().filter(|secret| shown.contains(**secret)).count()
}

on_both_engines! {
    async fn only_a_task_that_needs_it_shows_a_protected_address(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.protected().await;
        let needs = [
            (StaffRole::Desk, Purpose::SubjectAccess),
            (StaffRole::HomeService, Purpose::HomeService),
            (StaffRole::Billing, Purpose::DebtCollection),
        ];
        for role in StaffRole::ALL.iter().filter(|role| duties::may_call(&[**role], StaffRpc::GetPatron)) {
            let staff = l.t.staff_at(&[*role], l.staff.desk.clone()).await;
            for purpose in duties::purposes(StaffRpc::GetPatron) {
                let record = l.record_for(&staff, &patron.number, *purpose).await;
                let shown = needs.contains(&(*role, *purpose));
                assert!(record.protected_address);
                assert_eq!(record.contact_withheld, !shown, "{role:?} {purpose:?}");
                assert_eq!(secrets_in(&record), if shown { 4 } else { 0 }, "{role:?} {purpose:?}");
                let (row, _) = l.trail(&patron).await.into_iter().rfind(|(row, _)| {
                    row.staff_account_id == Some(staff.id) && row.purpose == Some(purpose.code())
                }).unwrap();
                let mark = if shown { "protected contact data shown" } else { "protected contact data withheld" };
                assert_eq!(row.detail.as_deref(), Some(mark));
            }
        }
    }

    async fn an_order_holds_through_its_last_day(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.protected().await;
        let today = l.t.clock.now().with_timezone(&chrono_tz::Europe::Helsinki).date_naive();
        let ends = |day: chrono::NaiveDate| wire::PatronDetails {
            protected_until: Some(day.to_string()),
            ..Default::default()
        };
        for bad in [today - chrono::Days::new(1), today + chrono::Months::new(61)] {
            assert_eq!(field(&l.update(&patron.number, ends(bad)).await.unwrap_err()), "protected_until");
        }
        l.update(&patron.number, ends(today)).await.unwrap();
        assert_eq!(secrets_in(&l.record(&patron.number).await), 0);
        l.t.clock.advance(TimeDelta::days(1));
        let staff = l.t.staff_at(&[StaffRole::Desk], l.staff.desk.clone()).await;
        let record = l.record_for(&staff, &patron.number, Purpose::CustomerService).await;
        assert_eq!((record.protected_address, secrets_in(&record)), (false, 4));
    }

    async fn an_order_that_is_taken_back_leaves_no_end_behind(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.protected().await;
        let until = (l.t.clock.now() + TimeDelta::days(100)).date_naive().to_string();
        let ends = wire::PatronDetails { protected_until: Some(until.clone()), ..Default::default() };
        l.update(&patron.number, ends).await.unwrap();
        assert_eq!(l.record(&patron.number).await.protected_until, until);
        let off = wire::PatronDetails { protected_address: Some(false), ..Default::default() };
        l.update(&patron.number, off).await.unwrap();
        let record = l.record(&patron.number).await;
        assert_eq!((record.protected_address, record.protected_until.as_str()), (false, ""));
        assert_eq!(secrets_in(&record), 4);
    }
}
