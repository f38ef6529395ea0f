//! What a ban must have before it is placed (A71 to A73).
//!
//! A use ban is an administrative decision (Public Libraries Act 1492/2016, section 15): one library, 30 days at most,
//! grounds, who decided, what the patron said when heard (Administrative Procedure Act 434/2003, section 34), how to
//! claim a correction, and effect at once. A self-service ban takes back what the rules of use have given: it holds at
//! one branch or at all of them, at once. A lending ban holds anywhere, and may begin later.

use crate::BanKind;
use crate::policy::BanPolicy;
use chrono::{DateTime, TimeDelta, Utc};

/// The longest use ban, in days (Public Libraries Act 1492/2016, section 15). A policy may set fewer, never more.
pub const USE_BAN_DAYS_MAX: u16 = 30;

/// Longest grounds of a ban, or reason of its lifting, in characters.
pub const GROUNDS_CHARS_MAX: usize = 500;

/// Longest name and title of a decision maker, in characters.
pub const DECISION_MAKER_CHARS_MAX: usize = 100;

/// Longest hearing or instruction for appeal, in characters.
pub const STATEMENT_CHARS_MAX: usize = 2_000;

/// Patrons that one batch of bans may name.
pub const BATCH_MAX: usize = 100;

/// How far ahead a lending ban may begin, in days.
pub const START_AHEAD_DAYS_MAX: i64 = 366;

/// A ban as somebody wants to place it.
#[derive(Clone, Copy)]
pub struct Proposal<'a> {
    /// What it forbids.
    pub kind: BanKind,
    /// Whether it names a branch.
    pub at_one_branch: bool,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends by itself; none means when it is lifted.
    pub ends_at: Option<DateTime<Utc>>,
    /// Why.
    pub grounds: &'a str,
    /// Who decided.
    pub decision_maker: Option<&'a str>,
    /// What the patron said, or why nobody was heard.
    pub heard: Option<&'a str>,
    /// How to claim a correction.
    pub appeal: Option<&'a str>,
}

/// A rule that a proposal breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BanRule {
    /// Grounds of bounded length.
    Grounds,
    /// A decision maker of bounded length, where there is one.
    DecisionMakerLength,
    /// A hearing of bounded length, where there is one.
    HeardLength,
    /// An instruction for appeal of bounded length, where there is one.
    AppealLength,
    /// Nobody is banned for the past.
    NotInThePast,
    /// Use bans and self-service bans begin at once.
    AtOnce,
    /// A lending ban begins within a year.
    StartsSoon,
    /// It ends after it begins.
    EndsAfterStart,
    /// A use ban names one branch.
    UseAtOneBranch,
    /// A use ban has an end within the days of law and policy.
    UseLength,
    /// A use ban says who decided.
    UseDecisionMaker,
    /// A use ban says what the patron said when heard.
    UseHeard,
    /// A use ban says how to claim a correction.
    UseAppeal,
}

impl BanRule {
    /// The field at fault, as in [`Proposal`].
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Grounds => "grounds",
            Self::NotInThePast | Self::AtOnce | Self::StartsSoon => "starts_at",
            Self::EndsAfterStart | Self::UseLength => "ends_at",
            Self::UseAtOneBranch => "branch",
            Self::DecisionMakerLength | Self::UseDecisionMaker => "decision_maker",
            Self::HeardLength | Self::UseHeard => "heard",
            Self::AppealLength | Self::UseAppeal => "appeal",
        }
    }

    /// The rule, and so what would be right.
    #[must_use]
    pub const fn right(self) -> &'static str {
        match self {
            Self::Grounds => "a ban has grounds of 1 to 500 characters",
            Self::DecisionMakerLength => "1 to 100 characters",
            Self::HeardLength | Self::AppealLength => "1 to 2000 characters",
            Self::NotInThePast => "a ban does not begin in the past",
            Self::AtOnce => "a use ban and a self-service ban begin at once: leave it out",
            Self::StartsSoon => "a lending ban begins within 366 days",
            Self::EndsAfterStart => "a ban ends after it begins",
            Self::UseAtOneBranch => "a use ban names one branch (Public Libraries Act, section 15)",
            Self::UseLength => {
                "a use ban ends within the days of ban.use_days_max, 30 at most (Public Libraries Act, section 15)"
            }
            Self::UseDecisionMaker => "a use ban names who decided it",
            Self::UseHeard => "a use ban says what the patron said when heard, or why nobody was",
            Self::UseAppeal => "a use ban says how to claim a correction",
        }
    }
}

