//! May this patron use this door or PC now?
//!
//! # Doors
//!
//! While the branch is staffed, its door asks only what the way past the desk would: a card in force, no
//! use ban, and the age of the resource itself, which holds at all times. In self-service hours, and in
//! closed hours as what would count then, the rules of the unstaffed library are asked as well: the
//! right by grant mode, self-service bans, category, age and consent; bans on lending and debt only
//! where the policy says so, since who may not borrow may still read (A74b).
//!
//! The age at a door has two steps. Under the lowest age (of the policy, of the resource, or the minimum
//! age itself where consent does not help) nobody enters alone. Between that and the minimum age a
//! guardian's consent is the right; from the minimum age on it is no longer asked, and the grant mode
//! applies.
//!
//! # PCs
//!
//! A PC is open whenever the branch is, with or without staff. It asks for a card in force, no use ban
//! and the age; for a lending ban only where the policy says so.

use crate::age::age_on;
use crate::blocks::{self, Block};
use crate::facts::{Card, OpeningHours, Patron, Resource, SelfServiceRight};
use crate::opening::OpenNow;
use crate::policy::{EntryPolicy, GrantMode, UnknownBirthDate};
use crate::{
    BanKind, Decision, DeviceKind, Moment, PatronCategory, Reason, ResourceKind, RightKind, bans, services,
    validity,
};

/// A patron who wants to use a door or a PC.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The card.
    pub card: &'a Card,
    /// Its patron.
    pub patron: &'a Patron,
    /// The resource; none where the branch has none of this name.
    pub resource: Option<&'a Resource>,
    /// What the asking device is.
    pub device: DeviceKind,
    /// The branch of the device.
    pub branch: i64,
    /// The opening hours of that branch.
    pub hours: &'a OpeningHours,
    /// The policy for this patron's category.
    pub policy: &'a EntryPolicy,
    /// When it is asked.
    pub moment: &'a Moment,
}

/// Decides about an entry, with every reason that holds.
///
/// Reasons: `ResourceUnknown` alone, for what is not there or not for this device, which then learns
/// nothing about the patron; `CardNotInForce` alone for a patron whose record is restricted (A141);
/// else `SelfServiceRightMissing`, `SelfServiceBan`, `CategoryNotAdmitted`, `BelowAgeLimit`,
/// `GuardianConsentMissing`, `BirthDateUnknown`, `CardExpired`, `CardNotInForce`, `LendingBan`,
/// `DebtLimit`, `YearTurnDebt`, `OverdueItems`, `WardBlocked`, `UseBan`, `Closed`, `ServiceSwitchedOff`.
#[must_use]
pub fn decide(entry: &Entry<'_>) -> Decision {
    let is_for_device = |resource: &&Resource| {
        matches!(
            (entry.device, resource.kind),
            (DeviceKind::Door, ResourceKind::Door) | (DeviceKind::PcBooking, ResourceKind::Pc)
        )
    };
    let Some(resource) = entry.resource.filter(is_for_device) else {
        return Decision::refused(Reason::ResourceUnknown);
    };
    if let Some(refusal) = validity::neutral_refusal(entry.patron) {
        return refusal;
    }
    let mut reasons = Vec::new();
    validity::push_reasons(entry.card, entry.patron, entry.moment.today(), &mut reasons);
    if entry.is_banned(BanKind::Use) {
        reasons.push(Reason::UseBan);
    }
    if services::is_switched_off(entry.patron, entry.device) {
        reasons.push(Reason::ServiceSwitchedOff);
    }
    let open = OpenNow::among(entry.hours, entry.moment);
    if !open.is_open() {
        reasons.push(Reason::Closed);
    }
    let own_limit = resource.min_age.unwrap_or(0);
    match resource.kind {
        ResourceKind::Door => push_door_reasons(entry, own_limit, open, &mut reasons),
        ResourceKind::Pc => push_pc_reasons(entry, own_limit, &mut reasons),
        ResourceKind::Locker => reasons.push(Reason::ResourceUnknown),
    }
    Decision::from_reasons(reasons)
}

