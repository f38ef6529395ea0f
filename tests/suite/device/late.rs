//! What being late costs, by every rule that a policy knows, as it is listed and as it is charged.

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};
use kortisto::device::v1::ListLoansRequest;
use kortisto_domain::{DeviceKind, FeeKind, PatronCategory};
use kortisto_register::jobs::Job;
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, PolicyScope, TestItem, TestPatron},
};

/// A Wednesday, at noon.
const NOW: &str = "2026-05-20T09:00:00Z";

struct Library {
    t: TestRegister,
    kiosk: Device,
    east: Device,
    patron: TestPatron,
}

impl Library {
    async fn open(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        t.clock.set(NOW.parse().unwrap());
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let patron = t.patron().await;
        // Debt stands in nobody's way here.
        t.policy("ban.debt_limit_cents", "1000000").await;
        Self { t, kiosk, east, patron }
    }

    fn today(&self) -> NaiveDate {
        self.t.surroundings.moment().today()
    }

    /// A loan of this material that is late by so many days.
    async fn late(&self, kiosk: &Device, patron: &TestPatron, material: &'static str, days: u64) -> TestItem {
        let item = self.t.item_with(ItemSeed { material, ..ItemSeed::default() }).await;
        let token = self.t.session_at(kiosk, patron).await;
        assert!(kiosk.checkout(&token, &item.barcode).await.unwrap().loan.is_some(), "{material}");
        self.t.make_due(&item, self.today() - Days::new(days)).await;
        item
    }

    /// What the loan of an item costs when it comes back now, which is what was listed before.
    async fn back(&self, patron: &TestPatron, item: &TestItem) -> i64 {
        let patron_token = self.t.session_at(&self.kiosk, patron).await;
        let request = ListLoansRequest { patron_token, page_size: 100, ..Default::default() };
        let loans = self.kiosk.loans().list_loans(request).await.unwrap().into_inner().loans;
        let mut of_item =
            loans.into_iter().filter(|row| row.loan.as_ref().unwrap().item_barcode == item.barcode);
        let listed = of_item.next().unwrap().accrued.map_or(0, |money| money.minor_units);
        let before = self.t.debt(patron).await;
        self.kiosk.take_back(&item.barcode).await.unwrap();
        let charged = self.t.debt(patron).await - before;
        assert_eq!(charged, listed, "what was listed is charged");
        charged
    }

    async fn cost(&self, material: &'static str, days: u64) -> i64 {
        let item = self.late(&self.kiosk, &self.patron, material, days).await;
        self.back(&self.patron, &item).await
    }

    fn at_noon(&self, days: i64) -> DateTime<Utc> {
        NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(days)
    }
}

