//! The plain model: holds, their queues, hold shelves and lockers.

use super::{
    op::{Branch, Edit, Level, Spot},
    plain::{HOLDS_MAX, Hold, Plain, Said, UNCOLLECTED_CENTS, VALIDITY_DAYS, no},
};
use chrono::TimeDelta;
use kortisto::common::v1::RefusalReason as Why;
use kortisto_domain::{FeeKind, HoldState, ItemState};

/// Days for which a ready hold waits.
const PICKUP_DAYS: i64 = 7;
/// Minutes for which a compartment waits to be opened.
const LOCKER_MINUTES: i64 = 5;
/// Compartments of a locker.
const COMPARTMENTS: usize = 2;

/// The compartment of a locker into which the item of a hold is put: there are fewer than holds.
pub(super) const fn compartment_of(hold: usize) -> usize {
    hold % COMPARTMENTS
}

impl Hold {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, HoldState::Pending | HoldState::InTransit | HoldState::Ready)
    }
}

impl Plain {
    /// Whether a hold is a patron's, or that of the child in the patron's care.
    pub(super) fn is_for(&self, hold: usize, patron: usize) -> bool {
        let holder = self.holds[hold].patron;
        holder == patron || self.patrons[patron].ward == Some(holder)
    }

    pub(super) fn is_reserved_elsewhere(&self, hold: usize, spot: Spot) -> bool {
        self.holds[hold].reserved.is_some_and(|(by, until)| by != spot && self.now < until)
    }

    /// The holds to which an item would be handed out, in the order of the queue. Whoever has one item of the title waits
    /// for none but another one that they name.
    fn queue(&self, item: usize) -> impl Iterator<Item = usize> {
        self.served_by(item).filter(|name| {
            let hold = &self.holds[*name];
            let of_title = |loan: &usize| self.items[self.loans[*loan].item].title == hold.title;
            hold.only_item.is_some() || !self.loans_of(hold.patron).iter().any(of_title)
        })
    }

    /// Whoever brings an item back waits for it no longer.
    pub(super) fn fulfil_own(&mut self, patron: usize, item: usize) {
        let own: Vec<_> = self.served_by(item).filter(|hold| self.holds[*hold].patron == patron).collect();
        for hold in own {
            self.holds[hold].state = HoldState::Fulfilled;
        }
    }

    /// The holds that wait and that an item can serve, in their order.
    fn served_by(&self, item: usize) -> impl Iterator<Item = usize> {
        let today = self.today();
        let wanted = &self.items[item];
        self.holds.iter().enumerate().filter_map(move |(name, hold)| {
            let serves = hold.title == wanted.title
                && hold.only_item.is_none_or(|only| only == item)
                && hold.only_home.is_none_or(|only| only == wanted.home);
            let waits = hold.state == HoldState::Pending
                && hold.frozen_until.is_none_or(|last| last < today)
                && hold.valid_until >= today;
            (serves && waits).then_some(name)
        })
    }

    /// Whether somebody else than this patron waits for an item.
    pub(super) fn others_wait(&self, item: usize, patron: usize) -> bool {
        self.queue(item).any(|hold| self.holds[hold].patron != patron)
    }

    /// Hands an item to a hold that is picked up right there.
    fn make_ready(&mut self, hold: usize, item: usize) {
        let until = self.today() + TimeDelta::days(PICKUP_DAYS);
        let hold = &mut self.holds[hold];
        (hold.state, hold.item, hold.pickup_until) = (HoldState::Ready, Some(item), Some(until));
        (hold.reserved, hold.stocked_by) = (None, None);
    }

