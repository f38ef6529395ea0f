//! `kortisto jobs`: the work that time sets off, by hand or from a timer.

use super::{Failure, Outcome, open};
use clap::{Subcommand, ValueEnum};
use kortisto_register::{
    Register,
    jobs::{self, Job, JobOrder, RunOutcome},
};
use kortisto_vault::HashCost;
use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

/// How long one job may take, unless it is said otherwise.
const MINUTES_DEFAULT: u64 = 60;

/// Runs that are shown, unless it is said otherwise.
const RUNS_DEFAULT: u64 = 20;

#[derive(Debug, Subcommand)]
pub(super) enum JobsCommand {
    /// Show every job: what it does, how often, when it last went through, and why it failed.
    List,
    /// Run one job now, whether or not it is due.
    Run {
        /// Which.
        #[arg(value_enum)]
        job: JobName,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Rows of one batch.
        #[arg(long, default_value_t = jobs::BATCH_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=jobs::BATCH_MAX))]
        batch: u64,
        /// Minutes after which no batch begins any more.
        #[arg(long, default_value_t = MINUTES_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1440))]
        minutes: u64,
    },
    /// Run every job that is due, and end: for a timer, where `jobs.in_server` is off.
    Due,
    /// Show the last runs that did something or failed, the newest first.
    History {
        /// Of which job; of all without.
        #[arg(value_enum)]
        job: Option<JobName>,
        /// How many.
        #[arg(long, default_value_t = RUNS_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1000))]
        runs: u64,
    },
}

/// A job by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct JobName(Job);

impl ValueEnum for JobName {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: std::sync::LazyLock<Vec<JobName>> =
            std::sync::LazyLock::new(|| Job::ALL.iter().copied().map(JobName).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()).help(self.0.about()))
    }
}

pub(super) async fn run(file: Option<&Path>, command: JobsCommand) -> Outcome {
    let config = open::config(file)?;
    let register = Arc::new(open::register_beside(&config, HashCost::RECOMMENDED).await?);
    let outcome = match command {
        JobsCommand::List => list(&register).await,
        JobsCommand::Run { job: JobName(job), dry_run, batch, minutes } => {
            let order = JobOrder { batch, ..JobOrder::within(Duration::from_secs(minutes * 60)) };
            one(&register, job, if dry_run { order.dry() } else { order }).await
        }
        JobsCommand::Due => due(&register).await,
        JobsCommand::History { job, runs } => history(&register, job.map(|name| name.0), runs).await,
    };
    register.close().await;
    outcome
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::of("jobs", error)
}

async fn list(register: &Register) -> Outcome {
    let states = jobs::states(register.store().readers()).await.map_err(|error| failed(&error))?;
    let moment = register.surroundings().moment();
    let local = |at: chrono::DateTime<chrono::Utc>| {
        at.with_timezone(&register.surroundings().zone).format("%Y-%m-%d %H:%M:%S").to_string()
    };
    for job in Job::ALL {
        println!("{}  ({})", job.name(), job.rhythm());
        println!("  {}", job.about().trim());
        let Some(state) = states.get(job.name()) else {
            println!("  has not run yet");
            continue;
        };
        if let Some(finished) = state.last.finished {
            println!("  last went through: begun {}", local(finished));
        }
        if let Some(ended) = state.last.failed {
            let why = state.failure.as_deref().unwrap_or("cut short, goes on");
            println!("  last try ended {}: {why}", local(ended));
        }
        match state.held_until.filter(|until| *until > moment.at()) {
            Some(_) => println!("  is running"),
            None => println!(
                "  due from {}",
                local(job.rhythm().due_from(state.last, &moment).max(chrono::DateTime::UNIX_EPOCH))
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn one(register: &Arc<Register>, job: Job, order: JobOrder) -> Outcome {
    match register.run_job(job, order).await.map_err(|error| failed(&error))? {
        RunOutcome::Ran(report) => {
            println!("{}{}: {report}", job.name(), if order.dry_run { " would do" } else { "" });
            Ok(if report.finished { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        RunOutcome::HeldElsewhere => Err(Failure::new(format!(
            "jobs: {} is running in another process; look with `kortisto jobs list`, or wait {} s",
            job.name(),
            jobs::HELD_FOR.num_seconds()
        ))),
    }
}

/// Every job is tried; the first failure is told at the end.
async fn due(register: &Arc<Register>) -> Outcome {
    let mut first_failure = None;
    for job in Job::ALL {
        match jobs::run_if_due(register, *job).await {
            Ok(Some(RunOutcome::Ran(report))) => println!("{}: {report}", job.name()),
            Ok(Some(RunOutcome::HeldElsewhere)) => println!("{}: is running in another process", job.name()),
            Ok(None) => {}
            Err(error) => {
                eprintln!("{}: {error}", job.name());
                first_failure.get_or_insert_with(|| failed(&error));
            }
        }
    }
    first_failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

async fn history(register: &Register, job: Option<Job>, runs: u64) -> Outcome {
    let rows = jobs::history(register.store().readers(), job, runs).await.map_err(|error| failed(&error))?;
    for row in rows {
        let begun = row.started_at.with_timezone(&register.surroundings().zone);
        let took = row.ended_at - row.started_at;
        let end = match (&row.failure, row.finished) {
            (Some(failure), _) => format!("FAILED: {failure}"),
            (None, true) => String::from("finished"),
            (None, false) => String::from("cut short"),
        };
        println!(
            "{}  {}  {} s  {}  {end}",
            begun.format("%Y-%m-%d %H:%M:%S"),
            row.job,
            took.num_seconds(),
            row.report
        );
    }
    Ok(ExitCode::SUCCESS)
}
