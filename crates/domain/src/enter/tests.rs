//! Doors and PCs: each rule at its threshold; what an age decides, and what holds whatever the facts, in files of
//! their own.

mod ages;
mod properties;

use super::*;
use crate::facts::OpeningWindow;
use crate::policy::DebtComparator;
use crate::samples::{
    OTHER_BRANCH, OUR_BRANCH, always, ban, blocks, card, date, instant, local, patron, resource, right, week,
    window,
};
use crate::{CardState, OpeningMode, PatronState};

const NOON: &str = "2026-05-20 12:00";

fn policy() -> EntryPolicy {
    EntryPolicy {
        grant_mode: GrantMode::All,
        min_age: 15,
        guardian_consent: true,
        lowest_age: 0,
        institutions_admitted: false,
        blocked_by_lending_ban: false,
        blocked_by_debt: false,
        blocked_by_overdue: false,
        blocks: blocks(DebtComparator::AtLeast),
        unknown_birth_date: UnknownBirthDate::Refuse,
        pc_min_age: 0,
        pc_unknown_birth_date: UnknownBirthDate::Refuse,
        pc_blocked_by_lending_ban: false,
    }
}

/// One question: at noon in self-service hours, with a card in force, unless a test says otherwise.
struct Ask {
    card: Card,
    patron: Patron,
    policy: EntryPolicy,
    kind: ResourceKind,
    min_age: Option<u8>,
    windows: Vec<OpeningWindow>,
    at: Moment,
}

impl Ask {
    fn door(patron: Patron) -> Self {
        let windows = always(OpeningMode::SelfService);
        Self {
            card: card(),
            patron,
            policy: policy(),
            kind: ResourceKind::Door,
            min_age: None,
            windows,
            at: local(NOON),
        }
    }

    fn pc(patron: Patron) -> Self {
        Self { kind: ResourceKind::Pc, windows: always(OpeningMode::Staffed), ..Self::door(patron) }
    }

    fn reasons(&self) -> Vec<Reason> {
        let asked = Resource { min_age: self.min_age, ..resource(self.kind) };
        let device = if self.kind == ResourceKind::Door { DeviceKind::Door } else { DeviceKind::PcBooking };
        self.at_device(Some(&asked), device)
    }

    fn at_device(&self, resource: Option<&Resource>, device: DeviceKind) -> Vec<Reason> {
        let entry = Entry {
            card: &self.card,
            patron: &self.patron,
            resource,
            device,
            branch: OUR_BRANCH,
            hours: &week(self.windows.clone()),
            policy: &self.policy,
            moment: &self.at,
        };
        decide(&entry).reasons().to_vec()
    }
}

fn born(birth: &str) -> Patron {
    Patron { birth_date: Some(date(birth)), ..patron() }
}

fn with_right(patron: Patron, kind: RightKind) -> Patron {
    Patron { rights: vec![right(kind, None)], ..patron }
}

#[test]
fn a_device_asks_about_its_own_kind_of_resource_and_learns_nothing_otherwise() {
    let nobody = Patron { bans: vec![ban(BanKind::Use, None)], ..patron() };
    let expired = Card { valid_until: Some(date("2020-01-01")), ..card() };
    let ask = Ask { card: expired, ..Ask::door(nobody) };
    for device in DeviceKind::ALL {
        assert_eq!(ask.at_device(None, *device), [Reason::ResourceUnknown]);
        for kind in ResourceKind::ALL {
            let own = matches!(
                (device, kind),
                (DeviceKind::Door, ResourceKind::Door) | (DeviceKind::PcBooking, ResourceKind::Pc)
            );
            let told = ask.at_device(Some(&resource(*kind)), *device);
            assert_eq!(told == [Reason::ResourceUnknown], !own, "{device:?} about {kind:?}");
        }
    }
}