/// Checks a ban before it is placed at the instant `now`.
///
/// A day of a use ban is 24 hours, so that none is longer than the law's 30 days in the night in which the clocks go
/// back.
///
/// # Errors
/// The first rule that it breaks, in the order of [`BanRule`].
pub fn check(proposal: &Proposal<'_>, policy: &BanPolicy, now: DateTime<Utc>) -> Result<(), BanRule> {
    let Proposal { kind, at_one_branch, starts_at, ends_at, grounds, decision_maker, heard, appeal } =
        *proposal;
    let is_use = kind == BanKind::Use;
    let days_max = policy.use_days_max.min(USE_BAN_DAYS_MAX);
    let use_end = starts_at + TimeDelta::days(i64::from(days_max));
    let latest_start = now + TimeDelta::days(START_AHEAD_DAYS_MAX);
    let given = |text: Option<&str>, chars_max| text.is_none_or(|text| is_text(text, chars_max));
    let rules = [
        (BanRule::Grounds, is_text(grounds, GROUNDS_CHARS_MAX)),
        (BanRule::DecisionMakerLength, given(decision_maker, DECISION_MAKER_CHARS_MAX)),
        (BanRule::HeardLength, given(heard, STATEMENT_CHARS_MAX)),
        (BanRule::AppealLength, given(appeal, STATEMENT_CHARS_MAX)),
        (BanRule::NotInThePast, starts_at >= now),
        (BanRule::AtOnce, kind == BanKind::Lending || starts_at == now),
        (BanRule::StartsSoon, starts_at <= latest_start),
        (BanRule::EndsAfterStart, ends_at.is_none_or(|end| end > starts_at)),
        (BanRule::UseAtOneBranch, !is_use || at_one_branch),
        (BanRule::UseLength, !is_use || ends_at.is_some_and(|end| end <= use_end)),
        (BanRule::UseDecisionMaker, !is_use || decision_maker.is_some()),
        (BanRule::UseHeard, !is_use || heard.is_some()),
        (BanRule::UseAppeal, !is_use || appeal.is_some()),
    ];
    match rules.into_iter().find(|(_, kept)| !kept) {
        None => Ok(()),
        Some((rule, _)) => Err(rule),
    }
}

