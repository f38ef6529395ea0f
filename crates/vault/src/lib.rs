//! Secrets: how a PIN is kept and checked, the keys it is kept under, and everything else that is derived
//! from a key. Small on purpose: it is meant to be audited in an hour, and it knows no database, no gRPC and
//! no configuration.
//!
//! Read it in this order:
//!
//! | module | what | threat it answers |
//! |---|---|---|
//! | [`random`] | where every salt, nonce, key and code comes from | guessable secrets |
//! | [`pin`] | a PIN that cannot be printed, copied or empty (requirement A31) | a PIN in a log; an empty PIN that matches an empty field |
//! | [`password`] | a password: a patron's in the online library, a staff member's | a password in a log; one everybody guesses |
//! | [`secret`] | what both have in common, and whose a stored one is | a row moved from one table to another |
//! | [`keys`] | the keys, their file, their rotation | a stolen database or backup (threat 12), a lost or leaked key (threat 19) |
//! | [`hash_cost`] | the argon2id numbers and why | offline guessing made cheap by a careless setting |
//! | [`stored_pin`] | what the database keeps of a PIN: hashed, then encrypted, bound to its card (A31) | a stolen table; a row copied from a card whose PIN the thief knows |
//! | [`pool`] | where PINs are hashed: few threads, a bounded queue | a flood of wrong PINs that starves the doors or the memory (threats 2 and 15) |
//! | [`fingerprints`] | keyed fingerprints of wrong PINs, card numbers and requests | a counter run up by one mistyped PIN; card numbers in attempt rows |
//! | [`identity_code`] | a personal identity code that cannot be printed, validated and never mended (A14) | a code in a log; somebody else's code by a slip of the finger |
//! | [`sealed_code`] | what the database keeps of it: encrypted for its patron, and a blind index to find it by | a stolen table; a code moved to another patron |
//! | [`issued_pin`] | PINs that the register gives out | a PIN kept in a remembered answer |
//! | [`tokens`] | patron session tokens, pseudonyms per audience | a database reader who acts as a patron; services that compare notes about a patron |
//! | [`one_time`] | the password an administrator hands to a colleague, to be changed at once | a password that stays known to two |
//! | [`signing`] | signatures of the audit chain's heads | a database whose history was written anew (threat 13) |
//! | [`enrolment_code`] | the one-time code that admits a device | a guessed or mistyped enrolment |
//!
//! # What it promises
//!
//! - No public type shows a secret through `Debug` or `Display`, and no error text carries one. `tests/secrecy.rs`
//!   holds this.
//! - An unknown card costs the same hash, with the same numbers, through the same queue, as a known one
//!   (threat 5, ASVS 6.3.8). A stored PIN that cannot be read is a PIN that does not match, never a panic.
//! - Comparisons of secrets take the same time whatever they compare.
//! - Every queue, length and cost has a named bound.
//!
//! # What it does not protect against
//!
//! - **A four-digit PIN has ten thousand values.** At the recommended cost one core tries them all in under
//!   three minutes. Two things stand between a thief and the PIN, and neither is argon2: the keys, which are not
//!   in the database or its backups, and the attempt budget, which the register keeps and this crate does not.
//!   Whoever has the key file and the table has the PINs. With the printed card number this is below AAL1 of
//!   NIST SP 800-63B-4, so no personal identity code may ever be released on it.
//! - Whoever can read the memory of the running server has the keys. Secrets are wiped when dropped, but the
//!   memory is not locked, the key file's parser keeps copies until they are overwritten, and the argon2 arenas
//!   are reused and not wiped in between. Switch core dumps off (`LimitCORE=0`).
//! - The time of a hash depends on the cost stored with it. Between a change of cost and a patron's next
//!   successful PIN, that card can be told apart from an unknown one by time; a floor on the time of a refusal,
//!   kept by the caller, hides it.
//! - Whoever may write to the database can end a session, or put a PIN row back that was on the same card
//!   before. They cannot set a PIN they know, because they cannot seal it for the card.

pub mod enrolment_code;
pub mod fingerprints;
pub mod hash_cost;
pub mod identity_code;
pub mod issued_pin;
pub mod keys;
pub mod one_time;
pub mod password;
pub mod pin;
pub mod pool;
pub mod random;
pub mod sealed_code;
pub mod secret;
pub mod signing;
pub mod stored_pin;
pub mod tokens;

mod common_passwords;
mod common_pins;
mod hasher;
mod key_fault;
mod key_file;
mod mac;
mod masters;
mod queue;
mod verifier;

pub use enrolment_code::{EnrolmentCode, EnrolmentCodeFault};
pub use hash_cost::{HashCost, HashCostFault};
pub use identity_code::{IdentityCode, IdentityCodeFault};
pub use key_fault::KeyFault;
pub use keys::{KeyId, Keys};
pub use password::{Password, PasswordFault};
pub use pin::{LengthRange, Pin, PinFault};
pub use pool::{PinVault, PoolSize, VaultBusy};
pub use random::{Random, SeededRandom, SystemRandom};
pub use sealed_code::{PatronBinding, SealedCode, SealedCodeFault};
pub use secret::{CardBinding, Owner, PasswordBinding, Secret};
pub use stored_pin::{StoredPin, StoredPinFault};
pub use tokens::token_hash;
pub use verifier::Verification;
