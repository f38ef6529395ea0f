//! The operations of a lane, and their replies.

use super::{Deferral, Turn};
use crate::{
    access::{AccessAnswer, check_access::CheckAccess},
    holds::pick_up::PickUp,
    loans::{
        LoanAnswer, ReturnAnswer, UndoAnswer, checkout::Checkout, take_back::Return, undo::CancelCheckout,
    },
    patrons::{
        end_session::EndSession,
        reserve_attempt::{Admitted, ReserveAttempt},
        settle_attempt::{SettleAttempt, Settled},
    },
};
use kortisto_store::queries::{circulation_facts, dialect::Hex, door_facts, locks, pin_facts};
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use uuid::Uuid;

/// What is asked of a desk.
pub(crate) enum Operation {
    Checkout(Checkout),
    Return(Return),
    CancelCheckout(CancelCheckout),
    PickUp(PickUp),
    EndSession(EndSession),
    ReserveAttempt(ReserveAttempt),
    SettleAttempt(SettleAttempt),
    CheckAccess(CheckAccess),
}

/// What a desk answers. Those that answer a request id are kept as JSON: a name or a field of them is
/// never renamed, only added with a default.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Loan(LoanAnswer),
    Return(ReturnAnswer),
    Undone(UndoAnswer),
    SessionEnded,
    Settled(Settled),
    Access(AccessAnswer),
    #[serde(skip)]
    Admitted(Box<Admitted>),
}

/// The facts that an operation needs.
pub(crate) enum FactsKey {
    Circulation(circulation_facts::Key),
    Pin(pin_facts::Key),
    Door(door_facts::Key),
}

fn key<T: Hash>(what: T) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(what)
}

