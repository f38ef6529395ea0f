//! Operations and turns that fail.

use super::*;

/// `count` harmless operations with the culprit among them, all on one key.
fn around(culprit: Trick, place: u32, count: u32) -> Vec<Operation> {
    (0..count).map(|id| operation(id, &[1], if id == place { culprit } else { Trick::None })).collect()
}

#[tokio::test(start_paused = true)]
async fn a_culprit_harms_only_itself() {
    let rows = [
        (Trick::Poison, LaneError::Failed(DeskError::Poisoned)),
        (Trick::PanicInBegin, LaneError::Panicked),
        (Trick::PanicInDecide, LaneError::Panicked),
        (Trick::PanicInCommit, LaneError::Panicked),
    ];
    for (culprit, error) in rows {
        for place in [0, 5, 31, 63] {
            let (desk, lane) = lane(LaneLimits::default());
            let replies = soon(call_all(&lane, around(culprit, place, 64))).await;
            let mut count = 0;
            for (id, reply) in (0..).zip(replies) {
                if id == place {
                    assert_eq!(reply, Err(error.clone()), "{culprit:?} at {place}");
                } else {
                    assert_eq!(reply, Ok(vec![count]), "{culprit:?} at {place}, operation {id}");
                    count += 1;
                }
            }
            let others: Vec<_> = (0..64).filter(|id| *id != place).collect();
            assert_eq!(desk.kept(), others, "{culprit:?} at {place}");
            let stats = lane.stats();
            assert_eq!((stats.failed, stats.operations, stats.queue_depth), (1, 63, 0));
            // One by one it would be some 65 turns; halved, twice the logarithm.
            let begun = desk.begun.load(SeqCst);
            assert!(begun <= 15, "{culprit:?} at {place}: {begun} turns");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_keeps_failing_is_tried_apart() {
    let (desk, lane) = lane(LaneLimits::default());
    // Key 1 is each operation's own but for the culprit's, which is asked for by a caller of its own each time.
    let batch = |round: u32, trick| {
        (0..64).map(move |nth| {
            let id = round * 100 + nth;
            let key = if nth == 5 { 1 } else { 1000 + u64::from(nth) };
            operation(id, &[key, 2000 + u64::from(id)], if nth == 5 { trick } else { Trick::None })
        })
    };
    for round in 0..2 {
        soon(call_all(&lane, batch(round, Trick::Poison).collect())).await;
    }
    let before = (desk.begun.load(SeqCst), lane.stats().halved);
    let mut replies = soon(call_all(&lane, batch(2, Trick::Poison).collect())).await;
    // The others together, the culprit twice alone. The first turn takes the first call only.
    assert!(desk.begun.load(SeqCst) - before.0 <= 4);
    assert_eq!(lane.stats().halved, before.1);
    assert_eq!(replies.remove(5), Err(LaneError::Failed(DeskError::Poisoned)));
    assert!(replies.iter().all(Result::is_ok));
    // What goes through clears it, in its order among those that share a key with it.
    let mut mended: Vec<_> = batch(3, Trick::None).collect();
    mended.push(operation(399, &[1, 1000], Trick::None));
    let replies = soon(call_all(&lane, mended)).await;
    assert_eq!((&replies[5], &replies[64]), (&Ok(vec![0, 0]), &Ok(vec![1, 4])));
    let sizes = desk.sizes.lock().unwrap().len();
    soon(call_all(&lane, batch(4, Trick::None).collect())).await;
    assert!(desk.sizes.lock().unwrap().len() - sizes <= 2);
}

#[tokio::test(start_paused = true)]
async fn the_lane_goes_on_after_a_panic() {
    let (_, lane) = lane(LaneLimits::default());
    for (id, trick) in (0..).zip([Trick::PanicInBegin, Trick::PanicInDecide, Trick::PanicInCommit]) {
        let reply = soon(lane.call(operation(id, &[1], trick), later())).await;
        assert_eq!(reply, Err(LaneError::Panicked));
    }
    assert_eq!(soon(lane.call(operation(9, &[1], Trick::None), later())).await, Ok(vec![0]));
    // Each was tried twice.
    assert_eq!(lane.stats().panics, 6);
}

#[tokio::test(start_paused = true)]
async fn keys_stay_held_in_the_halves_that_follow() {
    let (desk, lane) = lane(LaneLimits::default());
    let replies = soon(call_all(
        &lane,
        vec![
            operation(0, &[1], Trick::NextTurn(2)),
            operation(1, &[2], Trick::None),
            operation(2, &[3], Trick::Poison),
            operation(3, &[1], Trick::None),
        ],
    ))
    .await;
    assert_eq!(replies[0], Ok(vec![0]));
    assert_eq!(replies[3], Ok(vec![1]));
    assert_eq!(desk.kept(), [1, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_nobody_is_to_blame_for_is_run_again_as_a_whole() {
    let (desk, lane) = lane(LaneLimits::default());
    let replies = soon(call_all(&lane, around(Trick::Conflict(2), 3, 8))).await;
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert_eq!(*desk.sizes.lock().unwrap(), [8, 8, 8]);
    let stats = lane.stats();
    assert_eq!((stats.retried, stats.halved, stats.failed), (2, 0, 0));
    // The last try was on a new connection.
    assert_eq!(desk.recovered.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_commit_is_resolved_by_the_remembered_answers() {
    for trick in [Trick::LostCommit(1), Trick::HungCommit(1)] {
        let (desk, lane) = lane(LaneLimits::default());
        let replies = soon(call_all(&lane, around(trick, 2, 5))).await;
        let expected: Vec<Reply> = (0..5).map(|before| Ok(vec![before])).collect();
        assert_eq!(replies, expected, "{trick:?}");
        assert_eq!(desk.kept(), [0, 1, 2, 3, 4], "{trick:?}: nothing was done twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_past_its_deadline_is_given_up_on_a_connection_that_is_thrown_away() {
    let (desk, lane) = lane(LaneLimits::default());
    let start = Instant::now();
    let reply = soon(lane.call(operation(0, &[1], Trick::HungCommit(1)), later())).await;
    assert_eq!(reply, Ok(vec![0]));
    assert_eq!(desk.recovered.load(SeqCst), 1);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn during_an_outage_nobody_waits_for_retries_of_others() {
    let (desk, lane) = lane(LaneLimits::default());
    let down = |id| operation(id, &[1], Trick::Conflict(u32::MAX));
    assert_eq!(soon(lane.call(down(0), later())).await, Err(LaneError::Failed(DeskError::Lost)));
    assert_eq!(desk.begun.swap(0, SeqCst), 3);
    assert_eq!(soon(lane.call(down(1), later())).await, Err(LaneError::Failed(DeskError::Lost)));
    assert_eq!(desk.begun.swap(0, SeqCst), 1);
    // Back in health, retries are back too.
    assert_eq!(soon(lane.call(operation(2, &[1], Trick::None), later())).await, Ok(vec![0]));
    assert_eq!(soon(lane.call(operation(3, &[1], Trick::Conflict(2)), later())).await, Ok(vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_nothing_helps_is_answered_to_the_whole_turn_at_once() {
    let (desk, lane) = lane(LaneLimits::default());
    let replies = soon(call_all(&lane, around(Trick::Fatal, 1, 4))).await;
    assert!(replies.iter().all(|reply| *reply == Err(LaneError::Failed(DeskError::Broken))));
    assert_eq!(desk.begun.load(SeqCst), 1);
}