    /// Puts an item that was scanned at a branch where it belongs now.
    pub(super) fn put(&mut self, name: usize, here: Branch) -> String {
        let item = &self.items[name];
        let (state, kept_for, place) = if item.state == ItemState::Lost {
            (ItemState::Lost, None, "staff".to_owned())
        } else if let Some(hold) = item.kept_for.or_else(|| self.queue(name).next()) {
            let pickup = self.holds[hold].pickup;
            let waited = item.kept_for.is_some() && item.state == ItemState::OnHoldShelf && item.at == here;
            if pickup != here {
                let hold = &mut self.holds[hold];
                (hold.state, hold.item) = (HoldState::InTransit, Some(name));
                (hold.reserved, hold.stocked_by) = (None, None);
            } else if waited {
                (self.holds[hold].reserved, self.holds[hold].stocked_by) = (None, None);
            } else {
                self.make_ready(hold, name);
            }
            match pickup == here {
                true => (ItemState::OnHoldShelf, Some(hold), "hold shelf".to_owned()),
                false => (ItemState::InTransit, Some(hold), format!("to its hold at {pickup:?}")),
            }
        } else if item.home == here {
            (ItemState::Available, None, "shelf".to_owned())
        } else {
            (ItemState::InTransit, None, format!("home to {:?}", item.home))
        };
        let item = &mut self.items[name];
        (item.state, item.at, item.kept_for) = (state, here, kept_for);
        place
    }

    /// A hold is over: on its shelf the item waits for the next one that is picked up there, if that is the first of
    /// the queue. Nobody moves what travels or lies in a compartment.
    fn close(&mut self, name: usize, state: HoldState) {
        let hold = &mut self.holds[name];
        let (item, in_compartment) = (hold.item.take(), hold.stocked_by.is_some());
        (hold.state, hold.reserved, hold.stocked_by) = (state, None, None);
        let Some(item) = item else { return };
        self.items[item].kept_for = None;
        if self.items[item].state != ItemState::OnHoldShelf || in_compartment {
            return;
        }
        let next = self.queue(item).next().filter(|next| self.holds[*next].pickup == self.items[item].at);
        if let Some(next) = next {
            self.make_ready(next, item);
            self.items[item].kept_for = Some(next);
        }
    }

    pub(super) fn place(&mut self, patron: usize, item: usize, level: Level, pickup: Branch) -> Said {
        let title = self.items[item].title;
        let only_item = (level == Level::Item).then_some(item);
        let only_home = if let Level::Home(home) = level { Some(home) } else { None };
        let servable = self.items.iter().enumerate().any(|(name, item)| {
            item.title == title
                && item.state != ItemState::Lost
                && only_item.is_none_or(|only| only == name)
                && only_home.is_none_or(|only| only == item.home)
        });
        let mut why = Vec::new();
        let open = || self.holds.iter().filter(|hold| hold.patron == patron && hold.is_open());
        if servable {
            why.extend(self.blocks(patron));
            if open().count() >= HOLDS_MAX {
                why.push(Why::HoldLimit);
            }
        } else {
            why.push(Why::HoldNotAllowed);
        }
        let same =
            |hold: &Hold| (hold.title, hold.only_item, hold.only_home) == (title, only_item, only_home);
        let has = |loan: &usize| match only_item {
            Some(only) => self.loans[*loan].item == only,
            None => self.items[self.loans[*loan].item].title == title,
        };
        if open().any(same) || self.loans_of(patron).iter().any(has) {
            why.push(Why::HoldAlreadyYours);
        }
        if !why.is_empty() {
            return no(why);
        }
        let today = self.today();
        self.holds.push(Hold {
            patron,
            title,
            only_item,
            only_home,
            pickup,
            state: HoldState::Pending,
            item: None,
            pickup_until: None,
            frozen_until: None,
            valid_until: today + TimeDelta::days(VALIDITY_DAYS),
            reserved: None,
            stocked_by: None,
        });
        self.year(patron, today)[1] += 1;
        let name = self.holds.len() - 1;
        Ok(format!("hold {name}, place {}", self.position(name)))
    }

