//! What may happen in a small library, drawn at random: four patrons, six items of three titles, two branches.

use super::plain::{Hold, Plain};
use kortisto_domain::HoldState;
use proptest::prelude::*;
use std::ops::Range;

/// Patrons: a guardian, the guardian's child, one with two cards, and one more.
pub(super) const PATRONS: usize = 4;
/// The child.
pub(super) const CHILD: usize = 1;
/// Who has two cards.
pub(super) const TWO_CARDS: usize = 2;
/// Items.
pub(super) const ITEMS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    Main,
    East,
}

/// Where something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Main,
    East,
    /// Two lockers of the main branch.
    LockerOne,
    LockerTwo,
    /// The online library.
    Web,
}

impl Spot {
    pub(super) const ALL: [Self; 5] = [Self::Main, Self::East, Self::LockerOne, Self::LockerTwo, Self::Web];

    pub(super) const fn branch(self) -> Branch {
        match self {
            Self::East => Branch::East,
            Self::Main | Self::LockerOne | Self::LockerTwo | Self::Web => Branch::Main,
        }
    }

    pub(super) const fn is_locker(self) -> bool {
        matches!(self, Self::LockerOne | Self::LockerTwo)
    }
}

/// A patron with one of the cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) patron: usize,
    pub(super) card: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Title,
    Item,
    Home(Branch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Freeze(i64),
    Unfreeze,
    PickUpAt(Branch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Open,
    ClaimedReturned,
    Lost,
}

/// What is paid. As it is asked, it is so many cents: for the oldest fees, or for one fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paying {
    Everything,
    Oldest,
    Cents(i64),
    Fee { name: usize, cents: i64 },
}

impl Paying {
    /// The cents, and the one fee that they are for.
    pub(super) fn asked(self) -> (i64, Vec<usize>) {
        match self {
            Self::Cents(cents) => (cents, Vec::new()),
            Self::Fee { name, cents } => (cents, vec![name]),
            Self::Everything | Self::Oldest => unreachable!("an amount was named before it was asked"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Minutes(i64),
    Days(i64),
}

/// One thing that happens. Loans, holds, fees and payments are named by when they came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    CheckOut {
        who: Who,
        spot: Spot,
        item: usize,
    },
    TakeBack {
        spot: Spot,
        item: usize,
    },
    Undo {
        spot: Spot,
        loan: usize,
    },
    Renew {
        who: Who,
        spot: Spot,
        item: usize,
    },
    RenewAll {
        who: Who,
        spot: Spot,
    },
    Place {
        who: Who,
        spot: Spot,
        item: usize,
        level: Level,
        pickup: Branch,
    },
    Change {
        who: Who,
        spot: Spot,
        hold: usize,
        edit: Edit,
    },
    Cancel {
        who: Who,
        spot: Spot,
        hold: usize,
    },
    PickUp {
        who: Who,
        spot: Spot,
        hold: usize,
    },
    Reserve {
        who: Who,
        spot: Spot,
        hold: usize,
    },
    Confirm {
        who: Who,
        spot: Spot,
        hold: usize,
    },
    Revert {
        who: Who,
        spot: Spot,
        hold: usize,
    },
    Stock {
        spot: Spot,
        hold: usize,
    },
    Report {
        item: usize,
        report: Report,
    },
    Bill {
        item: usize,
    },
    Charge {
        patron: usize,
        cents: i64,
    },
    Pay {
        who: Who,
        spot: Spot,
        what: Paying,
    },
    PayAtDesk {
        patron: usize,
        what: Paying,
    },
    Waive {
        fee: usize,
        cents: Option<i64>,
    },
    Refund {
        payment: usize,
        cents: Option<i64>,
        also_waive: bool,
    },
    Look {
        who: Who,
        spot: Spot,
    },
    Pass(Span),
    ExpireHolds,
    LapseFees,
    /// Sends what was asked that many answers ago once more.
    Replay {
        back: usize,
    },
}

/// An operation as it is drawn. Where `fitting` is set, it is turned to those whom it concerns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    op: Op,
    fitting: bool,
}

