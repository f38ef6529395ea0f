//! What goes into a turn, and in which order it is decided.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_turn_takes_what_has_queued_up_to_its_limit() {
    let (desk, lane) = lane(LaneLimits { turn_max: 4, ..LaneLimits::default() });
    let replies =
        soon(call_all(&lane, (0..10).map(|id| operation(id, &[u64::from(id)], Trick::None)).collect())).await;
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert_eq!(*desk.sizes.lock().unwrap(), [4, 4, 2]);
    let stats = lane.stats();
    assert_eq!((stats.turns, stats.operations, stats.queue_depth), (3, 10, 0));
}

#[tokio::test(start_paused = true)]
async fn operations_on_one_key_are_decided_in_one_turn_each_seeing_the_one_before() {
    let (desk, lane) = lane(LaneLimits::default());
    let replies = soon(call_all(&lane, (0..20).map(|id| operation(id, &[7], Trick::None)).collect())).await;
    let expected: Vec<Reply> = (0..20).map(|before| Ok(vec![before])).collect();
    assert_eq!(replies, expected);
    assert_eq!(lane.stats().turns, 1);
    assert_eq!(desk.kept(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_that_wants_the_next_turn_is_not_overtaken_on_its_keys() {
    let (desk, lane) = lane(LaneLimits::default());
    let replies = soon(call_all(
        &lane,
        vec![
            operation(0, &[1], Trick::None),
            operation(1, &[1, 2], Trick::NextTurn(2)),
            // Shares 2 with the one before, and holds 3 in turn.
            operation(2, &[2, 3], Trick::None),
            operation(3, &[3], Trick::None),
            operation(4, &[9], Trick::None),
        ],
    ))
    .await;
    assert_eq!(replies, [Ok(vec![0]), Ok(vec![1, 0]), Ok(vec![1, 0]), Ok(vec![1]), Ok(vec![0])]);
    assert_eq!(desk.kept(), [0, 4, 1, 2, 3]);
    // Three operations, each put off twice.
    assert_eq!(lane.stats().deferred, 6);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_put_off_comes_before_those_that_came_later() {
    let (desk, lane) = lane(LaneLimits { turn_max: 1, ..LaneLimits::default() });
    soon(call_all(
        &lane,
        vec![
            operation(0, &[1], Trick::NextTurn(1)),
            operation(1, &[2], Trick::None),
            operation(2, &[1], Trick::None),
        ],
    ))
    .await;
    assert_eq!(desk.kept(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_put_off_only_so_often() {
    let (desk, lane) = lane(LaneLimits { deferrals_max: 3, ..LaneLimits::default() });
    let replies = soon(call_all(
        &lane,
        vec![
            operation(0, &[1], Trick::NextTurn(u32::MAX)),
            operation(1, &[1], Trick::None),
            operation(2, &[1], Trick::NextTurn(3)),
        ],
    ))
    .await;
    // Waiting behind the first one did not count for the others.
    assert_eq!(replies, [Err(LaneError::Busy), Ok(vec![0]), Ok(vec![1])]);
    assert_eq!(desk.kept(), [1, 2]);
}