    /// The place of a waiting hold in the queue of its title, with those that are frozen.
    fn position(&self, name: usize) -> usize {
        let title = self.holds[name].title;
        let waits = |hold: &&Hold| hold.title == title && hold.state == HoldState::Pending;
        self.holds[..=name].iter().filter(waits).count()
    }

    pub(super) fn change(&mut self, patron: usize, name: usize, edit: Edit) -> Said {
        let today = self.today();
        let hold = &mut self.holds[name];
        if hold.patron != patron {
            return no([Why::HoldUnknown]);
        }
        if hold.state != HoldState::Pending {
            return no([Why::HoldNotChangeable]);
        }
        match edit {
            Edit::Freeze(days) => hold.frozen_until = Some(today + TimeDelta::days(days)),
            Edit::Unfreeze => hold.frozen_until = None,
            Edit::PickUpAt(branch) => hold.pickup = branch,
        }
        let (frozen, pickup) = (hold.frozen_until, hold.pickup);
        Ok(format!("hold {name}, place {}, frozen {frozen:?}, at {pickup:?}", self.position(name)))
    }

    pub(super) fn cancel(&mut self, patron: usize, spot: Spot, name: usize) -> Said {
        if self.holds[name].patron != patron {
            return no([Why::HoldUnknown]);
        }
        if !self.holds[name].is_open() {
            return no([Why::HoldNotChangeable]);
        }
        if self.is_reserved_elsewhere(name, spot) {
            return no([Why::HoldReserved]);
        }
        self.close(name, HoldState::Cancelled);
        Ok("cancelled".to_owned())
    }

    /// Why a patron does not get what waits for a hold.
    fn against_pickup(&self, patron: usize, spot: Spot, name: usize) -> Vec<Why> {
        let mut why = self.against_patron(patron);
        let hold = &self.holds[name];
        if !self.is_for(name, patron) {
            why.push(Why::HoldUnknown);
            return why;
        }
        match hold.item.filter(|_| hold.state == HoldState::Ready) {
            None => why.push(Why::HoldNotReady),
            Some(item) => {
                if hold.pickup != spot.branch() {
                    why.push(Why::HoldAtOtherBranch);
                }
                why.extend(self.against_item(patron, item));
            }
        }
        if self.is_reserved_elsewhere(name, spot) {
            why.push(Why::HoldReserved);
        }
        why
    }

    pub(super) fn pick_up(&mut self, patron: usize, card: usize, spot: Spot, name: usize) -> Said {
        let why = self.against_pickup(patron, spot, name);
        match self.holds[name].item.filter(|_| why.is_empty()) {
            Some(item) => Ok(self.lend(patron, card, spot, item)),
            None => no(why),
        }
    }

    pub(super) fn reserve(&mut self, patron: usize, spot: Spot, name: usize) -> Said {
        let mut why = self.against_pickup(patron, spot, name);
        if self.is_for(name, patron) && self.holds[name].stocked_by.is_some_and(|(locker, _)| locker != spot)
        {
            why.retain(|why| *why != Why::HoldReserved);
            why.push(Why::HoldInOtherLocker);
        }
        if !why.is_empty() {
            return no(why);
        }
        let until = self.now + TimeDelta::minutes(LOCKER_MINUTES);
        let hold = &mut self.holds[name];
        hold.reserved = Some((spot, until));
        Ok(format!("in a compartment {}, until {until}", hold.stocked_by.is_some()))
    }

    /// Why what was reserved cannot be confirmed or taken back; only who has reserved it last matters.
    fn against_conclusion(&self, patron: usize, spot: Spot, name: usize) -> Option<Why> {
        let hold = &self.holds[name];
        let ours = hold.state == HoldState::Ready && hold.reserved.is_some_and(|(by, _)| by == spot);
        if !self.is_for(name, patron) {
            Some(Why::HoldUnknown)
        } else {
            (!ours).then_some(Why::ReservationEnded)
        }
    }