impl Entry<'_> {
    fn is_banned(&self, kind: BanKind) -> bool {
        bans::is_banned(self.patron, kind, self.branch, self.moment.at())
    }

    /// Those reasons against borrowing that also close what is asked about.
    fn lending_reasons(&self, closes: impl Fn(Reason) -> bool) -> Vec<Reason> {
        let found = blocks::of_lending(self.patron, &self.policy.blocks, self.branch, self.moment);
        found.iter().map(Block::reason).filter(|reason| closes(*reason)).collect()
    }

    /// Whether the patron has a right of one of these kinds, here and today.
    fn has_right(&self, kinds: &[RightKind]) -> bool {
        let counts = |right: &SelfServiceRight| {
            kinds.contains(&right.kind)
                && right.branch.is_none_or(|branch| branch == self.branch)
                && validity::holds_on(right.valid_from, right.valid_until, self.moment.today())
        };
        self.patron.rights.iter().any(counts)
    }

    /// The patron's age in years, where it is known. Nobody knows how old the holder of an
    /// institution's card is.
    fn age(&self) -> Option<u32> {
        let birth = self.patron.birth_date.filter(|_| is_person(self.patron.category))?;
        Some(age_on(birth, self.moment.today()))
    }
}

fn push_door_reasons(entry: &Entry<'_>, own_limit: u8, open: OpenNow, reasons: &mut Vec<Reason>) {
    let policy = entry.policy;
    if open.staffed {
        push_age_reason(entry, own_limit, policy.unknown_birth_date, reasons);
        return;
    }
    if entry.is_banned(BanKind::SelfService) {
        reasons.push(Reason::SelfServiceBan);
    }
    reasons.extend(entry.lending_reasons(|reason| match reason {
        Reason::LendingBan | Reason::WardBlocked => policy.blocked_by_lending_ban,
        Reason::DebtLimit | Reason::YearTurnDebt => policy.blocked_by_debt,
        Reason::OverdueItems => policy.blocked_by_overdue,
        _ => false,
    }));
    if is_person(entry.patron.category) {
        push_person_reasons(entry, own_limit, reasons);
    } else if policy.institutions_admitted {
        // To admit a card that stands for nobody in particular is to decide that the age of its
        // holder does not matter to the branch; it may still matter to the resource.
        push_age_reason(entry, own_limit, policy.unknown_birth_date, reasons);
        push_right_reason(entry, reasons);
    } else {
        reasons.push(Reason::CategoryNotAdmitted);
    }
}

/// Age, consent and right of a person at the door of an unstaffed library.
fn push_person_reasons(entry: &Entry<'_>, own_limit: u8, reasons: &mut Vec<Reason>) {
    let policy = entry.policy;
    let where_consent_is_no_help = if policy.guardian_consent { 0 } else { policy.min_age };
    let lowest = policy.lowest_age.max(own_limit).max(where_consent_is_no_help);
    let Some(age) = entry.age() else {
        push_age_reason(entry, lowest.max(policy.min_age), policy.unknown_birth_date, reasons);
        push_right_reason(entry, reasons);
        return;
    };
    if age < u32::from(lowest) {
        reasons.push(Reason::BelowAgeLimit);
    } else if age >= u32::from(policy.min_age) {
        push_right_reason(entry, reasons);
    } else if !entry.has_right(&[RightKind::GuardianConsent]) {
        reasons.push(Reason::GuardianConsentMissing);
    }
}

/// The right that the grant mode asks for. A guardian's consent is a registered right and stays one
/// when the child grows up, so that a birthday takes nobody's right away; a contract is one's own.
fn push_right_reason(entry: &Entry<'_>, reasons: &mut Vec<Reason>) {
    let has_right = match entry.policy.grant_mode {
        GrantMode::All => true,
        GrantMode::Registered => entry.has_right(RightKind::ALL),
        GrantMode::WrittenContract => entry.has_right(&[RightKind::WrittenContract]),
    };
    if !has_right {
        reasons.push(Reason::SelfServiceRightMissing);
    }
}

fn push_pc_reasons(entry: &Entry<'_>, own_limit: u8, reasons: &mut Vec<Reason>) {
    let policy = entry.policy;
    push_age_reason(entry, policy.pc_min_age.max(own_limit), policy.pc_unknown_birth_date, reasons);
    reasons.extend(entry.lending_reasons(|reason| {
        policy.pc_blocked_by_lending_ban && matches!(reason, Reason::LendingBan | Reason::WardBlocked)
    }));
}

/// An age under which nobody enters, with or without consent; 0 is no limit.
fn push_age_reason(entry: &Entry<'_>, limit: u8, unknown: UnknownBirthDate, reasons: &mut Vec<Reason>) {
    match (entry.age(), unknown) {
        (Some(age), _) if age < u32::from(limit) => reasons.push(Reason::BelowAgeLimit),
        (None, UnknownBirthDate::Refuse) if limit > 0 => reasons.push(Reason::BirthDateUnknown),
        _ => {}
    }
}

const fn is_person(category: PatronCategory) -> bool {
    !matches!(category, PatronCategory::Institution | PatronCategory::InterlibraryLoan)
}

#[cfg(test)]
mod tests;