#[test]
fn card_and_use_ban_count_at_doors_and_pcs_in_all_hours() {
    let expired = Card { valid_until: Some(date("2026-05-19")), ..card() };
    let last_day = Card { valid_until: Some(date("2026-05-20")), ..card() };
    let lost = Card { state: CardState::Lost, ..card() };
    let here = Patron { bans: vec![ban(BanKind::Use, Some(OUR_BRANCH))], ..patron() };
    let elsewhere = Patron { bans: vec![ban(BanKind::Use, Some(OTHER_BRANCH))], ..patron() };
    let restricted = Patron { state: PatronState::Restricted, ..here.clone() };
    let table = [
        (card(), patron(), vec![]),
        (last_day, patron(), vec![]),
        (expired.clone(), patron(), vec![Reason::CardExpired]),
        (lost, patron(), vec![Reason::CardNotInForce]),
        (card(), here.clone(), vec![Reason::UseBan]),
        (card(), elsewhere, vec![]),
        (expired.clone(), here, vec![Reason::CardExpired, Reason::UseBan]),
        (expired, restricted, vec![Reason::CardNotInForce]),
    ];
    for (card, patron, expected) in table {
        for kind in [ResourceKind::Door, ResourceKind::Pc] {
            for mode in [OpeningMode::Staffed, OpeningMode::SelfService] {
                let ask =
                    Ask { card: card.clone(), kind, windows: always(mode), ..Ask::door(patron.clone()) };
                assert_eq!(ask.reasons(), expected, "{kind:?}, {mode:?}");
            }
        }
    }
}

#[test]
fn a_ban_counts_to_the_second() {
    let month = crate::facts::Ban {
        id: 1,
        kind: BanKind::SelfService,
        branch: None,
        starts_at: instant("2026-05-20T09:00:00Z"),
        ends_at: Some(instant("2026-06-19T09:00:00Z")),
    };
    let banned = Patron { bans: vec![month], ..patron() };
    let table = [
        ("2026-05-20T08:59:59Z", vec![]),
        ("2026-05-20T09:00:00Z", vec![Reason::SelfServiceBan]),
        ("2026-06-19T08:59:59Z", vec![Reason::SelfServiceBan]),
        ("2026-06-19T09:00:00Z", vec![]),
    ];
    for (at, expected) in table {
        let ask = Ask { at: crate::samples::utc(at), ..Ask::door(banned.clone()) };
        assert_eq!(ask.reasons(), expected, "{at}");
    }
}

#[test]
fn each_grant_mode_asks_for_its_right() {
    let missing = vec![Reason::SelfServiceRightMissing];
    let table = [
        (GrantMode::All, None, vec![]),
        (GrantMode::Registered, None, missing.clone()),
        (GrantMode::Registered, Some(RightKind::Registered), vec![]),
        (GrantMode::Registered, Some(RightKind::WrittenContract), vec![]),
        (GrantMode::Registered, Some(RightKind::GuardianConsent), vec![]),
        (GrantMode::WrittenContract, None, missing.clone()),
        (GrantMode::WrittenContract, Some(RightKind::Registered), missing.clone()),
        (GrantMode::WrittenContract, Some(RightKind::WrittenContract), vec![]),
        (GrantMode::WrittenContract, Some(RightKind::GuardianConsent), missing),
    ];
    for (grant_mode, kind, expected) in table {
        let rights = kind.map(|kind| right(kind, None)).into_iter().collect();
        let ask = Ask {
            policy: EntryPolicy { grant_mode, ..policy() },
            ..Ask::door(Patron { rights, ..patron() })
        };
        assert_eq!(ask.reasons(), expected, "{grant_mode:?}, {kind:?}");
    }
}

#[test]
fn a_right_counts_at_its_branch_and_on_its_days() {
    let of = |branch, from: &str, until: Option<&str>| SelfServiceRight {
        kind: RightKind::Registered,
        branch,
        valid_from: date(from),
        valid_until: until.map(date),
    };
    let table = [
        (of(None, "2026-05-20", Some("2026-05-20")), true),
        (of(Some(OUR_BRANCH), "2026-05-20", None), true),
        (of(Some(OTHER_BRANCH), "2026-05-20", None), false),
        (of(None, "2026-05-21", None), false),
        (of(None, "2026-01-01", Some("2026-05-19")), false),
    ];
    for (right, granted) in table {
        let ask = Ask {
            policy: EntryPolicy { grant_mode: GrantMode::Registered, ..policy() },
            ..Ask::door(Patron { rights: vec![right.clone()], ..patron() })
        };
        assert_eq!(ask.reasons().is_empty(), granted, "{right:?}");
    }
}

