use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Seconds since the plan's start.
struct Clock(Instant);

impl Clock {
    fn at(&self, seconds: f64) -> Instant {
        self.0 + Duration::from_secs_f64(seconds)
    }
}

fn plan() -> (Plan, Clock) {
    let start = Instant::now();
    let cadence = Cadence { interval: SECOND, timeout: 5 * SECOND };
    (Plan::new(cadence, start), Clock(start))
}

/// One that has read once, at 0.
fn reading() -> (Plan, Clock) {
    let (mut plan, clock) = plan();
    assert_eq!(plan.step(clock.at(0.0)), Step::Read);
    plan.opened(clock.at(0.0));
    assert!(plan.answered(clock.at(0.1), true));
    (plan, clock)
}

#[test]
fn reads_begin_on_a_grid_and_those_that_are_missed_are_left_out() {
    let (mut plan, clock) = reading();
    assert_eq!(plan.step(clock.at(0.1)), Step::Wait(Some(clock.at(1.0))));
    assert_eq!(plan.step(clock.at(1.02)), Step::Read, "a little late");
    plan.answered(clock.at(1.3), true);
    assert_eq!(plan.step(clock.at(1.3)), Step::Wait(Some(clock.at(2.0))), "the grid stays");
    assert_eq!(plan.step(clock.at(2.0)), Step::Read);
    plan.answered(clock.at(4.5), true);
    assert_eq!(plan.step(clock.at(4.5)), Step::Wait(Some(clock.at(5.0))), "3 and 4 are left out");
}

#[test]
fn an_answer_on_a_tick_is_followed_by_the_next_tick() {
    let (mut plan, clock) = reading();
    assert_eq!(plan.step(clock.at(1.0)), Step::Read);
    plan.answered(clock.at(2.0), true);
    assert_eq!(plan.step(clock.at(2.0)), Step::Wait(Some(clock.at(3.0))));
}

#[test]
fn errors_are_tried_again_ever_more_slowly_and_a_success_restores_the_cadence() {
    let (mut plan, clock) = plan();
    let mut now = 0.0;
    for wait in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
        assert_eq!(plan.step(clock.at(now)), Step::Read, "at {now}");
        assert!(plan.answered(clock.at(now), false));
        assert_eq!(plan.step(clock.at(now)), Step::Wait(Some(clock.at(now + wait))), "at {now}");
        now += wait;
    }
    assert_eq!(plan.step(clock.at(now)), Step::Read);
    plan.opened(clock.at(now));
    plan.answered(clock.at(now + 0.5), true);
    assert_eq!(plan.step(clock.at(now + 0.5)), Step::Wait(Some(clock.at(now + 1.0))));
    assert_eq!(plan.step(clock.at(now + 1.0)), Step::Read);
    plan.answered(clock.at(now + 1.5), false);
    assert_eq!(
        plan.step(clock.at(now + 1.5)),
        Step::Wait(Some(clock.at(now + 2.5))),
        "the back-off is 1 s again"
    );
}

#[test]
fn opening_may_take_longer_than_reading() {
    let (mut plan, clock) = plan();
    assert_eq!(plan.step(clock.at(0.0)), Step::Read);
    assert_eq!(plan.step(clock.at(29.0)), Step::Wait(Some(clock.at(30.0))));
    plan.opened(clock.at(29.0));
    assert_eq!(plan.step(clock.at(29.0)), Step::Wait(Some(clock.at(34.0))));
    assert_eq!(plan.step(clock.at(34.0)), Step::GiveUp(5 * SECOND));
}

#[test]
fn a_hang_is_told_once_and_a_late_answer_is_not_used_but_reading_goes_on() {
    let (mut plan, clock) = reading();
    assert_eq!(plan.step(clock.at(1.0)), Step::Read);
    assert_eq!(plan.step(clock.at(5.9)), Step::Wait(Some(clock.at(6.0))));
    assert_eq!(plan.step(clock.at(6.0)), Step::GiveUp(5 * SECOND));
    assert_eq!(plan.step(clock.at(6.0)), Step::Wait(Some(clock.at(7.0))));
    assert!(!plan.answered(clock.at(6.5), true), "too late");
    assert_eq!(plan.step(clock.at(6.5)), Step::Wait(Some(clock.at(7.0))));
    assert_eq!(plan.step(clock.at(7.0)), Step::Read, "by the same reader, whose source is open");
    assert_eq!(plan.step(clock.at(7.0)), Step::Wait(Some(clock.at(12.0))));
    assert!(plan.answered(clock.at(7.1), true));
    assert_eq!(plan.step(clock.at(7.1)), Step::Wait(Some(clock.at(8.0))));
}

#[test]
fn readers_that_hang_are_abandoned_up_to_a_bound_and_one_that_ends_makes_room() {
    let (mut plan, clock) = reading();
    let mut now = 1.0;
    let mut abandoned = 0;
    loop {
        assert_eq!(plan.step(clock.at(now)), Step::Read);
        plan.opened(clock.at(now));
        now += 5.0;
        assert_eq!(plan.step(clock.at(now)), Step::GiveUp(5 * SECOND));
        if abandoned == MOST_ABANDONED {
            break;
        }
        let Step::Wait(Some(retry)) = plan.step(clock.at(now)) else { panic!("no back-off") };
        assert!(retry > clock.at(now));
        now = retry.duration_since(clock.at(0.0)).as_secs_f64();
        assert_eq!(plan.step(clock.at(now)), Step::Abandon);
        abandoned += 1;
    }
    assert_eq!(plan.step(clock.at(now + 1e6)), Step::Wait(None), "all of them hang");
    plan.abandoned_ended();
    assert_eq!(plan.step(clock.at(now + 1e6)), Step::Abandon);
    assert_eq!(plan.step(clock.at(now + 1e6)), Step::Read);
}

#[test]
fn the_one_in_use_may_come_back_when_no_more_may_be_abandoned() {
    let (mut plan, clock) = reading();
    let mut now = clock.at(1.0);
    for _ in 0..MOST_ABANDONED {
        assert_eq!(plan.step(now), Step::Read);
        now += 100 * SECOND;
        assert!(matches!(plan.step(now), Step::GiveUp(_)));
        now += 100 * SECOND;
        assert_eq!(plan.step(now), Step::Abandon);
    }
    assert_eq!(plan.step(now), Step::Read);
    now += 100 * SECOND;
    assert!(matches!(plan.step(now), Step::GiveUp(_)));
    assert!(!plan.answered(now + 100 * SECOND, true));
    assert_eq!(plan.step(now + 100 * SECOND), Step::Read);
}

#[test]
fn a_source_that_is_opened_anew_has_the_time_for_that() {
    let (mut plan, clock) = reading();
    assert_eq!(plan.step(clock.at(1.0)), Step::Read);
    assert!(plan.answered(clock.at(1.1), true));
    plan.closed(clock.at(1.1));
    assert_eq!(plan.step(clock.at(2.0)), Step::Read);
    assert_eq!(plan.step(clock.at(2.0)), Step::Wait(Some(clock.at(32.0))));
    plan.opened(clock.at(12.0));
    assert_eq!(plan.step(clock.at(12.0)), Step::Wait(Some(clock.at(17.0))));
}
