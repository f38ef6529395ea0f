//! argon2id called in a loop, as the vault calls it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use kortisto_vault::HashCost;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// Hashes per second of one thread with memory of its own, while nothing else runs.
pub(crate) async fn bare_hashes(time: Duration) -> f64 {
    let run = move || {
        let cost = HashCost::RECOMMENDED;
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).expect("valid");
        let mut arena = vec![Block::new(); params.block_count()];
        let pepper = [7; 32];
        let argon2 =
            Argon2::new_with_secret(&pepper, Algorithm::Argon2id, Version::V0x13, params).expect("valid");
        let mut tag = [0; 32];
        let mut hash = || {
            argon2
                .hash_password_into_with_memory(b"4827", b"0123456789abcdef", &mut tag, &mut arena)
                .expect("valid");
        };
        hash();
        let (start, mut done) = (Instant::now(), 0_u32);
        while start.elapsed() < time {
            hash();
            done += 1;
        }
        f64::from(done) / start.elapsed().as_secs_f64()
    };
    spawn_blocking(run).await.expect("the floor does not panic")
}
