//! The configuration in use, and how it is replaced.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use metrics::{counter, gauge};
use rustls::ServerConfig;
use tracing::{error, info};

use super::build;
use super::files::{ServerIdentity, TlsFault, TlsFiles, Trust};
use crate::Now;

/// How often the files are looked at, in seconds.
pub const POLL_SECONDS: u64 = 5;

/// The two configurations in use. They are always made from the same certificate.
struct InUse {
    devices: Arc<ServerConfig>,
    enrolment: Arc<ServerConfig>,
}

struct LastGood {
    identity: ServerIdentity,
    trust: Trust,
    /// The fault that was reported last, so that a bad file is logged once and not every few seconds.
    reported: Option<String>,
    /// When the end of something in use was reported last.
    end_reported_at: Option<DateTime<Utc>>,
}

/// What a look at the files led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// The files are those in use.
    Unchanged,
    /// New files are in use.
    Swapped,
}

/// Holds the TLS configuration in use and replaces it when its files change.
pub struct TlsReloader {
    files: TlsFiles,
    now: Now,
    in_use: ArcSwap<InUse>,
    last_good: Mutex<LastGood>,
}

impl std::fmt::Debug for TlsReloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsReloader").field("files", &self.files).finish_non_exhaustive()
    }
}

impl TlsReloader {
    /// Reads the files for the first time. A revocation list past its end is used, with an alarm: an old
    /// list refuses more than none, and the device rows decide at every call.
    ///
    /// # Errors
    /// [`TlsFault`] names the first file that cannot be used; there is no last good one yet.
    pub fn load(files: TlsFiles, now: Now) -> Result<Arc<Self>, TlsFault> {
        let identity = ServerIdentity::load(&files, now())?;
        let trust = Trust::load(&files)?;
        let in_use = make(&files, &identity, &trust, &now)?;
        let reloader = Self {
            in_use: ArcSwap::from_pointee(in_use),
            last_good: Mutex::new(LastGood { identity, trust, reported: None, end_reported_at: None }),
            files,
            now,
        };
        reloader.watch_ends();
        Ok(Arc::new(reloader))
    }

