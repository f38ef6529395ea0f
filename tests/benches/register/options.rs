//! The command line.

use crate::load::Span;
use clap::{Parser, ValueEnum};
use kortisto_testkit::Engine;
use std::{path::PathBuf, time::Duration};

/// Measures the register through mTLS gRPC, each figure against a floor of the same run.
#[derive(Debug, Parser)]
#[command(name = "register")]
pub(crate) struct Options {
    /// One short round: shows that everything runs, and figures that wander.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Also libraries of a million patrons, three million items and ten million past loans, which take minutes to set up.
    #[arg(long)]
    pub(crate) full: bool,
    /// Also write the results to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Only this engine.
    #[arg(long)]
    engine: Option<EngineName>,
    /// Rounds of each measure; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds for which each point is measured.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// What cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Only these measures. All of them without a name.
    names: Vec<Measure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    Sqlite,
    Postgres,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// TLS against plain TCP, and what the server's edge costs.
    Echo,
    /// Check-outs against the database doing the same work by itself.
    Checkout,
    /// Returns against check-outs.
    Return,
    /// Pick-ups against check-outs.
    Pickup,
    /// Check-outs against a server that asks the database entity by entity.
    Entities,
    /// One caller against a server that calls one function of the database (PostgreSQL).
    Lone,
    /// Door checks against echoes.
    Door,
    /// PIN verifications against the bare hash.
    Authenticate,
    /// Doors and memory while wrong PINs flood in.
    Flood,
    /// Many callers on one item and on one patron.
    Contention,
    /// One request in a hundred that cannot be carried out.
    Poison,
    /// Memory of a server that nobody asks.
    Memory,
    /// Many patrons against few.
    Growth,
    /// Doors at two servers while bans are placed.
    Bans,
    /// Searches of staff.
    Search,
}

impl Options {
    pub(crate) fn wants(&self, measure: Measure) -> bool {
        self.names.is_empty() || self.names.contains(&measure)
    }

    pub(crate) fn wants_any(&self, measures: &[Measure]) -> bool {
        measures.iter().any(|measure| self.wants(*measure))
    }

    pub(crate) fn engines(&self) -> Vec<Engine> {
        match self.engine {
            None => vec![Engine::Postgres, Engine::Sqlite],
            Some(EngineName::Sqlite) => vec![Engine::Sqlite],
            Some(EngineName::Postgres) => vec![Engine::Postgres],
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// How long each point is warmed up and measured.
    pub(crate) fn span(&self) -> Span {
        if self.quick {
            Span {
                warm_up: Duration::from_millis(300),
                measured: Duration::from_secs(1),
                pause: Duration::ZERO,
            }
        } else {
            let measured = Duration::from_secs(self.seconds.max(1));
            Span { warm_up: Duration::from_millis(700), measured, pause: Duration::ZERO }
        }
    }
}
