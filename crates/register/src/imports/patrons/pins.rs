//! Hashes the PINs of a batch on every thread there is, and keeps them for cards that have none.

use crate::imports::{ImportError, kind::Work};
use kortisto_store::queries::{
    bulk::pins::{self, PinRow},
    dialect::{At, Hex},
};
use kortisto_vault::{CardBinding, Pin, PinVault, PoolSize, StoredPin};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A PIN and its card.
pub(super) struct CardPin {
    pub(super) card_id: i64,
    pub(super) pin: Pin,
}

/// Where PINs are hashed; nowhere when the keys are missing.
pub(super) struct PinHasher {
    vault: Option<Arc<PinVault>>,
    threads: usize,
}

impl PinHasher {
    /// With the keys and threads of the import. The threads take their memory with the first PIN.
    pub(super) fn new(work: &Work<'_>) -> Self {
        let threads = work.options.pin_threads.max(1);
        let size = PoolSize { threads, queue_per_thread: PoolSize::QUEUE_PER_THREAD_DEFAULT };
        let vault = work.options.keys.as_ref().map(|keys| {
            let random = Arc::clone(&work.surroundings.random);
            Arc::new(PinVault::start(Arc::clone(keys), random, work.options.pin_cost, size))
        });
        Self { vault, threads }
    }

    /// Sets the PINs of the cards that have none, and gives those cards. A PIN that a card has is left: its
    /// patron may have changed it since the file was written.
    pub(super) async fn set_missing(
        &self,
        work: &Work<'_>,
        pins: Vec<CardPin>,
    ) -> Result<Vec<i64>, ImportError> {
        if pins.is_empty() {
            return Ok(Vec::new());
        }
        let vault = self.vault.as_ref().ok_or(ImportError::KeysMissing)?;
        let there = pins::among(work.transaction, pins.iter().map(|pin| pin.card_id)).await?;
        let missing: Vec<CardPin> = pins.into_iter().filter(|pin| !there.contains(&pin.card_id)).collect();
        let hashed = hash_all(vault, self.threads, missing).await?;
        let rows: Vec<PinRow> = hashed
            .into_iter()
            .map(|(card_id, stored)| PinRow {
                card_id,
                scheme: stored.scheme,
                key_id: stored.key_id,
                hash: Hex(stored.hash),
                at: At(work.at),
            })
            .collect();
        pins::insert(work.transaction, &rows).await?;
        Ok(rows.into_iter().map(|row| row.card_id).collect())
    }
}

async fn hash_all(
    vault: &Arc<PinVault>,
    threads: usize,
    mut pins: Vec<CardPin>,
) -> Result<Vec<(i64, StoredPin)>, ImportError> {
    let share = pins.len().div_ceil(threads).max(1);
    let mut tasks = JoinSet::new();
    let mut hashed = Vec::with_capacity(pins.len());
    while !pins.is_empty() {
        let part = pins.split_off(pins.len().saturating_sub(share));
        let vault = Arc::clone(vault);
        tasks.spawn_blocking(move || {
            let hash = |CardPin { card_id, pin }| Ok((card_id, vault.hash_now(pin, CardBinding(card_id))?));
            part.into_iter().map(hash).collect::<Result<Vec<_>, kortisto_vault::VaultBusy>>()
        });
    }
    while let Some(part) = tasks.join_next().await {
        hashed.extend(part.map_err(|_| ImportError::Internal)?.map_err(|_| ImportError::Vault)?);
    }
    Ok(hashed)
}