#[test]
fn institutions_enter_by_policy() {
    let admitted = EntryPolicy { institutions_admitted: true, ..policy() };
    let by_right = EntryPolicy { grant_mode: GrantMode::Registered, ..admitted };
    for category in PatronCategory::ALL {
        let holder = Patron { category: *category, ..patron() };
        let is_institution =
            matches!(category, PatronCategory::Institution | PatronCategory::InterlibraryLoan);
        let refused = Ask::door(holder.clone()).reasons();
        assert_eq!(refused == [Reason::CategoryNotAdmitted], is_institution, "{category:?}");
        let ask = |policy, min_age| Ask { policy, min_age, ..Ask::door(holder.clone()) }.reasons();
        assert_eq!(ask(admitted, None), [], "{category:?}");
        assert_eq!(ask(by_right, None), [Reason::SelfServiceRightMissing], "{category:?}");
        let at_cellar: &[Reason] = if is_institution { &[Reason::BirthDateUnknown] } else { &[] };
        assert_eq!(ask(admitted, Some(18)), at_cellar, "{category:?}");
    }
}

#[test]
fn bans_and_debt_close_the_unstaffed_door_as_the_policy_says() {
    let blocked = EntryPolicy { blocked_by_lending_ban: true, blocked_by_debt: true, ..policy() };
    let banned = Patron { bans: vec![ban(BanKind::Lending, None)], ..patron() };
    let owing = |debt_cents| Patron { debt_cents, ..patron() };
    let table = [
        (banned, vec![Reason::LendingBan]),
        (owing(999), vec![]),
        (owing(1_000), vec![Reason::DebtLimit]),
        (Patron { bans: vec![ban(BanKind::SelfService, Some(OTHER_BRANCH))], ..patron() }, vec![]),
    ];
    for (patron, expected) in table {
        let ask = |policy| Ask { policy, ..Ask::door(patron.clone()) };
        assert_eq!(ask(blocked).reasons(), expected, "{patron:?}");
        assert_eq!(ask(policy()).reasons(), [], "{patron:?}");
        let staffed = Ask { windows: always(OpeningMode::Staffed), ..ask(blocked) };
        assert_eq!(staffed.reasons(), [], "{patron:?}, staffed");
    }
}

#[test]
fn a_staffed_door_asks_for_the_card_alone() {
    let windows = vec![
        window(3, 6 * 60, 22 * 60, OpeningMode::SelfService),
        window(3, 10 * 60, 18 * 60, OpeningMode::Staffed),
    ];
    let child = Patron { bans: vec![ban(BanKind::SelfService, None)], ..born("2020-01-01") };
    let unstaffed = vec![Reason::SelfServiceBan, Reason::GuardianConsentMissing];
    let closed = [unstaffed.clone(), vec![Reason::Closed]].concat();
    let table = [
        ("2026-05-20 05:59", closed.clone()),
        ("2026-05-20 06:00", unstaffed.clone()),
        ("2026-05-20 09:59", unstaffed.clone()),
        ("2026-05-20 10:00", vec![]),
        ("2026-05-20 17:59", vec![]),
        ("2026-05-20 18:00", unstaffed),
        ("2026-05-20 22:00", closed),
    ];
    for (at, expected) in table {
        let ask = Ask { windows: windows.clone(), at: local(at), ..Ask::door(child.clone()) };
        assert_eq!(ask.reasons(), expected, "{at}");
    }
    let cellar = Ask { windows, min_age: Some(18), ..Ask::door(born("2008-05-21")) };
    assert_eq!(cellar.reasons(), [Reason::BelowAgeLimit]);
}

#[test]
fn a_pc_asks_for_card_use_ban_age_and_hours() {
    let lending_ban = Patron { bans: vec![ban(BanKind::Lending, None)], ..patron() };
    let unstaffed_ban = Patron { bans: vec![ban(BanKind::SelfService, None)], ..patron() };
    let ageless = Patron { birth_date: None, ..patron() };
    let from_12 = EntryPolicy { pc_min_age: 12, ..policy() };
    let strict = EntryPolicy { pc_blocked_by_lending_ban: true, ..policy() };
    let allow = EntryPolicy { pc_unknown_birth_date: UnknownBirthDate::Allow, ..from_12 };
    let table = [
        (born("2020-01-01"), policy(), None, vec![]),
        (born("2014-05-20"), from_12, None, vec![]),
        (born("2014-05-21"), from_12, None, vec![Reason::BelowAgeLimit]),
        (born("2008-05-20"), from_12, Some(18), vec![]),
        (born("2008-05-21"), from_12, Some(18), vec![Reason::BelowAgeLimit]),
        (ageless.clone(), policy(), None, vec![]),
        (ageless.clone(), from_12, None, vec![Reason::BirthDateUnknown]),
        (ageless, allow, None, vec![]),
        (lending_ban.clone(), policy(), None, vec![]),
        (lending_ban, strict, None, vec![Reason::LendingBan]),
        (unstaffed_ban, strict, None, vec![]),
    ];
    for (patron, policy, min_age, expected) in table {
        let ask = Ask { policy, min_age, ..Ask::pc(patron) };
        assert_eq!(ask.reasons(), expected, "{:?}", ask.patron);
        let closed = Ask { windows: Vec::new(), ..ask };
        assert_eq!(
            closed.reasons(),
            [expected, vec![Reason::Closed]].concat(),
            "{:?}, closed",
            closed.patron
        );
    }
    let unstaffed = Ask { windows: always(OpeningMode::SelfService), ..Ask::pc(patron()) };
    assert_eq!(unstaffed.reasons(), []);
}

