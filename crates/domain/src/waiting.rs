//! What keeps an item from a hold that waits?
//!
//! A hold waits as its holder asked for it: not while it is frozen, not after its last day, and not for a title of which
//! its holder has an item. Among the items of its title only those serve it that it was placed on and that its holder
//! may wait for.

use crate::ItemState;
use crate::facts::QueuedHold;
use chrono::NaiveDate;

/// Items in these states serve no hold, unless staff say something else of them.
pub const NEVER_SERVING: [ItemState; 3] = [ItemState::NotForLoan, ItemState::Lost, ItemState::Withdrawn];

/// What keeps an item from a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It is frozen.
    Frozen,
    /// Its last day has passed.
    Ended,
    /// It waits for another item.
    OtherItem,
    /// It waits for items of another branch.
    OtherBranch,
    /// Its holder has an item of the title.
    HasItem,
    /// No item of the title can serve it. That takes a look at all of them, which these rules do not have.
    NoItem,
    /// Its holder may not wait for items of this collection or material.
    NotAllowed,
}

/// A hold that waits, whichever item there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The last day on which it is frozen.
    pub frozen_until: Option<NaiveDate>,
    /// The last day on which it waits.
    pub valid_until: Option<NaiveDate>,
    /// Whether only one item will do.
    pub only_item: bool,
    /// Whether its holder has an item of the title.
    pub has_item: bool,
}

/// What keeps every item from a hold today, if something does, the first in the order of [`Obstacle`]. Whoever waits for
/// one item may have another of its title.
#[must_use]
pub fn against_any(waiting: &Waiting, today: NaiveDate) -> Option<Obstacle> {
    if waiting.frozen_until.is_some_and(|day| today <= day) {
        return Some(Obstacle::Frozen);
    }
    if waiting.valid_until.is_some_and(|day| day < today) {
        return Some(Obstacle::Ended);
    }
    (waiting.has_item && !waiting.only_item).then_some(Obstacle::HasItem)
}

/// What keeps this item of this home branch from a hold that waits, if something does. A hold on this very item was
/// placed when it might be, so what its holder may wait for is not asked again.
#[must_use]
pub fn against(hold: &QueuedHold, item: i64, home_branch: i64) -> Option<Obstacle> {
    if hold.only_item.is_some_and(|only| only != item) {
        return Some(Obstacle::OtherItem);
    }
    if hold.only_branch.is_some_and(|only| only != home_branch) {
        return Some(Obstacle::OtherBranch);
    }
    (hold.only_item.is_none() && !hold.allowed).then_some(Obstacle::NotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{OTHER_BRANCH, OTHER_PATRON, OUR_BRANCH, date};

    const ITEM: i64 = 500;
    const OTHER_ITEM: i64 = 501;

    #[test]
    fn what_keeps_every_item_from_a_hold() {
        const FREE: Waiting =
            Waiting { frozen_until: None, valid_until: None, only_item: false, has_item: false };
        let frozen = |day| Waiting { frozen_until: Some(date(day)), ..FREE };
        let valid = |day| Waiting { valid_until: Some(date(day)), ..FREE };
        let table = [
            (FREE, None),
            (frozen("2026-05-19"), None),
            (frozen("2026-05-20"), Some(Obstacle::Frozen)),
            (valid("2026-05-20"), None),
            (valid("2026-05-19"), Some(Obstacle::Ended)),
            (Waiting { has_item: true, ..FREE }, Some(Obstacle::HasItem)),
            (Waiting { has_item: true, only_item: true, ..FREE }, None),
            (Waiting { has_item: true, ..frozen("2026-05-21") }, Some(Obstacle::Frozen)),
            (Waiting { has_item: true, ..valid("2026-05-19") }, Some(Obstacle::Ended)),
            (
                Waiting { frozen_until: Some(date("2026-05-21")), ..valid("2026-05-19") },
                Some(Obstacle::Frozen),
            ),
        ];
        for (waiting, expected) in table {
            assert_eq!(against_any(&waiting, date("2026-05-20")), expected, "{waiting:?}");
        }
    }

    #[test]
    fn what_keeps_one_item_from_a_hold() {
        const ANY: QueuedHold = QueuedHold {
            patron: OTHER_PATRON,
            pickup_branch: OTHER_BRANCH,
            only_item: None,
            only_branch: None,
            allowed: true,
        };
        let table = [
            (ANY, None),
            (QueuedHold { only_item: Some(ITEM), ..ANY }, None),
            (QueuedHold { only_item: Some(OTHER_ITEM), ..ANY }, Some(Obstacle::OtherItem)),
            (QueuedHold { only_branch: Some(OUR_BRANCH), ..ANY }, None),
            (QueuedHold { only_branch: Some(OTHER_BRANCH), ..ANY }, Some(Obstacle::OtherBranch)),
            (QueuedHold { allowed: false, ..ANY }, Some(Obstacle::NotAllowed)),
            (QueuedHold { allowed: false, only_item: Some(ITEM), ..ANY }, None),
            (
                QueuedHold { only_item: Some(OTHER_ITEM), only_branch: Some(OTHER_BRANCH), ..ANY },
                Some(Obstacle::OtherItem),
            ),
            (
                QueuedHold { allowed: false, only_branch: Some(OTHER_BRANCH), ..ANY },
                Some(Obstacle::OtherBranch),
            ),
            (QueuedHold { allowed: false, only_branch: Some(OUR_BRANCH), ..ANY }, Some(Obstacle::NotAllowed)),
        ];
        for (hold, expected) in table {
            assert_eq!(against(&hold, ITEM, OUR_BRANCH), expected, "{hold:?}");
        }
    }
}
