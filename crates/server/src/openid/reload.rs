//! The keys in use, and how they are replaced when their file changes: like certificates.

use super::{
    Bearer, KeysFault, OpenIdOptions, TokenFault,
    keys::KeySet,
    token::{self, check},
};
use crate::tls::POLL_SECONDS;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use metrics::gauge;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval};

/// Checks tokens of one provider.
pub struct OpenId {
    options: OpenIdOptions,
    keys: ArcSwap<KeySet>,
    /// The fault that was logged last, so that a bad file is logged once and not every few seconds.
    reported: Mutex<Option<KeysFault>>,
}

impl std::fmt::Debug for OpenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenId").field("options", &self.options).finish_non_exhaustive()
    }
}

impl OpenId {
    /// Reads the keys for the first time.
    ///
    /// # Errors
    /// [`KeysFault`]; there is no last good set yet.
    pub fn load(options: OpenIdOptions) -> Result<Arc<Self>, KeysFault> {
        let keys = ArcSwap::from_pointee(KeySet::load(&options.keys_file)?);
        Ok(Arc::new(Self { options, keys, reported: Mutex::new(None) }))
    }

    /// Checks a token; none for a text that does not have the form of one.
    #[must_use]
    pub fn check(&self, text: &str, now: DateTime<Utc>) -> Option<Result<Bearer, TokenFault>> {
        token::looks_like_one(text).then(|| check(text, &self.keys.load(), &self.options, now))
    }

    /// Looks at the file and takes what is new and good.
    ///
    /// # Errors
    /// [`KeysFault`], logged here already; the last good keys stay in use.
    pub fn reload(&self) -> Result<(), KeysFault> {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        match KeySet::load(&self.options.keys_file) {
            Ok(keys) => {
                if **self.keys.load() != keys {
                    self.keys.store(Arc::new(keys));
                    tracing::info!("the keys of the identity provider changed and are in use");
                }
                gauge!("kortisto_openid_keys_bad").set(0.0);
                *reported = None;
                Ok(())
            }
            Err(fault) => {
                gauge!("kortisto_openid_keys_bad").set(1.0);
                if reported.as_ref() != Some(&fault) {
                    tracing::error!(%fault, "keys of the identity provider not usable; the last good ones stay in use");
                    *reported = Some(fault.clone());
                }
                Err(fault)
            }
        }
    }

    /// Looks at the file every few seconds, for as long as it is polled.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = interval(Duration::from_secs(POLL_SECONDS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let this = Arc::clone(&self);
            // A fault has been logged and counted by reload.
            let _ = tokio::task::spawn_blocking(move || this.reload().is_ok()).await;
        }
    }
}