/// A patron against whom everything derived stands, and who is banned from lending.
fn blocked_in_every_way() -> Patron {
    Patron {
        debt_cents: 1_000,
        oldest_debt_at: Some(instant("2020-01-01T12:00:00Z")),
        earliest_due: Some(date("2020-01-01")),
        bans: vec![ban(BanKind::Lending, None)],
        wards: vec![crate::facts::Ward { debt_cents: 1_000, ..crate::samples::ward() }],
        ..patron()
    }
}

#[test]
fn what_stands_against_borrowing_closes_doors_and_pcs_only_by_policy() {
    let every = crate::policy::DerivedBlockPolicy {
        year_turn: crate::policy::YearTurn::new(2, 1),
        overdue_days: Some(28),
        inherit_to_guardian: true,
        ..policy().blocks
    };
    let none = EntryPolicy { blocks: every, ..policy() };
    let bans = [Reason::LendingBan, Reason::WardBlocked];
    let debts = [Reason::DebtLimit, Reason::YearTurnDebt];
    let doors = [
        (none, vec![]),
        (EntryPolicy { blocked_by_lending_ban: true, ..none }, bans.to_vec()),
        (EntryPolicy { blocked_by_debt: true, ..none }, debts.to_vec()),
        (EntryPolicy { blocked_by_overdue: true, ..none }, vec![Reason::OverdueItems]),
        (EntryPolicy { pc_blocked_by_lending_ban: true, ..none }, vec![]),
    ];
    for (policy, expected) in doors {
        let ask = Ask { policy, ..Ask::door(blocked_in_every_way()) };
        assert_eq!(ask.reasons(), expected, "door, {policy:?}");
        let staffed = Ask { windows: always(OpeningMode::Staffed), ..ask };
        assert_eq!(staffed.reasons(), [], "staffed, {policy:?}");
    }
    let pcs = [
        (none, vec![]),
        (EntryPolicy { pc_blocked_by_lending_ban: true, ..none }, bans.to_vec()),
        (EntryPolicy { blocked_by_debt: true, blocked_by_overdue: true, ..none }, vec![]),
    ];
    for (policy, expected) in pcs {
        let ask = Ask { policy, ..Ask::pc(blocked_in_every_way()) };
        assert_eq!(ask.reasons(), expected, "PC, {policy:?}");
    }
}

#[test]
fn a_door_tells_every_reason_in_order() {
    let everything = EntryPolicy {
        grant_mode: GrantMode::WrittenContract,
        min_age: 0,
        blocked_by_lending_ban: true,
        blocked_by_debt: true,
        blocked_by_overdue: true,
        blocks: crate::policy::DerivedBlockPolicy {
            year_turn: crate::policy::YearTurn::new(1, 1),
            overdue_days: Some(1),
            inherit_to_guardian: true,
            ..policy().blocks
        },
        ..policy()
    };
    let mut who = blocked_in_every_way();
    who.bans.extend([ban(BanKind::SelfService, None), ban(BanKind::Use, Some(OUR_BRANCH))]);
    let lost = Card { state: CardState::Lost, valid_until: Some(date("2026-05-19")), ..card() };
    let ask = Ask { card: lost, policy: everything, windows: Vec::new(), ..Ask::door(who) };
    assert_eq!(
        ask.reasons(),
        [
            Reason::SelfServiceRightMissing,
            Reason::SelfServiceBan,
            Reason::CardExpired,
            Reason::CardNotInForce,
            Reason::LendingBan,
            Reason::DebtLimit,
            Reason::YearTurnDebt,
            Reason::OverdueItems,
            Reason::WardBlocked,
            Reason::UseBan,
            Reason::Closed,
        ]
    );
}
