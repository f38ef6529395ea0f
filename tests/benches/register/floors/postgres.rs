//! pgbench, with a check-out as one function of the database.

use crate::{
    baselines::function::ANSWER,
    library::{
        Library,
        size::{DEVICES, SESSIONS_PER_DEVICE},
    },
    load::Span,
};
use std::{ffi::OsString, fs, path::PathBuf};
use tokio::process::Command;

const FUNCTION: &str = include_str!("checkout.sql");

/// Clients of pgbench: the number at which it does most on two cores.
const CLIENTS: u64 = 8;

/// Threads of pgbench.
const THREADS: u64 = 2;

/// Check-outs per second beyond which the free items do not last. No machine of two cores comes near.
const RATE_MAX: u64 = 12_000;

/// Defines the function.
pub(crate) async fn install(library: &Library) {
    library.run(FUNCTION).await;
}

pub(super) async fn check_outs(library: &Library, span: Span) -> f64 {
    let seconds = span.measured.as_secs().max(1);
    let before = library.set_free_aside((RATE_MAX * seconds).min(library.free_left()));
    let script = format!(
        "\\set n :n + 1\n\
         \\set item {before} + 1 + :n * {CLIENTS} + :client_id\n\
         \\set session :client_id + {DEVICES} * random(0, {})\n\
         select bench_checkout(1 + (:client_id)::bigint, \
         sha256(decode(lpad(to_hex((:session)::bigint), 64, '0'), 'hex')), \
         'B' || lpad((:item)::text, 9, '0'), gen_random_uuid(), '{}');\n",
        SESSIONS_PER_DEVICE - 1,
        // A colon before a letter would be a variable.
        ANSWER.replace(':', "=")
    );
    let path = library.folder.path().join("checkout.pgbench");
    fs::write(&path, script).expect("a file");
    let output = Command::new(pgbench())
        .args(["-n", "-M", "prepared", "-D", "n=-1"])
        .args(["-c", &CLIENTS.to_string(), "-j", &THREADS.to_string(), "-T", &seconds.to_string()])
        .arg("-f")
        .arg(&path)
        .arg(library.url())
        .output()
        .await
        .expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The newest pgbench of the machine.
fn pgbench() -> OsString {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin/pgbench")).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().map_or_else(|| "pgbench".into(), PathBuf::into_os_string)
}
