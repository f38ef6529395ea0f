//! How fast the register is, through mTLS gRPC, on both engines: each figure beside a floor of the same run.
//!
//! ```text
//! cargo bench -p kortisto-tests --bench register -- [--quick] [--full] [--json FILE] [--engine ENGINE] [MEASURE..]
//! ```
//!
//! The server is `kortisto serve` with its defaults, in a process of its own, on a database that writes every
//! commit to the disk. Clients are tonic's, in this process, each connection with its own certificate. Clients,
//! server and database share the machine, so only ratios mean something: rounds alternate between a figure and
//! its floor, and the median ratio counts.

mod baselines;
mod caller;
mod child;
mod floors;
mod library;
mod load;
mod machine;
mod measures;
mod options;
mod report;

use clap::Parser as _;
use kortisto_server::tls::crypto;
use options::Options;
use report::Report;
use std::{fs, process::ExitCode};

#[tokio::main]
async fn main() -> ExitCode {
    if let Some(role) = child::role() {
        return child::play(&role).await;
    }
    let options = Options::parse();
    crypto::install_default();
    let mut report = Report::default();
    Report::head();
    for engine in options.engines() {
        measures::run(engine, &options, &mut report).await;
    }
    println!("\n{}", report.summary());
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&report.json()).expect("plain data");
        if let Err(error) = fs::write(path, text + "\n") {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
