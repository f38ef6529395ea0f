//! Callers that wait, go away or come at the wrong moment.

use tokio::task::yield_now;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_full_queue_answers_at_once() {
    let (_, lane) = lane(LaneLimits { queue_max: 3, ..LaneLimits::default() });
    let start = Instant::now();
    let waiting = call_all(&lane, (0..3).map(|id| operation(id, &[1], Trick::None)).collect());
    let refused = async {
        yield_now().await;
        let reply = lane.call(operation(3, &[1], Trick::None), later()).await;
        (reply, start.elapsed())
    };
    let (replies, (refused, elapsed)) = soon(async { tokio::join!(waiting, refused) }).await;
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!((refused, elapsed), (Err(LaneError::Busy), Duration::ZERO));
    assert_eq!(lane.stats().busy, 1);
    // There is room again.
    assert_eq!(soon(lane.call(operation(4, &[1], Trick::None), later())).await, Ok(vec![3]));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_before_its_turn_leaves_no_trace_and_one_that_goes_during_it_loses_nothing() {
    let (desk, lane) = lane(LaneLimits::default());
    let call = |id| {
        let lane = Arc::clone(&lane);
        tokio::spawn(async move { lane.call(operation(id, &[1], Trick::None), later()).await })
    };
    let during = call(0);
    sleep(TURN_TIME / 2).await;
    let (before, stays) = (call(1), call(2));
    yield_now().await;
    during.abort();
    before.abort();
    assert_eq!(soon(stays).await.unwrap(), Ok(vec![1]));
    assert_eq!(desk.kept(), [0, 2]);
    assert_eq!(lane.stats().skipped, 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_before_the_turn_means_nothing_was_done() {
    let (desk, lane) = lane(LaneLimits::default());
    let first = lane.call(operation(0, &[1], Trick::None), later());
    let late = async {
        sleep(TURN_TIME / 2).await;
        let start = Instant::now();
        let reply = lane.call(operation(1, &[1], Trick::None), start + TURN_TIME / 4).await;
        (reply, start.elapsed())
    };
    let (_, (reply, elapsed)) = soon(async { tokio::join!(first, late) }).await;
    assert_eq!(reply, Err(LaneError::DeadlinePassed));
    assert!(elapsed < TURN_TIME / 2, "{elapsed:?}");
    let past = Instant::now();
    sleep(TURN_TIME).await;
    assert_eq!(soon(lane.call(operation(2, &[1], Trick::None), past)).await, Err(LaneError::DeadlinePassed));
    lane.close().await;
    assert_eq!(desk.kept(), [0]);
}

#[tokio::test(start_paused = true)]
async fn closing_finishes_what_has_queued_and_refuses_the_rest() {
    let (desk, lane) = lane(LaneLimits { turn_max: 2, ..LaneLimits::default() });
    let queued = call_all(&lane, (0..6).map(|id| operation(id, &[1], Trick::NextTurn(1))).collect());
    let closing = async {
        yield_now().await;
        lane.close().await;
        assert_eq!(desk.kept().len(), 6);
        lane.call(operation(9, &[1], Trick::None), later()).await
    };
    let (replies, refused) = soon(async { tokio::join!(queued, closing) }).await;
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    assert_eq!(refused, Err(LaneError::Stopping));
    // A second time is no different.
    soon(lane.close()).await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_lane_finishes_what_has_queued() {
    let (desk, lane) = lane(LaneLimits { turn_max: 1, ..LaneLimits::default() });
    let calls: Vec<_> = (0..3)
        .map(|id| {
            let lane = Arc::clone(&lane);
            tokio::spawn(async move { lane.call(operation(id, &[1], Trick::None), later()).await })
        })
        .collect();
    yield_now().await;
    drop(lane);
    for call in calls {
        assert!(soon(call).await.unwrap().is_ok());
    }
    assert_eq!(desk.kept(), [0, 1, 2]);
}

/// Panics where the lane itself touches the desk's types, outside of a turn.
struct Sharp;

enum Edge {
    Smooth,
    Keys,
    Destructor,
}

impl Drop for Edge {
    fn drop(&mut self) {
        assert!(!matches!(self, Self::Destructor), "as asked");
    }
}

impl Desk for Sharp {
    type Operation = Edge;
    type Answer = ();
    type Error = ();
    type Turn = ();

    fn keys(&self, operation: &Edge, _keys: &mut Vec<u64>) {
        assert!(!matches!(operation, Edge::Keys), "as asked");
    }
    async fn begin(&self, _operations: &[&Edge]) -> Result<(), ()> {
        sleep(TURN_TIME).await;
        Ok(())
    }
    fn decide(&self, _turn: &mut (), _index: usize, _operation: &Edge) -> Outcome<()> {
        Outcome::Answered(())
    }
    async fn commit(&self, _turn: ()) -> Result<(), ()> {
        Ok(())
    }
    fn classify(&self, _error: &()) -> Fault {
        Fault::Fatal
    }
    async fn recover(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_panic_outside_of_a_turn_does_not_end_the_lane_either() {
    let lane = Lane::start(Arc::new(Sharp), LaneLimits::default());
    assert_eq!(soon(lane.call(Edge::Keys, later())).await, Err(LaneError::Panicked));
    assert_eq!(soon(lane.call(Edge::Smooth, later())).await, Ok(()));
    // It had its answer, or not, depending on when the destructor ran; what matters is what follows.
    let _ = soon(lane.call(Edge::Destructor, later())).await;
    assert_eq!(soon(lane.call(Edge::Smooth, later())).await, Ok(()));
    assert_eq!((lane.stats().panics, lane.stats().queue_depth), (2, 0));
}