    pub(super) fn confirm(&mut self, patron: usize, card: usize, spot: Spot, name: usize) -> Said {
        match (self.against_conclusion(patron, spot, name), self.holds[name].item) {
            (None, Some(item)) => Ok(self.lend(patron, card, spot, item)),
            (why, _) => no(why),
        }
    }

    pub(super) fn revert(&mut self, patron: usize, spot: Spot, name: usize) -> Said {
        if let Some(why) = self.against_conclusion(patron, spot, name) {
            return no([why]);
        }
        self.holds[name].reserved = None;
        Ok("as before".to_owned())
    }

    pub(super) fn stock(&mut self, spot: Spot, name: usize) -> Said {
        let hold = &self.holds[name];
        let Some(item) = hold.item else { return no([Why::HoldNotReady]) };
        if hold.pickup != spot.branch() {
            return no([Why::HoldAtOtherBranch]);
        }
        if self.is_reserved_elsewhere(name, spot) {
            return no([Why::HoldReserved]);
        }
        if hold.state == HoldState::InTransit {
            self.make_ready(name, item);
            (self.items[item].state, self.items[item].at) = (ItemState::OnHoldShelf, spot.branch());
        }
        // In a compartment lies what was put there last.
        let compartment = Some((spot, compartment_of(name)));
        self.holds
            .iter_mut()
            .filter(|hold| hold.stocked_by == compartment)
            .for_each(|hold| hold.stocked_by = None);
        self.holds[name].stocked_by = compartment;
        Ok(format!("until {:?}", self.holds[name].pickup_until))
    }

    /// Ready holds lapse on the day after their last one, pending ones on the day after theirs.
    pub(super) fn expire(&mut self) -> Said {
        let today = self.today();
        let mut counts = [0; 2];
        for name in 0..self.holds.len() {
            let hold = &self.holds[name];
            // A locker that has not said what became of a reservation has a day for it.
            let unsettled = hold.reserved.is_some_and(|(_, until)| until > self.now - TimeDelta::hours(24));
            let in_time = hold.pickup_until.is_none_or(|last| last >= today);
            if hold.state != HoldState::Ready || in_time || unsettled {
                continue;
            }
            let patron = hold.patron;
            self.close(name, HoldState::Lapsed);
            self.year(patron, today)[2] += 1;
            let cents = if self.patrons[patron].is_child { 0 } else { UNCOLLECTED_CENTS };
            self.owe(patron, FeeKind::UncollectedHold, cents, None, Some(name));
            counts[0] += 1;
        }
        for hold in &mut self.holds {
            if hold.state == HoldState::Pending && hold.valid_until < today {
                hold.state = HoldState::Lapsed;
                counts[1] += 1;
            }
        }
        Ok(format!("{} uncollected, {} ended", counts[0], counts[1]))
    }

    /// What a patron is shown of the holds; a locker shows what is ready at its branch and in no other.
    pub(super) fn list_holds(&self, patron: usize, spot: Spot) -> String {
        let own = || self.holds.iter().enumerate().filter(|(_, hold)| hold.patron == patron);
        let ready = own().filter(|(_, hold)| {
            let in_other = hold.stocked_by.is_some_and(|(locker, _)| locker != spot);
            let to_be_had = hold.pickup == spot.branch() && !in_other;
            hold.state == HoldState::Ready && (!spot.is_locker() || to_be_had)
        });
        let ready: Vec<_> =
            ready.map(|(name, hold)| format!("hold {name} {:?}", hold.pickup_until)).collect();
        let waiting = own().filter(|(_, hold)| {
            matches!(hold.state, HoldState::Pending | HoldState::InTransit) && !spot.is_locker()
        });
        let place = |name, state| if state == HoldState::Pending { self.position(name) } else { 0 };
        let waiting: Vec<_> =
            waiting.map(|(name, hold)| format!("hold {name} place {}", place(name, hold.state))).collect();
        format!("ready {ready:?}, waiting {waiting:?}")
    }
}