    /// The configuration for devices, to be asked for at each connection.
    #[must_use]
    pub fn for_devices(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.in_use.load().devices)
    }

    /// The configuration for the enrolment endpoint, to be asked for at each connection.
    #[must_use]
    pub fn for_enrolment(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.in_use.load().enrolment)
    }

    /// Looks at the files and takes what is new and good. The server's certificate with its key, and the
    /// authorities with their lists, are taken or kept each by itself. Connections that are open stay.
    ///
    /// # Errors
    /// The first file that cannot be used, after the other part was taken. What was in use stays in use;
    /// the fault is logged and counted here already.
    pub fn reload(&self) -> Result<Reloaded, TlsFault> {
        let mut last_good = self.last_good.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = ServerIdentity::load(&self.files, (self.now)());
        let trust = Trust::load(&self.files).and_then(|trust| self.not_older(&last_good.trust, trust));

        let mut swapped = false;
        let mut fault = None;
        match identity {
            Ok(identity) if identity.digest != last_good.identity.digest => {
                match make(&self.files, &identity, &last_good.trust, &self.now) {
                    Ok(in_use) => {
                        self.in_use.store(Arc::new(in_use));
                        last_good.identity = identity;
                        swapped = true;
                    }
                    Err(unusable) => fault = Some(unusable),
                }
            }
            Ok(_) => {}
            Err(unusable) => fault = Some(unusable),
        }
        match trust {
            Ok(trust) if trust.digest != last_good.trust.digest => {
                match make(&self.files, &last_good.identity, &trust, &self.now) {
                    Ok(in_use) => {
                        self.in_use.store(Arc::new(in_use));
                        last_good.trust = trust;
                        swapped = true;
                    }
                    Err(unusable) => fault = fault.or(Some(unusable)),
                }
            }
            Ok(_) => {}
            Err(unusable) => fault = fault.or(Some(unusable)),
        }
        if swapped {
            counter!("kortisto_tls_reloads_total").increment(1);
            info!("TLS files changed; new connections use them");
        }
        self.report(&mut last_good, fault.as_ref());
        drop(last_good);
        self.watch_ends();
        match fault {
            Some(fault) => Err(fault),
            None if swapped => Ok(Reloaded::Swapped),
            None => Ok(Reloaded::Unchanged),
        }
    }

    /// Looks at the files every [`POLL_SECONDS`] and at each SIGHUP, for as long as it is polled.
    ///
    /// # Errors
    /// When the process may not listen to SIGHUP.
    pub async fn watch(self: Arc<Self>) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};

        let mut hang_up = signal(SignalKind::hangup())?;
        let mut ticks = tokio::time::interval(Duration::from_secs(POLL_SECONDS));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = hang_up.recv() => {}
            }
            let reloader = Arc::clone(&self);
            // A fault has been logged and counted by reload.
            let _ = tokio::task::spawn_blocking(move || reloader.reload().is_ok()).await;
        }
    }

    /// A list that ended, or that is older than the one in use, is no step forward.
    fn not_older(&self, held: &Trust, fresh: Trust) -> Result<Trust, TlsFault> {
        let path = self.files.crl.clone().unwrap_or_default();
        if fresh.digest == held.digest {
            return Ok(fresh);
        }
        if let Some(end) = fresh.crl_expires_at.filter(|end| *end <= (self.now)()) {
            return Err(TlsFault { path, fault: format!("has ended at {end}") });
        }
        match (held.crl_issued_at, fresh.crl_issued_at) {
            (Some(held), Some(fresh)) if fresh < held => Err(TlsFault {
                path,
                fault: format!("was issued at {fresh}, before the list in use ({held})"),
            }),
            _ => Ok(fresh),
        }
    }

    fn report(&self, last_good: &mut LastGood, fault: Option<&TlsFault>) {
        let Some(fault) = fault else {
            gauge!("kortisto_tls_files_bad").set(0.0);
            last_good.reported = None;
            return;
        };
        counter!("kortisto_tls_reload_failures_total").increment(1);
        gauge!("kortisto_tls_files_bad").set(1.0);
        let text = fault.to_string();
        if last_good.reported.as_ref() != Some(&text) {
            error!(file = %fault.path.display(), fault = %fault.fault, "TLS file not usable; the last good one stays in use");
            last_good.reported = Some(text);
        }
    }

    /// Publishes when the certificate and the lists end, and says so once an hour when one has.
    fn watch_ends(&self) {
        let mut last_good = self.last_good.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.now)();
        let certificate_end = last_good.identity.not_after;
        gauge!("kortisto_tls_certificate_seconds_left").set((certificate_end - now).as_seconds_f64());
        let crl_end = last_good.trust.crl_expires_at;
        if let Some(end) = crl_end {
            gauge!("kortisto_tls_crl_seconds_left").set((end - now).as_seconds_f64());
        }
        let due = last_good.end_reported_at.is_none_or(|at| now - at >= TimeDelta::hours(1));
        let ended = [("the server's certificate", Some(certificate_end)), ("the revocation list", crl_end)];
        for (what, end) in ended.into_iter().filter_map(|(what, end)| Some((what, end?))) {
            if end <= now && due {
                error!(%end, "{what} has ended and is still in use; provide a new one");
                last_good.end_reported_at = Some(now);
            }
        }
    }
}

fn make(files: &TlsFiles, identity: &ServerIdentity, trust: &Trust, now: &Now) -> Result<InUse, TlsFault> {
    let fault = |path: &std::path::Path, error: &rustls::Error| TlsFault {
        path: path.to_owned(),
        fault: format!("cannot be used: {error}"),
    };
    let devices = build::for_devices(&identity.certified, trust, now)
        .map_err(|error| fault(files.crl.as_ref().unwrap_or(&files.device_authority), &error))?;
    let enrolment =
        build::for_enrolment(&identity.certified, now).map_err(|error| fault(&files.certificate, &error))?;
    Ok(InUse { devices: Arc::new(devices), enrolment: Arc::new(enrolment) })
}
