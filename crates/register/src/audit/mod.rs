//! The chain over the audit trail: who changes, deletes or reorders a row, or cuts off the end, is found out.
//!
//! Operations write their audit rows in their own transactions and know nothing of the chain. A sealer gives the rows
//! numbers afterwards, one a second if there is something: each seal holds the hash of the row together with the hash
//! of the seal before it. Every minute the newest hash is signed: a head. Heads that are kept on another machine show
//! a chain that was cut off or written anew; without them that machine's word stands alone. What is not sealed yet,
//! about a second's rows, is the only part that can be changed unseen.
//!
//! | what | where |
//! |---|---|
//! | the row of what a device or a job did | `entry` |
//! | which bytes of a row are hashed, and how | `canonical` |
//! | old and new values, which can be erased | `values` |
//! | item, loan and hold, which can be forgotten | `canonical::named_hash` |
//! | numbers and hashes | `seal` |
//! | signatures, and the file of heads | `head` |
//! | the check | `verify` |

mod canonical;
mod entry;
mod head;
mod seal;
pub(crate) mod values;
mod verify;

pub(crate) use canonical::named_hash;
pub(crate) use entry::{About, Author};
pub use head::{Head, HeadFault, heads, parse_heads};
pub(crate) use seal::first_id_at;
pub use seal::{SEAL_MARGIN, Sealer};
pub use verify::{ChainFault, ChainReport, verify};
