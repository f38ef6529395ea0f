//! When loans end: by the hours of the branch, and by the policy of what is lent to whom and where.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kortisto::{
    common::v1::Verdict,
    device::v1::{ListLoansRequest, ListedLoan, Loan},
};
use kortisto_domain::{DeviceKind, PatronCategory};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, PolicyScope, TestItem, TestPatron},
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Noon of a day.
fn noon(text: &str) -> DateTime<Utc> {
    instant(&format!("{text}T09:00:00Z"))
}

/// When a loan is late, as devices are told.
fn overdue_at(loan: &Loan) -> DateTime<Utc> {
    let at = loan.overdue_at.unwrap();
    DateTime::from_timestamp(at.seconds, at.nanos.unsigned_abs()).unwrap()
}

/// A library that is open from 10 to 20, on Saturdays to 16, and neither on Sundays nor on Midsummer's Eve and Day of
/// 2026, a Friday and a Saturday. On the day before it closes at 15. The other branch never closes.
struct Library {
    t: TestRegister,
    main: Device,
    east: Device,
    patron: TestPatron,
}

impl Library {
    async fn open(engine: Engine, policies: &[(&str, &str)]) -> Self {
        let t = TestRegister::start(engine).await;
        t.clock.set(noon("2026-05-20"));
        let weekday = Some((10, 20));
        t.open_at(BRANCH_MAIN, [weekday, weekday, weekday, weekday, weekday, Some((10, 16)), None]).await;
        t.open_on(BRANCH_MAIN, day("2026-06-18"), Some((10, 15))).await;
        t.open_on(BRANCH_MAIN, day("2026-06-19"), None).await;
        t.open_on(BRANCH_MAIN, day("2026-06-20"), None).await;
        for (key, value) in policies {
            t.policy(key, value).await;
        }
        let main = t.device(DeviceKind::SelfCheckout).await;
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let patron = t.patron().await;
        Self { t, main, east, patron }
    }

    async fn lend(&self, device: &Device) -> (TestItem, Loan) {
        let (item, token) = (self.t.item().await, self.t.session_at(device, &self.patron).await);
        let answer = device.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
        (item, answer.loan.unwrap())
    }

    async fn renew(&self, device: &Device, item: &TestItem) -> Loan {
        let token = self.t.session_at(device, &self.patron).await;
        let answer = device.renew(&token, &item.barcode).await.unwrap();
        assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
        answer.loan.unwrap()
    }

    async fn listed(&self, item: &TestItem) -> ListedLoan {
        let patron_token = self.t.session_at(&self.main, &self.patron).await;
        let request = ListLoansRequest { patron_token, page_size: 100, ..Default::default() };
        let loans = self.main.loans().list_loans(request).await.unwrap().into_inner().loans;
        loans.into_iter().find(|row| row.loan.as_ref().unwrap().item_barcode == item.barcode).unwrap()
    }

    /// What its patron is charged when an item comes back now.
    async fn cost(&self, item: &TestItem) -> i64 {
        let before = self.t.debt(&self.patron).await;
        self.main.take_back(&item.barcode).await.unwrap();
        self.t.debt(&self.patron).await - before
    }
}

/// Lends and renews on the first of each, and finds the other two: the last day, and the moment of being late.
async fn assert_ends(library: &Library, device: &Device, table: &[(&str, &str, &str)]) {
    for (on, last, late) in table {
        library.t.clock.set(noon(on));
        let (item, lent) = library.lend(device).await;
        library.t.make_due(&item, day(on)).await;
        let renewed = library.renew(device, &item).await;
        for loan in [&lent, &renewed] {
            let renewals = loan.renewals;
            assert_eq!(loan.due_date, *last, "from {on}, renewed {renewals}");
            assert_eq!(overdue_at(loan), instant(late), "from {on}, renewed {renewals}");
        }
        let row = library.t.loan_row(&item).await;
        assert_eq!((row.due_on, row.due_at), (day(last), Some(instant(late))), "from {on}");
    }
}

