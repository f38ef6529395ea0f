//! What a turn knows: every fact it loaded, with the effects of its earlier operations laid over.

use crate::Rulebook;
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::facts;
use kortisto_store::queries::{
    circulation_facts::{self, NamedHold, Queued, Remembered, Session},
    item::Item,
    party::{Device, Party},
    pin_facts::{self, Attempt, KnownDevice, Message, PasswordRow, PinRow},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A patron in a turn.
#[derive(Debug, Clone)]
pub(crate) struct PatronEntry {
    pub(crate) facts: facts::Patron,
    pub(crate) pseudonym: Uuid,
    pub(crate) language: String,
    pub(crate) last_card_event_on: Option<NaiveDate>,
}

/// A card in a turn.
#[derive(Debug, Clone)]
pub(crate) struct CardEntry {
    pub(crate) patron_id: i64,
    pub(crate) facts: facts::Card,
}

/// What a device has spent of its budget of wrong PINs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DeviceBudgetEntry {
    pub(crate) failures_in_window: i64,
    pub(crate) oldest_failure_at: Option<DateTime<Utc>>,
    pub(crate) failing_cards_today: i64,
    pub(crate) suspended_at: Option<DateTime<Utc>>,
}

/// The keys of the facts that one operation asked about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    pub(crate) device: Option<i64>,
    pub(crate) session: Option<Uuid>,
    pub(crate) card: Option<i64>,
    pub(crate) item: Option<i64>,
    pub(crate) hold: Option<Uuid>,
    pub(crate) ready_holds: i64,
    pub(crate) card_failed_today: bool,
}

/// The facts of a turn.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) devices: HashMap<i64, Device>,
    pub(crate) sessions: HashMap<Uuid, Session>,
    pub(crate) cards: HashMap<i64, CardEntry>,
    pub(crate) patrons: HashMap<i64, PatronEntry>,
    pub(crate) items: HashMap<i64, Item>,
    /// Those whom an item can serve, by the item.
    queues: HashMap<i64, Vec<Queued>>,
    /// Pending holds that the loan of an item has served.
    pub(crate) served_by_loan: HashMap<i64, Vec<Uuid>>,
    pub(crate) holds: HashMap<Uuid, NamedHold>,
    pub(crate) remembered: HashMap<(i64, Uuid), Remembered>,
    /// By card.
    pub(crate) pins: HashMap<i64, PinRow>,
    /// By card.
    pub(crate) web_passwords: HashMap<i64, PasswordRow>,
    pub(crate) given_names: HashMap<i64, String>,
    /// Messages to the patron of a card, newest first.
    pub(crate) messages: HashMap<i64, Vec<Message>>,
    pub(crate) known_devices: HashMap<(i64, i64), KnownDevice>,
    pub(crate) budgets: HashMap<i64, DeviceBudgetEntry>,
    pub(crate) attempts: HashMap<(i64, Uuid), Attempt>,
    /// Cards that failed at a device within this turn, for its count of distinct ones.
    pub(crate) failed_in_turn: HashSet<(i64, Vec<u8>)>,
    /// Items whose loan was opened or closed in this turn: one statement cannot do both to one row.
    pub(crate) loan_changed: HashSet<i64>,
    /// What patrons were charged for being late in this turn, in cents.
    pub(crate) charged_late: HashMap<i64, i64>,
    /// Patrons of whom a loan was closed or renewed in this turn: their earliest due date may be another one now.
    pub(crate) loan_closed_of: HashSet<i64>,
}

impl World {
    /// Lays down what was found for a circulation operation.
    pub(crate) fn add_circulation(
        &mut self,
        found: circulation_facts::Facts,
        request_id: Option<Uuid>,
    ) -> Asked {
        let mut asked = Asked { device: self.add_device(found.device), ..Asked::default() };
        self.remember(asked.device, request_id, found.remembered);
        asked.session = found.session.map(|session| {
            let id = session.id;
            self.sessions.entry(id).or_insert(session);
            id
        });
        asked.card = self.add_party(found.party);
        asked.item = found.item.map(|item| {
            let id = item.id;
            self.items.entry(id).or_insert(item);
            if !found.queue.is_empty() {
                self.queues.entry(id).or_insert_with(|| found.queue);
            }
            if !found.served_by_loan.is_empty() {
                self.served_by_loan.entry(id).or_insert_with(|| found.served_by_loan);
            }
            id
        });
        asked.hold = found.hold.map(|hold| {
            let id = hold.id;
            self.holds.entry(id).or_insert(hold);
            id
        });
        asked
    }