impl Operation {
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        match self {
            Self::Checkout(operation) => operation.decide(turn, index),
            Self::Return(operation) => operation.decide(turn, index),
            Self::CancelCheckout(operation) => operation.decide(turn, index),
            Self::PickUp(operation) => operation.decide(turn, index),
            Self::EndSession(operation) => operation.decide(turn, index),
            Self::ReserveAttempt(operation) => operation.decide(turn, index),
            Self::SettleAttempt(operation) => operation.decide(turn, index),
            Self::CheckAccess(operation) => operation.decide(turn, index),
        }
    }

    /// What the operation may conflict on; see the lane.
    pub(crate) fn keys(&self, keys: &mut Vec<u64>) {
        match self {
            Self::Checkout(o) => keys.extend([
                key(("token", o.token_hash)),
                key(("item", &o.barcode)),
                key(("request", o.caller.device_id, o.request_id)),
            ]),
            Self::Return(o) => {
                keys.extend([key(("item", &o.barcode)), key(("request", o.caller.device_id, o.request_id))]);
            }
            Self::CancelCheckout(o) => {
                keys.extend([key(("item", &o.barcode)), key(("request", o.caller.device_id, o.request_id))]);
            }
            Self::PickUp(o) => keys.extend([
                key(("token", o.token_hash)),
                key(("hold", o.hold_id)),
                key(("request", o.caller.device_id, o.request_id)),
            ]),
            Self::EndSession(o) => keys
                .extend([key(("token", o.token_hash)), key(("request", o.caller.device_id, o.request_id))]),
            Self::ReserveAttempt(o) => {
                keys.extend([
                    key(("card", &o.card_number)),
                    key(("request", o.caller.device_id, o.attempt_id)),
                ]);
            }
            Self::SettleAttempt(o) => {
                keys.extend([
                    key(("card", &o.card_number)),
                    key(("request", o.caller.device_id, o.attempt_id)),
                ]);
            }
            // Doors change nothing that another operation decides on.
            Self::CheckAccess(_) => {}
        }
    }

    /// Whether only doors are asked about, which need no lock.
    pub(crate) fn is_door(&self) -> bool {
        matches!(self, Self::CheckAccess(_))
    }

    /// The rows to hold while deciding.
    pub(crate) fn lock_key(&self) -> Option<locks::Key> {
        let hex = |bytes: &[u8; 32]| Some(Hex(bytes.to_vec()));
        match self {
            Self::Checkout(o) => Some(locks::Key {
                token_hash: hex(&o.token_hash),
                barcode: Some(o.barcode.clone()),
                ..locks::Key::default()
            }),
            Self::Return(o) => Some(locks::Key {
                barcode: Some(o.barcode.clone()),
                queue: true,
                borrower: true,
                ..locks::Key::default()
            }),
            Self::CancelCheckout(o) => {
                Some(locks::Key { barcode: Some(o.barcode.clone()), ..locks::Key::default() })
            }
            Self::PickUp(o) => Some(locks::Key {
                token_hash: hex(&o.token_hash),
                hold_id: Some(o.hold_id),
                ..locks::Key::default()
            }),
            Self::EndSession(o) => {
                Some(locks::Key { token_hash: hex(&o.token_hash), ..locks::Key::default() })
            }
            Self::ReserveAttempt(ReserveAttempt { caller, card_number, .. })
            | Self::SettleAttempt(SettleAttempt { caller, card_number, .. }) => Some(locks::Key {
                device: hex(&caller.fingerprint),
                card: Some(card_number.clone()),
                ..locks::Key::default()
            }),
            Self::CheckAccess(_) => None,
        }
    }

    /// What to load for the operation at place `ord` of its turn.
    pub(crate) fn facts_key(&self, ord: i64, windows: super::load::Windows) -> FactsKey {
        let circulation = |fingerprint: &[u8; 32], request_id: Uuid| circulation_facts::Key {
            fingerprint: Hex(fingerprint.to_vec()),
            request_id: Some(request_id),
            ..circulation_facts::Key::blank(ord, windows.today)
        };
        let token = |hash: &[u8; 32]| Some(Hex(hash.to_vec()));
        match self {
            Self::Checkout(o) => FactsKey::Circulation(circulation_facts::Key {
                token_hash: token(&o.token_hash),
                barcode: Some(o.barcode.clone()),
                ..circulation(&o.caller.fingerprint, o.request_id)
            }),
            Self::Return(o) => FactsKey::Circulation(circulation_facts::Key {
                barcode: Some(o.barcode.clone()),
                wants_queue: true,
                ..circulation(&o.caller.fingerprint, o.request_id)
            }),
            Self::CancelCheckout(o) => FactsKey::Circulation(circulation_facts::Key {
                barcode: Some(o.barcode.clone()),
                ..circulation(&o.caller.fingerprint, o.request_id)
            }),
            Self::PickUp(o) => FactsKey::Circulation(circulation_facts::Key {
                token_hash: token(&o.token_hash),
                hold_id: Some(o.hold_id),
                ..circulation(&o.caller.fingerprint, o.request_id)
            }),
            Self::EndSession(o) => FactsKey::Circulation(circulation_facts::Key {
                token_hash: token(&o.token_hash),
                ..circulation(&o.caller.fingerprint, o.request_id)
            }),
            Self::ReserveAttempt(ReserveAttempt { caller, attempt_id, card_number, card_key, .. })
            | Self::SettleAttempt(SettleAttempt { caller, attempt_id, card_number, card_key, .. }) => {
                FactsKey::Pin(pin_facts::Key {
                    ord,
                    fingerprint: Hex(caller.fingerprint.to_vec()),
                    attempt_id: *attempt_id,
                    card: card_number.clone(),
                    card_key: Hex(card_key.to_vec()),
                    window_from: windows.window_from,
                    day_from: windows.day_from,
                    today: windows.today,
                })
            }
            Self::CheckAccess(o) => FactsKey::Door(door_facts::Key {
                ord,
                fingerprint: Hex(o.caller.fingerprint.to_vec()),
                card: o.card_number.clone(),
                today: windows.today,
            }),
        }
    }

    /// The id under which its answer may have been remembered.
    pub(crate) fn request_id(&self) -> Option<Uuid> {
        match self {
            Self::Checkout(o) => Some(o.request_id),
            Self::Return(o) => Some(o.request_id),
            Self::CancelCheckout(o) => Some(o.request_id),
            Self::PickUp(o) => Some(o.request_id),
            Self::EndSession(o) => Some(o.request_id),
            Self::ReserveAttempt(o) => Some(o.attempt_id),
            Self::SettleAttempt(o) => Some(o.attempt_id),
            Self::CheckAccess(_) => None,
        }
    }
}
