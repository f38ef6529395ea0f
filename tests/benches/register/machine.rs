//! What the processes use, read from `/proc`.

use std::{fs, io};

/// Length of a tick in `/proc`, in microseconds: the kernel shows hundredths of a second to everybody.
const TICK_MICROS: f64 = 10_000.0;

/// CPU time in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// Of the server.
    pub(crate) server_us: f64,
    /// Of PostgreSQL; nothing on SQLite, which works inside the server.
    pub(crate) database_us: f64,
}

impl Cpu {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server_us: self.server_us - before.server_us,
            database_us: self.database_us - before.database_us,
        }
    }

    pub(crate) fn per(self, answers: usize) -> Self {
        let answers = (answers as f64).max(1.0);
        Self { server_us: self.server_us / answers, database_us: self.database_us / answers }
    }
}

/// Whose CPU is counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    pub(crate) server: Option<u32>,
    pub(crate) postmaster: Option<u32>,
}

impl Meter {
    pub(crate) fn read(&self) -> Cpu {
        Cpu {
            server_us: self.server.and_then(|pid| stat(pid).ok()).map_or(0.0, |stat| stat.own),
            database_us: self.postmaster.map_or(0.0, with_children),
        }
    }
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

fn stat(pid: u32) -> io::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; what follows it is numbers.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> =
        rest.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0.0)).collect();
    let ticks = |from: usize| fields.iter().skip(from).take(2).sum::<f64>() * TICK_MICROS;
    Ok(Stat {
        parent: fields.first().map_or(0, |parent| *parent as u32),
        own: ticks(10),
        ended_children: ticks(12),
    })
}

fn with_children(parent: u32) -> f64 {
    let own = stat(parent).map_or(0.0, |stat| stat.own + stat.ended_children);
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = pids.filter_map(|pid| stat(pid).ok()).filter(|stat| stat.parent == parent);
    own + children.map(|stat| stat.own).sum::<f64>()
}

/// The parent of a process: of any backend, the postmaster.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    stat(pid).ok().map(|stat| stat.parent)
}

/// Memory of a process that is in RAM now, and at most since [`forget_peak`], both in MiB.
pub(crate) fn memory_mib(pid: u32) -> (f64, f64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        kib / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Lets the peak of a process begin anew.
pub(crate) fn forget_peak(pid: u32) {
    // Without it the peak is that of the whole life of the process, which is never less.
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}
