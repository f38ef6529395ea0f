//! What the machine can do without a register in between.

mod argon;
mod postgres;
mod sqlite;

use crate::{library::Library, load::Span};
use kortisto_testkit::Engine;

pub(crate) use argon::bare_hashes;
pub(crate) use postgres::install;

/// What the floor of check-outs is, for people.
pub(crate) const fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "pgbench, one function, 8 clients",
        Engine::Sqlite => "the SQLite library, one thread, one check-out per commit",
    }
}

/// Check-outs per second that write the same rows, without gRPC.
pub(crate) async fn check_outs(library: &Library, span: Span) -> f64 {
    match library.engine {
        Engine::Postgres => postgres::check_outs(library, span).await,
        Engine::Sqlite => sqlite::check_outs(library, span).await,
    }
}
