//! Whatever is thrown at a lane, it answers as if each operation had been run alone, in the order of the calls.

use proptest::prelude::*;

use super::*;

/// Operations on a few keys that meet often, with every kind of trick.
fn operations() -> impl Strategy<Value = Vec<(Vec<u64>, Trick)>> {
    let trick = prop_oneof![
        6 => Just(Trick::None),
        2 => (1..3_u32).prop_map(Trick::NextTurn),
        1 => Just(Trick::PanicInBegin),
        1 => Just(Trick::PanicInDecide),
        1 => Just(Trick::PanicInCommit),
        1 => Just(Trick::Poison),
        1 => Just(Trick::Conflict(1)),
        1 => Just(Trick::LostCommit(1)),
        1 => Just(Trick::HungCommit(1)),
    ];
    let keys =
        proptest::collection::btree_set(0..5_u64, 1..3).prop_map(|keys| keys.into_iter().collect::<Vec<_>>());
    proptest::collection::vec((keys, trick), 1..24)
}

fn harms_itself(trick: Trick) -> Option<LaneError<DeskError>> {
    match trick {
        Trick::Poison => Some(LaneError::Failed(DeskError::Poisoned)),
        Trick::PanicInBegin | Trick::PanicInDecide | Trick::PanicInCommit => Some(LaneError::Panicked),
        _ => None,
    }
}

proptest! {
    #[test]
    fn a_lane_answers_as_one_after_the_other_would(
        asked in operations(),
        turn_max in 1..12_usize,
        // When each call comes, in units of a fifth of a turn.
        pauses in proptest::collection::vec(0..12_u32, 24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime of one thread");
        runtime.block_on(async {
            let (desk, lane) = lane(LaneLimits {
                turn_max,
                turn_retries_max: 1000,
                timeout_retries_max: 1000,
                deferrals_max: 1000,
                ..LaneLimits::default()
            });
            let mut calls = Vec::new();
            for (id, ((keys, trick), pause)) in (0..).zip(asked.iter().zip(&pauses)) {
                if *pause > 6 {
                    sleep(TURN_TIME / 5 * (*pause - 6)).await;
                }
                let (lane, operation) = (Arc::clone(&lane), operation(id, keys, *trick));
                calls.push(tokio::spawn(async move { lane.call(operation, later()).await }));
                tokio::task::yield_now().await;
            }
            let mut model: HashMap<u64, u64> = HashMap::new();
            let mut kept = Vec::new();
            for (id, (call, (keys, trick))) in (0..).zip(calls.into_iter().zip(&asked)) {
                let reply = soon(call).await.expect("the caller does not panic");
                if let Some(error) = harms_itself(*trick) {
                    prop_assert_eq!(reply, Err(error));
                    continue;
                }
                let mut answer = Answer::new();
                for key in keys {
                    let count = model.entry(*key).or_default();
                    answer.push(*count);
                    *count += 1;
                }
                prop_assert_eq!(reply, Ok(answer), "operation {}", id);
                kept.push(id);
            }
            let mut desk_kept = desk.kept();
            desk_kept.sort_unstable();
            prop_assert_eq!(desk_kept, kept);
            prop_assert_eq!(lane.stats().queue_depth, 0);
            Ok(())
        })?;
    }
}
