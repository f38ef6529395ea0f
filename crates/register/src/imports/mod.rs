//! Imports: what comes into the register as files. `docs/import.md` documents every column.
//!
//! One file is one transaction: all of its rows or none. It is read as a stream, in batches; each batch is
//! compared with what the register has under the same natural keys, and only what is new or differs is
//! written. So the same file once more changes nothing. A file with a bad row is read to its end all the
//! same, so that its report names every fault at once.
//!
//! | a change to ... | file |
//! |---|---|
//! | the columns of a kind, and what is right in them | the file of the kind |
//! | what a date, a code, a text may be | `row.rs` |
//! | opening hours day by day, which come as JSON | `opening_hours/` |
//! | policy files, which come as TOML | `crate::policies` |
//! | delimiters, headers, broken rows | `table.rs` |
//! | records of MARC 21, and which field is which column | `marc/` |
//! | how a batch reaches the database | `run.rs`, `kortisto_store::queries::bulk` |

mod branches;
mod fault;
mod items;
pub(crate) mod kind;
mod layout;
mod line_ends;
mod marc;
mod material;
mod meter;
mod opening_hours;
mod patrons;
mod policies;
mod report;
mod row;
mod run;
mod source;
mod table;
mod titles;

pub use fault::{FAULTS_LISTED_MAX, FaultList, RowFault};
pub use kind::{ImportKind, ImportOptions, Progress};
pub use layout::{Column, Layout, Need};
pub use material::MATERIALS;
pub use report::{ImportError, ImportReport};
pub use row::CODE_CHARS_MAX;
pub use run::{BATCH_ROWS, ROWS_MAX, import};
pub use source::{SOURCE_BYTES_MAX, Source};