fn is_text(text: &str, chars_max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= chars_max
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::instant;

    const NOW: &str = "2026-05-20T09:00:00Z";
    const POLICY: BanPolicy = BanPolicy { use_days_max: 30 };

    fn lending() -> Proposal<'static> {
        Proposal {
            kind: BanKind::Lending,
            at_one_branch: false,
            starts_at: instant(NOW),
            ends_at: None,
            grounds: "Unreturned items",
            decision_maker: None,
            heard: None,
            appeal: None,
        }
    }

    fn use_ban() -> Proposal<'static> {
        Proposal {
            kind: BanKind::Use,
            at_one_branch: true,
            ends_at: Some(instant("2026-06-19T09:00:00Z")),
            decision_maker: Some("Library director"),
            heard: Some("Was heard on 20 May and denied everything."),
            appeal: Some("A claim for correction within 14 days."),
            ..lending()
        }
    }

    fn ask(proposal: &Proposal<'_>) -> Result<(), BanRule> {
        check(proposal, &POLICY, instant(NOW))
    }

    #[test]
    fn a_lending_ban_needs_grounds_only() {
        let later = instant("2026-06-01T00:00:00Z");
        let table = [
            (lending(), Ok(())),
            (Proposal { at_one_branch: true, ..lending() }, Ok(())),
            (Proposal { starts_at: later, ..lending() }, Ok(())),
            (Proposal { starts_at: later, ends_at: Some(later), ..lending() }, Err(BanRule::EndsAfterStart)),
            (Proposal { ends_at: Some(instant(NOW)), ..lending() }, Err(BanRule::EndsAfterStart)),
            (Proposal { grounds: "", ..lending() }, Err(BanRule::Grounds)),
            (Proposal { grounds: " \n", ..lending() }, Err(BanRule::Grounds)),
            (Proposal { decision_maker: Some(""), ..lending() }, Err(BanRule::DecisionMakerLength)),
            (
                Proposal { starts_at: instant("2026-05-20T08:59:59Z"), ..lending() },
                Err(BanRule::NotInThePast),
            ),
            (Proposal { starts_at: instant("2027-05-21T09:00:00Z"), ..lending() }, Ok(())),
            (Proposal { starts_at: instant("2027-05-21T09:00:01Z"), ..lending() }, Err(BanRule::StartsSoon)),
        ];
        for (number, (proposal, expected)) in table.into_iter().enumerate() {
            assert_eq!(ask(&proposal), expected, "row {number}");
        }
    }

    #[test]
    fn a_use_ban_is_a_decision_by_the_law() {
        let end = |at: &str| Proposal { ends_at: Some(instant(at)), ..use_ban() };
        let table = [
            (use_ban(), Ok(())),
            (end("2026-05-20T09:00:01Z"), Ok(())),
            (end("2026-06-19T09:00:00.000001Z"), Err(BanRule::UseLength)),
            (Proposal { ends_at: None, ..use_ban() }, Err(BanRule::UseLength)),
            (Proposal { at_one_branch: false, ..use_ban() }, Err(BanRule::UseAtOneBranch)),
            (Proposal { starts_at: instant("2026-05-21T09:00:00Z"), ..use_ban() }, Err(BanRule::AtOnce)),
            (Proposal { decision_maker: None, ..use_ban() }, Err(BanRule::UseDecisionMaker)),
            (Proposal { heard: None, ..use_ban() }, Err(BanRule::UseHeard)),
            (Proposal { appeal: None, ..use_ban() }, Err(BanRule::UseAppeal)),
        ];
        for (number, (proposal, expected)) in table.into_iter().enumerate() {
            assert_eq!(ask(&proposal), expected, "row {number}");
        }
    }

    #[test]
    fn a_policy_shortens_a_use_ban_and_never_lengthens_it() {
        let end = |at: &str| Proposal { ends_at: Some(instant(at)), ..use_ban() };
        let under =
            |days, proposal: &Proposal<'_>| check(proposal, &BanPolicy { use_days_max: days }, instant(NOW));
        assert_eq!(under(14, &end("2026-06-03T09:00:00Z")), Ok(()));
        assert_eq!(under(14, &end("2026-06-03T09:00:01Z")), Err(BanRule::UseLength));
        assert_eq!(under(99, &end("2026-06-19T09:00:01Z")), Err(BanRule::UseLength));
    }

    #[test]
    fn thirty_days_are_thirty_days_also_when_the_clocks_go_back() {
        let start = "2026-10-10T09:00:00Z";
        let of = |end| Proposal { starts_at: instant(start), ends_at: Some(instant(end)), ..use_ban() };
        assert_eq!(check(&of("2026-11-09T09:00:00Z"), &POLICY, instant(start)), Ok(()));
        // The same hour of the wall clock in winter time is an hour too late.
        assert_eq!(check(&of("2026-11-09T10:00:00Z"), &POLICY, instant(start)), Err(BanRule::UseLength));
    }

    #[test]
    fn a_self_service_ban_is_at_one_branch_or_all_and_at_once() {
        let ban = Proposal { kind: BanKind::SelfService, ..lending() };
        assert_eq!(ask(&ban), Ok(()));
        assert_eq!(ask(&Proposal { at_one_branch: true, ..ban }), Ok(()));
        assert_eq!(
            ask(&Proposal { starts_at: instant("2026-05-20T09:00:01Z"), ..ban }),
            Err(BanRule::AtOnce)
        );
    }

    #[test]
    fn texts_are_bounded() {
        let (grounds, name, statement) = ("x".repeat(500), "x".repeat(100), "å".repeat(2_000));
        let longest = Proposal {
            grounds: &grounds,
            decision_maker: Some(&name),
            heard: Some(&statement),
            appeal: Some(&statement),
            ..use_ban()
        };
        assert_eq!(ask(&longest), Ok(()));
        let (grounds, name, statement) = (grounds.clone() + "x", name.clone() + "x", statement.clone() + "x");
        assert_eq!(ask(&Proposal { grounds: &grounds, ..longest }), Err(BanRule::Grounds));
        let named = Proposal { decision_maker: Some(&name), ..longest };
        assert_eq!(ask(&named), Err(BanRule::DecisionMakerLength));
        assert_eq!(ask(&Proposal { heard: Some(&statement), ..longest }), Err(BanRule::HeardLength));
        assert_eq!(ask(&Proposal { appeal: Some(&statement), ..longest }), Err(BanRule::AppealLength));
    }
}