on_both_engines! {
    async fn a_day_on_which_the_branch_was_closed_costs_nothing_also_later(engine: Engine) {
        let library = Library::open(engine).await;
        // A Friday, five days ago.
        library.t.open_on(BRANCH_MAIN, "2026-05-15".parse().unwrap(), None).await;
        library.t.policy("fee.overdue_cents", "20").await;
        library.t.policy("fee.overdue_closed_days", "false").await;
        // Due on the Thursday: Saturday to Wednesday are late, the Friday is not.
        assert_eq!(library.cost("book", 6).await, 5 * 20);
        library.t.probe().await;
    }

    async fn units_grace_and_caps_of_what_is_lent(engine: Engine) {
        let library = Library::open(engine).await;
        let rules: [(&str, &[(&str, &str)]); 7] = [
            ("day", &[("fee.overdue_cents", "20"), ("fee.overdue_unit", "day")]),
            ("week", &[("fee.overdue_cents", "50"), ("fee.overdue_unit", "week")]),
            ("begun", &[("fee.overdue_cents", "50"), ("fee.overdue_unit", "started_week")]),
            ("grace", &[("fee.overdue_cents", "20"), ("fee.overdue_grace_days", "4")]),
            (
                "grace-begun",
                &[
                    ("fee.overdue_cents", "50"),
                    ("fee.overdue_unit", "started_week"),
                    ("fee.overdue_grace_days", "3"),
                ],
            ),
            ("cap", &[("fee.overdue_cents", "20"), ("fee.overdue_cap_cents", "70")]),
            ("free", &[("fee.overdue_cents", "0")]),
        ];
        for (material, policies) in rules {
            for (key, value) in policies {
                library.t.policy_of_material(key, material, value).await;
            }
        }
        let table: [(&str, &[(u64, i64)]); 8] = [
            ("day", &[(0, 0), (1, 20), (7, 140), (8, 160)]),
            ("week", &[(6, 0), (7, 50), (13, 50), (14, 100)]),
            ("begun", &[(0, 0), (1, 50), (7, 50), (8, 100)]),
            ("grace", &[(4, 0), (5, 20), (6, 40)]),
            ("grace-begun", &[(3, 0), (4, 50), (10, 50), (11, 100)]),
            ("cap", &[(3, 60), (4, 70), (400, 70)]),
            ("free", &[(30, 0)]),
            // What nobody has decided costs nothing.
            ("book", &[(30, 0)]),
        ];
        for (material, costs) in table {
            for (days, cents) in costs {
                assert_eq!(library.cost(material, *days).await, *cents, "{material}, {days} days late");
            }
        }
        // A cap is of each loan: two at once reach it twice.
        let two = [
            library.late(&library.kiosk, &library.patron, "cap", 9).await,
            library.late(&library.kiosk, &library.patron, "cap", 9).await,
        ];
        for item in &two {
            assert_eq!(library.back(&library.patron, item).await, 70);
        }
        library.t.probe().await;
    }

    async fn nobody_under_the_age_pays_for_being_late(engine: Engine) {
        let library = Library::open(engine).await;
        library.t.policy("fee.overdue_cents", "20").await;
        library.t.policy("fee.overdue_exempt_under_age", "18").await;
        let by_category = PolicyScope { category: Some(PatronCategory::Staff), ..PolicyScope::default() };
        library.t.policy_for("fee.overdue_exempt_under_age", by_category, "0").await;
        let birthday = library.today().checked_sub_months(Months::new(18 * 12));
        let day_after = birthday.and_then(|day| day.succ_opt());
        for (born, category, cents) in [
            (birthday, PatronCategory::Person, 40),
            (day_after, PatronCategory::Person, 0),
            (day_after, PatronCategory::Staff, 40),
            (None, PatronCategory::Person, 40),
        ] {
            let patron = library.t.patron_with(PatronSeed { born, category, ..PatronSeed::default() }).await;
            let item = library.late(&library.kiosk, &patron, "book", 2).await;
            assert_eq!(library.back(&patron, &item).await, cents, "{born:?}, {category:?}");
            assert_eq!(library.t.fees_of(&patron).await.len(), usize::from(cents > 0));
        }
        library.t.probe().await;
    }

    async fn nobody_under_the_age_pays_for_a_hold_that_stays_on_its_shelf(engine: Engine) {
        let library = Library::open(engine).await;
        library.t.policy("fee.uncollected_hold_cents", "150").await;
        library.t.policy("fee.uncollected_hold_exempt_under_age", "15").await;
        // The job comes eight days later.
        let birthday = (library.today() + Days::new(8)).checked_sub_months(Months::new(15 * 12));
        let day_after = birthday.and_then(|day| day.succ_opt());
        let mut patrons = Vec::new();
        for (born, cents) in [(birthday, 150), (day_after, 0), (None, 150)] {
            let patron = library.t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
            let item = library.t.item().await;
            library.t.hold(&patron, item.title, BRANCH_MAIN).await;
            library.kiosk.take_back(&item.barcode).await.unwrap();
            patrons.push((patron, born, cents));
        }
        library.t.clock.set(library.at_noon(8));
        let done = library.t.job(Job::ExpireHolds).await;
        assert_eq!((done.count("uncollected_holds"), done.count("fees")), (3, 2));
        for (patron, born, cents) in patrons {
            assert_eq!(library.t.debt(&patron).await, cents, "{born:?}");
            let kinds: Vec<_> = library.t.fees_of(&patron).await.into_iter().map(|fee| fee.kind).collect();
            let expected = (cents > 0).then(|| FeeKind::UncollectedHold.word().to_owned());
            assert_eq!(kinds, Vec::from_iter(expected));
        }
        library.t.probe().await;
    }

    async fn closed_days_count_as_the_lending_branch_says(engine: Engine) {
        let library = Library::open(engine).await;
        let week = [Some((10, 20)), Some((10, 20)), Some((10, 20)), Some((10, 20)), Some((10, 20)), None, None];
        for branch in [BRANCH_MAIN, BRANCH_EAST] {
            library.t.open_at(branch, week).await;
        }
        // A Tuesday.
        library.t.open_on(BRANCH_MAIN, library.today() - Days::new(1), None).await;
        library.t.policy("fee.overdue_cents", "20").await;
        let at_main = PolicyScope { branch: Some(BRANCH_MAIN), ..PolicyScope::default() };
        library.t.policy_for("fee.overdue_closed_days", at_main, "false").await;
        // Due on a Tuesday, a Thursday, a Sunday, a Monday and a Tuesday.
        for (days, at_main, at_east) in [(8, 100, 160), (6, 60, 120), (3, 40, 60), (2, 20, 40), (1, 20, 20)] {
            for (kiosk, cents) in [(&library.kiosk, at_main), (&library.east, at_east)] {
                let item = library.late(kiosk, &library.patron, "book", days).await;
                assert_eq!(library.back(&library.patron, &item).await, cents, "{days} days late");
            }
        }
        library.t.probe().await;
    }

    async fn a_new_price_counts_from_its_day_unless_it_reaches_back(engine: Engine) {
        let library = Library::open(engine).await;
        library.t.policy("fee.overdue_cents", "10").await;
        let from = PolicyScope { from: Some(library.today() - Days::new(1)), ..PolicyScope::default() };
        library.t.policy_for("fee.overdue_cents", from, "25").await;
        // Two days at the old price, two at the new one.
        assert_eq!(library.cost("book", 4).await, 2 * 10 + 2 * 25);
        assert_eq!(library.cost("book", 1).await, 25);
        let weekly = [("fee.overdue_unit", "started_week"), ("fee.overdue_unit", "week")];
        for ((key, unit), cents) in weekly.into_iter().zip([10, 25]) {
            library.t.policy_of_material(key, unit, unit).await;
            // The one week began long before, and is over today.
            assert_eq!(library.cost(unit, 7).await, cents, "{unit}");
        }
        let item = library.late(&library.kiosk, &library.patron, "book", 4).await;
        library.t.policy("fee.overdue_retroactive", "true").await;
        assert_eq!(library.back(&library.patron, &item).await, 4 * 25, "of a loan that is still out");
        // What was charged before stays as it was.
        let amounts: Vec<_> =
            library.t.fees_of(&library.patron).await.iter().map(|fee| fee.amount_cents).collect();
        assert_eq!((amounts.len(), amounts.iter().sum::<i64>()), (5, 70 + 25 + 10 + 25 + 100));
        library.t.probe().await;
    }
}