impl Drawn {
    /// With names of what there is; none where there is nothing of the kind.
    pub(super) fn among(self, plain: &Plain) -> Option<Op> {
        let (holds, loans) = (plain.holds.len(), plain.loans.len());
        // Of those that fit, if there are some, else of all.
        let named = |name: usize, fits: &dyn Fn(&Hold) -> bool| {
            let fitting: Vec<_> =
                (0..holds).filter(|hold| self.fitting && fits(&plain.holds[*hold])).collect();
            match (fitting.len(), holds) {
                (_, 0) => None,
                (0, _) => Some(name % holds),
                (some, _) => Some(fitting[name % some]),
            }
        };
        let holder = |hold: usize, who: Who| match self.fitting {
            true => Who { patron: plain.holds[hold].patron, card: 0 },
            false => who,
        };
        let is_ready = |hold: &Hold| hold.state == HoldState::Ready;
        let at_lockers = |hold: &Hold| is_ready(hold) && hold.pickup == Spot::LockerOne.branch();
        // The newest first: what has just happened is what is undone or paid back.
        let newest = |name: usize, len: usize| (len > 0).then(|| len - 1 - name % len);
        let lent: Vec<_> =
            (0..ITEMS).filter(|item| self.fitting && plain.items[*item].loan.is_some()).collect();
        let on_loan = |item: usize| if lent.is_empty() { item } else { lent[item % lent.len()] };
        let borrower = |item: usize, who: Who| match plain.items[item].loan.filter(|_| self.fitting) {
            Some(loan) => Who { patron: plain.loans[loan].patron, card: 0 },
            None => who,
        };
        let amount = |patron, what| match what {
            Paying::Everything => Some(Paying::Cents(plain.debts(patron).iter().sum::<i64>().max(1))),
            Paying::Oldest => Some(Paying::Cents(plain.debts(patron).first().copied().unwrap_or(1))),
            Paying::Fee { name, .. } => {
                let name = newest(name, plain.fees.len())?;
                Some(Paying::Fee { name, cents: plain.fees[name].open.max(1) })
            }
            Paying::Cents(_) => Some(what),
        };
        let kiosk_of = |hold: &Hold| if hold.pickup == Branch::Main { Spot::Main } else { Spot::East };
        // What travels arrives.
        let travels = plain.holds.iter().find(|hold| self.fitting && hold.state == HoldState::InTransit);
        let arrives = travels.and_then(|hold| Some((kiosk_of(hold), hold.item?)));
        Some(match self.op {
            Op::TakeBack { spot, item } => {
                let (spot, item) = arrives.unwrap_or((spot, item));
                Op::TakeBack { spot, item }
            }
            Op::Undo { spot, loan } => {
                let loan = newest(loan, loans)?;
                let made_at =
                    plain.loans[loan].events.last().filter(|_| self.fitting).map(|event| event.spot);
                // Nothing is undone in the online library.
                let spot = made_at.filter(|made_at| *made_at != Spot::Web).unwrap_or(spot);
                Op::Undo { spot, loan }
            }
            Op::Renew { who, spot, item } => {
                let item = on_loan(item);
                Op::Renew { who: borrower(item, who), spot, item }
            }
            Op::Report { item, report } => Op::Report { item: on_loan(item), report },
            Op::Bill { item } => Op::Bill { item: on_loan(item) },
            Op::Change { who, spot, hold, edit } => {
                let hold = named(hold, &|hold| hold.state == HoldState::Pending)?;
                Op::Change { who: holder(hold, who), spot, hold, edit }
            }
            Op::Cancel { who, spot, hold } => {
                let hold = named(hold, &Hold::is_open)?;
                Op::Cancel { who: holder(hold, who), spot, hold }
            }
            Op::PickUp { who, spot, hold } => {
                let hold = named(hold, &is_ready)?;
                let spot = if self.fitting { kiosk_of(&plain.holds[hold]) } else { spot };
                Op::PickUp { who: holder(hold, who), spot, hold }
            }
            Op::Reserve { who, spot, hold } => {
                let hold = named(hold, &at_lockers)?;
                Op::Reserve { who: holder(hold, who), spot, hold }
            }
            // At the locker that has reserved it, or at the other one.
            Op::Confirm { who, spot, hold } => {
                let hold = named(hold, &|hold| hold.reserved.is_some())?;
                Op::Confirm { who: holder(hold, who), spot, hold }
            }
            Op::Revert { who, spot, hold } => {
                let hold = named(hold, &|hold| hold.reserved.is_some())?;
                Op::Revert { who: holder(hold, who), spot, hold }
            }
            Op::Stock { spot, hold } => {
                let here = |hold: &Hold| hold.item.is_some() && hold.pickup == spot.branch();
                Op::Stock { spot, hold: named(hold, &here)? }
            }
            Op::Pay { who, spot, what } => Op::Pay { who, spot, what: amount(who.patron, what)? },
            Op::PayAtDesk { patron, what } => Op::PayAtDesk { patron, what: amount(patron, what)? },
            Op::Waive { fee, cents } => Op::Waive { fee: newest(fee, plain.fees.len())?, cents },
            Op::Refund { payment, cents, also_waive } => {
                Op::Refund { payment: newest(payment, plain.payments.len())?, cents, also_waive }
            }
            op => op,
        })
    }
}

fn who() -> impl Strategy<Value = Who> {
    (0..PATRONS, 0..2_usize)
        .prop_map(|(patron, card)| Who { patron, card: if patron == TWO_CARDS { card } else { 0 } })
}

fn among(spots: &'static [Spot]) -> impl Strategy<Value = Spot> {
    prop::sample::select(spots)
}

/// Rather the branch with the lockers.
fn branch() -> impl Strategy<Value = Branch> {
    prop_oneof![2 => Just(Branch::Main), 1 => Just(Branch::East)]
}