on_both_engines! {
    async fn a_loan_ends_when_its_branch_closes_and_on_no_closed_day(engine: Engine) {
        let library = Library::open(engine, &[("loan.due_on_closed_day", "next_open")]).await;
        let at_main = [
            // A Wednesday; summer time, then winter time.
            ("2026-05-20", "2026-06-17", "2026-06-17T17:00:00Z"),
            ("2026-10-07", "2026-11-04", "2026-11-04T18:00:00Z"),
            // A Thursday that closes early, and the four days after it.
            ("2026-05-21", "2026-06-18", "2026-06-18T12:00:00Z"),
            ("2026-05-22", "2026-06-22", "2026-06-22T17:00:00Z"),
            ("2026-05-23", "2026-06-22", "2026-06-22T17:00:00Z"),
            ("2026-05-24", "2026-06-22", "2026-06-22T17:00:00Z"),
            ("2026-05-25", "2026-06-22", "2026-06-22T17:00:00Z"),
            // A Saturday, and the Sunday after it.
            ("2026-05-30", "2026-06-27", "2026-06-27T13:00:00Z"),
            ("2026-05-31", "2026-06-29", "2026-06-29T17:00:00Z"),
        ];
        assert_ends(&library, &library.main, &at_main).await;
        let at_east = [("2026-05-24", "2026-06-21", "2026-06-21T21:00:00Z")];
        assert_ends(&library, &library.east, &at_east).await;
        library.t.probe().await;
    }

    async fn a_closed_day_is_kept_where_the_policy_says_so_and_ends_at_midnight(engine: Engine) {
        let library = Library::open(engine, &[("loan.due_on_closed_day", "keep")]).await;
        let at_main = [
            ("2026-05-22", "2026-06-19", "2026-06-19T21:00:00Z"),
            ("2026-05-31", "2026-06-28", "2026-06-28T21:00:00Z"),
            ("2026-05-30", "2026-06-27", "2026-06-27T13:00:00Z"),
        ];
        assert_ends(&library, &library.main, &at_main).await;
    }

    async fn coming_back_until_closing_costs_nothing_and_after_it_a_day(engine: Engine) {
        let policies = [("loan.due_on_closed_day", "next_open"), ("fee.overdue_cents", "20")];
        let library = Library::open(engine, &policies).await;
        let second = TimeDelta::seconds(1);
        // From a Saturday to a Monday, as what lies between is closed; and from a Saturday to a Saturday.
        for (on, late) in [("2026-05-23", "2026-06-22T17:00:00Z"), ("2026-05-30", "2026-06-27T13:00:00Z")] {
            library.t.clock.set(noon(on));
            let late = instant(late);
            let mut loans = Vec::new();
            for expected in [
                (late - TimeDelta::days(1), false, 0),
                (late - second, false, 0),
                (late, false, 0),
                (late + second, true, 20),
                (late + TimeDelta::days(1), true, 20),
            ] {
                loans.push((library.lend(&library.main).await.0, expected));
            }
            for (item, (back, is_late, cents)) in loans {
                library.t.clock.set(back);
                let listed = library.listed(&item).await;
                let shown = (listed.is_late, listed.accrued.map_or(0, |money| money.minor_units));
                assert_eq!(shown, (is_late, cents), "{back}");
                assert_eq!(library.cost(&item).await, cents, "{back}");
            }
        }
        library.t.probe().await;
    }

    async fn days_count_by_branch_before_municipality_collection_material_and_category(engine: Engine) {
        const CARED_FOR: PatronCategory = PatronCategory::HomeService;
        let t = TestRegister::start(engine).await;
        let all = PolicyScope::default();
        let (dvd, home_service) = (Some("dvd"), Some(CARED_FOR));
        let east = Some(BRANCH_EAST);
        for (scope, days) in [
            (all, "30"),
            (PolicyScope { category: home_service, ..all }, "60"),
            (PolicyScope { material: dvd, ..all }, "7"),
            (PolicyScope { material: dvd, category: home_service, ..all }, "14"),
            (PolicyScope { collection: Some("lapset"), ..all }, "42"),
            (PolicyScope { branch: east, ..all }, "21"),
            (PolicyScope { branch: east, material: dvd, ..all }, "10"),
            (PolicyScope { municipality: Some("091"), ..all }, "365"),
        ] {
            t.policy_for("loan.period_days", scope, days).await;
        }
        let kiosks = [
            t.device(DeviceKind::SelfCheckout).await,
            t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await,
        ];
        let person = t.patron().await;
        let cared_for = t.patron_with(PatronSeed { category: CARED_FOR, ..PatronSeed::default() }).await;
        let days = async |patron: &TestPatron, material, collection, branch: i64| {
            let kiosk = if branch == BRANCH_MAIN { &kiosks[0] } else { &kiosks[1] };
            let item = t.item_with(ItemSeed { material, collection, ..ItemSeed::default() }).await;
            let token = t.session_at(kiosk, patron).await;
            let due_date = kiosk.checkout(&token, &item.barcode).await.unwrap().loan.unwrap().due_date;
            (day(&due_date) - t.surroundings.moment().today()).num_days()
        };
        for (patron, material, collection, branch, expected) in [
            (&person, "book", "aikuiset", BRANCH_MAIN, 30),
            (&cared_for, "book", "aikuiset", BRANCH_MAIN, 60),
            (&person, "dvd", "aikuiset", BRANCH_MAIN, 7),
            (&cared_for, "dvd", "aikuiset", BRANCH_MAIN, 14),
            (&person, "book", "lapset", BRANCH_MAIN, 42),
            (&cared_for, "dvd", "lapset", BRANCH_MAIN, 42),
            (&person, "book", "aikuiset", BRANCH_EAST, 21),
            (&cared_for, "book", "lapset", BRANCH_EAST, 21),
            (&cared_for, "dvd", "lapset", BRANCH_EAST, 10),
        ] {
            let found = days(patron, material, collection, branch).await;
            assert_eq!(found, expected, "{material} of {collection} at {branch}");
        }
        // A municipality goes before everything but a branch of its own.
        t.policy_for("loan.period_days", PolicyScope { municipality: Some("153"), ..all }, "35").await;
        for (branch, expected) in [(BRANCH_MAIN, 35), (BRANCH_EAST, 10)] {
            assert_eq!(days(&cared_for, "dvd", "lapset", branch).await, expected, "{branch}");
        }
        t.probe().await;
    }

    async fn of_two_values_of_one_scope_the_later_counts_from_its_day(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let tomorrow = t.surroundings.moment().today().succ_opt();
        t.policy_for("loan.period_days", PolicyScope { from: tomorrow, ..PolicyScope::default() }, "14").await;
        t.policy("loan.period_days", "21").await;
        for expected in [21, 14] {
            let (item, token) = (t.item().await, t.session_at(&kiosk, &patron).await);
            kiosk.checkout(&token, &item.barcode).await.unwrap();
            let days = t.loan_row(&item).await.due_on - t.surroundings.moment().today();
            assert_eq!(days.num_days(), expected);
            t.clock.advance(TimeDelta::days(1));
        }
    }
}
