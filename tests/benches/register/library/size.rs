//! How large a library is, and which of its numbers mean what.

use uuid::Uuid;

/// Kiosks, and as many doors, and as many devices that flood.
pub(crate) const DEVICES: u64 = 64;

/// Sessions open at each kiosk.
pub(crate) const SESSIONS_PER_DEVICE: u64 = 256;

/// Sessions in all. Session `s` is at kiosk `s % DEVICES`.
pub(crate) const SESSIONS: u64 = DEVICES * SESSIONS_PER_DEVICE;

/// The number of the staff session at the first desk, beyond those of patrons.
pub(crate) const STAFF_SESSION: u64 = 1 << 32;

/// The patron who also has one more session at each kiosk: number `SESSIONS + d` at kiosk `d`.
pub(crate) const ONE_PATRON: u64 = 1;

/// Cards with a PIN that verifies: one for each kiosk.
pub(crate) const CARDS_WITH_PIN: u64 = DEVICES;

/// That PIN.
pub(crate) const PIN: &str = "4827";

/// Titles with a queue, apart from those of the items.
pub(crate) const QUEUED_TITLES: u64 = 2_000;

/// Pending holds on each of them.
pub(crate) const QUEUE_LENGTH: u64 = 10;

/// First byte of the keys of the holds that wait on the shelf.
pub(crate) const TAG_READY_HOLD: u8 = 0x30;

/// Items of the largest library.
pub(crate) const LARGEST_ITEMS: u64 = 3_000_000;

/// Connections at which everything is measured.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// The rows of a library. Items come in the order free, lent, kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) patrons: u64,
    /// Items that can be lent.
    pub(crate) free_items: u64,
    /// Items on loan, to be returned.
    pub(crate) lent_items: u64,
    /// Items that wait for a hold, by the connections at which they are picked up.
    pub(crate) kept_items: [u64; 3],
    /// Loans of the past.
    pub(crate) past_loans: u64,
}

impl Size {
    /// With everything to be lent, returned and picked up.
    pub(crate) const fn for_everything(patrons: u64) -> Self {
        Self {
            patrons,
            free_items: 160_000,
            lent_items: 100_000,
            kept_items: [8_192, 24_576, 65_536],
            past_loans: 10 * patrons,
        }
    }

    /// With everything to be lent, returned and picked up, as large as the largest consortium: three million items and
    /// ten million loans of the past.
    pub(crate) const fn largest() -> Self {
        let everything = Self::for_everything(1_000_000);
        let others = everything.items() - everything.free_items;
        Self { free_items: LARGEST_ITEMS - others, ..everything }
    }

    /// For a comparison by the number of patrons: doors and check-outs only.
    pub(crate) const fn for_growth(patrons: u64) -> Self {
        Self {
            patrons,
            free_items: if patrons > 100_000 { 2 * patrons } else { 160_000 },
            lent_items: patrons / 2,
            kept_items: [0, 0, 0],
            past_loans: 10 * patrons,
        }
    }

    /// For searches among patrons: hardly anything to lend.
    pub(crate) const fn for_search(patrons: u64) -> Self {
        Self { patrons, free_items: 1_000, lent_items: 0, kept_items: [0, 0, 0], past_loans: 0 }
    }

    pub(crate) const fn items(&self) -> u64 {
        self.free_items + self.lent_items + self.kept_items[0] + self.kept_items[1] + self.kept_items[2]
    }

    pub(crate) const fn titles(&self) -> u64 {
        self.items() / 3 + 1
    }

    /// The number before the first item that is kept for pick-ups at so many connections.
    pub(crate) fn kept_before(&self, connections: usize) -> u64 {
        let earlier = CONNECTIONS.iter().zip(self.kept_items).take_while(|(at, _)| **at != connections);
        earlier.map(|(_, items)| items).sum()
    }

    /// How many items are kept for pick-ups at so many connections.
    pub(crate) fn kept_at(&self, connections: usize) -> u64 {
        let found = CONNECTIONS.iter().zip(self.kept_items).find(|(at, _)| **at == connections);
        found.map_or(0, |(_, items)| items)
    }
}

/// Number `number` of a card, from 1.
pub(crate) fn card(number: u64) -> String {
    format!("K{number:08}")
}

/// Barcode of item `number`, from 1.
pub(crate) fn barcode(number: u64) -> String {
    format!("B{number:09}")
}

/// Key `number` of a kind of row.
pub(crate) fn key(tag: u8, number: u64) -> Uuid {
    Uuid::from_u128((u128::from(tag) << 120) | u128::from(number))
}

/// The session of a hold: number `number` of those picked up at so many connections. Connection `c`
/// takes the numbers `c`, `c + connections`, and so on, which are all its own patrons'.
pub(crate) const fn session_of_hold(number: u64, connections: u64) -> u64 {
    number % connections + DEVICES * (number / connections % SESSIONS_PER_DEVICE)
}
