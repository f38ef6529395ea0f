//! `kortisto check`: what is wrong, and how to mend it. Changes nothing.

use super::{Failure, Outcome, migrate, open};
use crate::{
    Now,
    config::Config,
    tls::{TlsReloader, crypto},
};
use chrono::Duration;
use kortisto_register::{
    Clock as _, SystemClock,
    jobs::{self, Job},
};
use kortisto_store::{
    Engine, Store,
    queries::server_facts::{self, DURABILITY_SETTINGS},
};
use std::{path::Path, process::ExitCode, sync::Arc};
use tokio::time::Instant;

/// How far the clocks of server and database may be apart: a door's answer is good for 5 s.
const CLOCK_DIFFERENCE_MAX: Duration = Duration::seconds(2);

/// How old the last run of a job may be that went through: the rarest are daily.
const JOB_AGE_MAX: Duration = Duration::days(2);

/// The database's time to answer.
const PING_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);

/// Every finding, told as it is found.
#[derive(Default)]
struct Findings {
    wrong: usize,
}

impl Findings {
    fn tell(&mut self, what: &str, found: Result<String, Failure>) {
        match found {
            Ok(fine) => println!("ok     {what:<14} {fine}"),
            Err(failure) => {
                self.wrong += 1;
                println!("WRONG  {what:<14} {failure}");
            }
        }
    }
}

pub(super) async fn run(file: Option<&Path>) -> Outcome {
    crypto::install_default();
    let mut findings = Findings::default();
    let config = match open::config(file) {
        Ok(config) => config,
        Err(failure) => {
            findings.tell("configuration", Err(failure));
            return Ok(ExitCode::FAILURE);
        }
    };
    findings.tell(
        "configuration",
        Ok(file.map_or_else(|| "defaults and environment".to_owned(), |file| file.display().to_string())),
    );
    findings.tell("keys", open::keys(&config).map(|keys| format!("PIN key {} is in use", keys.current().0)));
    findings.tell("certificates", certificates(&config));
    findings.tell("enrolment", enrolment(&config));
    findings.tell(
        "staff",
        open::openid(&config).map(|openid| match openid {
            Some(_) => "passwords, and tokens of the identity provider".to_owned(),
            None => "passwords (staff.openid is not set)".to_owned(),
        }),
    );
    // Opening an SQLite file makes it, and this command changes nothing.
    let missing =
        config.database.url.expose().strip_prefix("sqlite://").filter(|path| !Path::new(path).exists());
    let opened = match missing {
        Some(path) => Err(Failure::new(format!("{path} does not exist; `kortisto migrate` makes it"))),
        None => open::store(&config).await,
    };
    match opened {
        Err(failure) => findings.tell("database", Err(failure)),
        Ok(store) => {
            findings.tell("database", answers(&store).await);
            findings.tell("schema", migrate::refuse_stale(&store).await.map(|()| "up to date".to_owned()));
            findings.tell("clock", clock(&store).await);
            findings.tell("durability", durability(&store).await);
            findings.tell("record", record(&store).await);
            findings.tell("jobs", work_of_time(&store).await);
        }
    }
    if findings.wrong == 0 {
        println!("Nothing is wrong.");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("{} thing(s) to mend.", findings.wrong);
        Ok(ExitCode::FAILURE)
    }
}

fn certificates(config: &Config) -> Result<String, Failure> {
    let now: Now = Arc::new(|| SystemClock.now());
    TlsReloader::load(config.tls.files(), now)
        .map(|_| {
            format!(
                "{} and its key, device authority {}",
                config.tls.certificate.display(),
                config.tls.device_authority.display()
            )
        })
        .map_err(|fault| Failure::of("certificates", &fault))
}

fn enrolment(config: &Config) -> Result<String, Failure> {
    Ok(match open::issuer(config)? {
        Some(_) => format!("certificates are issued here, for {} h", config.tls.device_certificate_hours),
        None => "certificates come from elsewhere (tls.issuing_authority_key is not set)".to_owned(),
    })
}

async fn answers(store: &Store) -> Result<String, Failure> {
    store.ping(Instant::now() + PING_LIMIT).await.map_err(|error| Failure::of("database", &error))?;
    Ok(match store.engine() {
        Engine::Sqlite => "SQLite answers".to_owned(),
        Engine::Postgres => "PostgreSQL answers".to_owned(),
    })
}

/// Whether an acknowledged write survives. SQLite is opened so that it does.
async fn durability(store: &Store) -> Result<String, Failure> {
    if store.engine() == Engine::Sqlite {
        return Ok("write-ahead log, synchronous=FULL".to_owned());
    }
    let mut fine = Vec::new();
    for setting in DURABILITY_SETTINGS {
        let value = server_facts::setting(store.readers(), setting)
            .await
            .map_err(|error| Failure::of("durability", &error))?;
        if ["off", "local"].contains(&value.as_str()) {
            return Err(Failure::new(format!(
                "PostgreSQL runs with {setting} = {value}, so an acknowledged loan may be lost; set it to on"
            )));
        }
        fine.push(format!("{setting} = {value}"));
    }
    Ok(fine.join(", "))
}

/// Whether the server could change the record. No fault: the chain would show it.
async fn record(store: &Store) -> Result<String, Failure> {
    if store.engine() == Engine::Sqlite {
        return Ok("triggers keep it from being changed".to_owned());
    }
    let may_change = server_facts::may_change_audit(store.readers())
        .await
        .map_err(|error| Failure::of("record", &error))?;
    Ok(if may_change {
        "this role owns it; give the server another one (`kortisto migrate --app-role`)".to_owned()
    } else {
        "this role can add to it and not change it".to_owned()
    })
}

/// Whether jobs are run at all. Those that never ran may belong to a register that is new.
async fn work_of_time(store: &Store) -> Result<String, Failure> {
    let states = jobs::states(store.readers()).await.map_err(|error| Failure::of("jobs", &error))?;
    let now = SystemClock.now();
    for job in Job::ALL {
        let Some(state) = states.get(job.name()) else { continue };
        let name = job.name();
        if let Some(failure) = &state.failure {
            return Err(Failure::new(format!("{name} failed: {failure}; see `kortisto jobs list`")));
        }
        if state.last.finished.is_some_and(|finished| now - finished > JOB_AGE_MAX) {
            return Err(Failure::new(format!(
                "{name} has not gone through for two days; serve with jobs.in_server, or run `kortisto jobs due` \
                 from a timer"
            )));
        }
    }
    Ok(if states.is_empty() { "none has run yet".to_owned() } else { "run at their times".to_owned() })
}

/// The database's clock against this machine's. SQLite has no other clock.
async fn clock(store: &Store) -> Result<String, Failure> {
    if store.engine() == Engine::Sqlite {
        return Ok("one clock for server and database".to_owned());
    }
    let before = SystemClock.now();
    let theirs = server_facts::clock(store.readers()).await.map_err(|error| Failure::of("clock", &error))?;
    let apart = theirs - before;
    if apart.abs() > CLOCK_DIFFERENCE_MAX {
        return Err(Failure::new(format!(
            "the database's clock is {} ms away from this machine's; run NTP on both",
            apart.num_milliseconds()
        )));
    }
    Ok(format!("{} ms from the database's", apart.num_milliseconds()))
}