    /// Lays down what was found for a PIN operation.
    pub(crate) fn add_pin(&mut self, found: pin_facts::Facts, attempt_id: Uuid) -> Asked {
        let device = self.add_device(found.device);
        self.remember(device, Some(attempt_id), found.remembered);
        let card = self.add_party(found.party);
        if let Some(card) = card {
            if let Some(pin) = found.pin {
                self.pins.entry(card).or_insert(pin);
            }
            if let Some(password) = found.web_password {
                self.web_passwords.entry(card).or_insert(password);
            }
            if let Some(names) = found.given_names {
                self.given_names.entry(card).or_insert(names);
            }
            self.messages.entry(card).or_insert(found.messages);
        }
        if let Some(device) = device {
            self.budgets.entry(device).or_insert(DeviceBudgetEntry {
                failures_in_window: found.failures_in_window,
                oldest_failure_at: found.oldest_failure_at,
                failing_cards_today: found.failing_cards_today,
                suspended_at: found.suspended_at,
            });
            if let (Some(card), Some(known)) = (card, found.known_device) {
                self.known_devices.entry((card, device)).or_insert(known);
            }
            if let Some(attempt) = found.attempt {
                self.attempts.entry((device, attempt_id)).or_insert(attempt);
            }
        }
        Asked {
            device,
            card,
            ready_holds: found.ready_holds,
            card_failed_today: found.card_failed_today,
            ..Asked::default()
        }
    }

    /// Lays down what was found for a door check.
    pub(crate) fn add_door(&mut self, device: Option<Device>, party: Option<Party>) -> Asked {
        Asked { device: self.add_device(device), card: self.add_party(party), ..Asked::default() }
    }

    fn add_device(&mut self, device: Option<Device>) -> Option<i64> {
        device.map(|device| {
            let id = device.id;
            self.devices.entry(id).or_insert(device);
            id
        })
    }

    fn remember(&mut self, device: Option<i64>, request_id: Option<Uuid>, remembered: Option<Remembered>) {
        if let (Some(device), Some(request_id), Some(remembered)) = (device, request_id, remembered) {
            self.remembered.entry((device, request_id)).or_insert(remembered);
        }
    }

    fn add_party(&mut self, party: Option<Party>) -> Option<i64> {
        party.map(|party| {
            self.cards
                .entry(party.card_id)
                .or_insert(CardEntry { patron_id: party.patron_id, facts: party.card });
            self.patrons.entry(party.patron_id).or_insert(PatronEntry {
                facts: party.patron,
                pseudonym: party.pseudonym,
                language: party.language,
                last_card_event_on: party.last_card_event_on,
            });
            party.card_id
        })
    }

    /// Those who wait for this item, in their order.
    pub(crate) fn queue(&self, item: i64) -> impl Iterator<Item = &Queued> {
        self.queues.get(&item).into_iter().flatten()
    }

    /// Takes the hold at this place of the queue of an item out of every queue: it is served.
    pub(crate) fn serve(&mut self, item: i64, place: usize) -> Option<Queued> {
        let served = self.queues.get(&item)?.get(place)?.clone();
        for queue in self.queues.values_mut() {
            queue.retain(|hold| hold.id != served.id);
        }
        Some(served)
    }

    /// Whether others wait for the item, and may.
    pub(crate) fn is_waited_for(item: &Item, rulebook: &Rulebook, today: NaiveDate) -> bool {
        item.waited_for && rulebook.is_ever_held(item.class(), today)
    }

    /// The item as the rules see it.
    pub(crate) fn item_facts(item: &Item, rulebook: &Rulebook, today: NaiveDate) -> facts::Item {
        facts::Item {
            state: item.state,
            material: item.material.clone(),
            collection: item.collection.clone(),
            age_rating: item.age_rating.and_then(|years| years.try_into().ok()),
            home_branch: item.home_branch_id,
            borrower: item.loan.as_ref().map(|loan| loan.patron_id),
            kept_for: item.kept_for.as_ref().map(|hold| facts::KeptFor {
                patron: hold.patron_id,
                pickup_branch: hold.pickup_branch_id,
                card: hold.card_id,
            }),
            waited_for: Self::is_waited_for(item, rulebook, today),
        }
    }

    /// Counts one loan more or less of a material for a patron, if the turn knows the patron.
    pub(crate) fn count_loan(&mut self, patron: i64, material: &str, opened: bool) {
        let Some(patron) = self.patrons.get_mut(&patron) else { return };
        let counts = &mut patron.facts.open_loans;
        match counts.iter_mut().find(|count| count.material == material) {
            Some(count) if opened => count.loans += 1,
            Some(count) => count.loans = count.loans.saturating_sub(1),
            None if opened => {
                counts.push(facts::MaterialCount { material: material.to_owned(), loans: 1 });
            }
            None => {}
        }
    }
}
