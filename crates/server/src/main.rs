//! The binary `kortisto`.

use clap::Parser as _;
use kortisto_server::commands::{Cli, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