fn paying() -> impl Strategy<Value = Paying> {
    prop_oneof![
        2 => Just(Paying::Everything),
        2 => Just(Paying::Oldest),
        2 => (1_i64..120).prop_map(Paying::Cents),
        2 => NAME.prop_map(|name| Paying::Fee { name, cents: 0 }),
    ]
}

fn part() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(1_i64..100)
}

/// Operations of one library.
pub(super) fn drawn(operations: Range<usize>) -> impl Strategy<Value = Vec<Drawn>> {
    let one = (op(), prop::bool::weighted(0.8)).prop_map(|(op, fitting)| Drawn { op, fitting });
    prop::collection::vec(one, operations)
}

const KIOSKS: &[Spot] = &[Spot::Main, Spot::East];
const LOCKERS: &[Spot] = &[Spot::LockerOne, Spot::LockerTwo];
/// Where patrons look after what they have.
const ACCOUNTS: &[Spot] = &[Spot::Main, Spot::East, Spot::Web];
/// Any name, cut to those there are when it is used.
const NAME: Range<usize> = 0..12;

fn op() -> impl Strategy<Value = Op> {
    let at = |(who, spot, hold)| (who, spot, hold);
    let at_locker = || (who(), among(LOCKERS), NAME).prop_map(at);
    let level = prop_oneof![
        5 => Just(Level::Title),
        2 => Just(Level::Item),
        2 => branch().prop_map(Level::Home),
    ];
    let edit = prop_oneof![
        (0_i64..10).prop_map(Edit::Freeze),
        Just(Edit::Unfreeze),
        branch().prop_map(Edit::PickUpAt),
    ];
    let report = prop::sample::select(&[Report::Open, Report::ClaimedReturned, Report::Lost][..]);
    let span = prop_oneof![
        2 => prop::sample::select(&[2_i64, 6, 16][..]).prop_map(Span::Minutes),
        4 => prop::sample::select(&[1_i64, 3, 8, 8, 30][..]).prop_map(Span::Days),
    ];
    let lending = prop_oneof![
        12 => (who(), among(KIOSKS), 0..ITEMS).prop_map(|(who, spot, item)| Op::CheckOut { who, spot, item }),
        10 => (among(KIOSKS), 0..ITEMS).prop_map(|(spot, item)| Op::TakeBack { spot, item }),
        4 => (among(&Spot::ALL[..4]), 0..2_usize).prop_map(|(spot, loan)| Op::Undo { spot, loan }),
        6 => (who(), among(ACCOUNTS), 0..ITEMS).prop_map(|(who, spot, item)| Op::Renew { who, spot, item }),
        3 => (who(), among(ACCOUNTS)).prop_map(|(who, spot)| Op::RenewAll { who, spot }),
        2 => (0..ITEMS, report).prop_map(|(item, report)| Op::Report { item, report }),
        1 => (0..ITEMS).prop_map(|item| Op::Bill { item }),
    ];
    let holding = prop_oneof![
        12 => (who(), among(ACCOUNTS), 0..ITEMS, level, branch())
            .prop_map(|(who, spot, item, level, pickup)| Op::Place { who, spot, item, level, pickup }),
        4 => (who(), among(ACCOUNTS), NAME, edit)
            .prop_map(|(who, spot, hold, edit)| Op::Change { who, spot, hold, edit }),
        4 => (who(), among(ACCOUNTS), NAME).prop_map(|(who, spot, hold)| Op::Cancel { who, spot, hold }),
        6 => (who(), among(KIOSKS), NAME).prop_map(|(who, spot, hold)| Op::PickUp { who, spot, hold }),
        9 => at_locker().prop_map(|(who, spot, hold)| Op::Reserve { who, spot, hold }),
        8 => at_locker().prop_map(|(who, spot, hold)| Op::Confirm { who, spot, hold }),
        4 => at_locker().prop_map(|(who, spot, hold)| Op::Revert { who, spot, hold }),
        3 => (among(LOCKERS), NAME).prop_map(|(spot, hold)| Op::Stock { spot, hold }),
    ];
    let owing = prop_oneof![
        2 => (0..PATRONS, 10_i64..200).prop_map(|(patron, cents)| Op::Charge { patron, cents }),
        5 => (who(), among(ACCOUNTS), paying()).prop_map(|(who, spot, what)| Op::Pay { who, spot, what }),
        3 => (0..PATRONS, paying()).prop_map(|(patron, what)| Op::PayAtDesk { patron, what }),
        2 => (NAME, part()).prop_map(|(fee, cents)| Op::Waive { fee, cents }),
        3 => (0..3_usize, part(), any::<bool>())
            .prop_map(|(payment, cents, also_waive)| Op::Refund { payment, cents, also_waive }),
    ];
    let beside = prop_oneof![
        5 => (who(), among(&Spot::ALL)).prop_map(|(who, spot)| Op::Look { who, spot }),
        9 => span.prop_map(Op::Pass),
        3 => Just(Op::ExpireHolds),
        1 => Just(Op::LapseFees),
        3 => (0..4_usize).prop_map(|back| Op::Replay { back }),
    ];
    prop_oneof![10 => lending, 11 => holding, 4 => owing, 5 => beside]
}
