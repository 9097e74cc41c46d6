use super::*;
use crate::container::Status;

const START: u64 = 1_000_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds)
}

fn killed(started: u64, finished: u64) -> State {
    State {
        status: Status::Exited,
        health: None,
        oom_killed: true,
        exit_code: Some(137),
        started_at: Some(at(started)),
        finished_at: Some(at(finished)),
    }
}

fn running(started: u64) -> State {
    let ended = killed(started, 0);
    State { status: Status::Running, oom_killed: false, exit_code: None, ..ended }
}

#[test]
fn a_kill_that_is_told_twice_counts_once_in_either_order() {
    let mut kills = Kills::default();
    kills.state(&running(1), true);
    kills.event(at(20));
    kills.state(&killed(1, 20), false);
    assert_eq!(kills.count(), 1);
    kills.state(&killed(30, 40), false);
    kills.event(at(40));
    assert_eq!(kills.count(), 2);
}

#[test]
fn a_runtime_without_such_events_is_counted_by_states() {
    let mut kills = Kills::default();
    for (start, end) in [(1, 2), (3, 4), (5, 6)] {
        kills.state(&running(start), true);
        kills.state(&killed(start, end), false);
        kills.state(&killed(start, end), false);
    }
    assert_eq!(kills.count(), 3);
}

#[test]
fn kills_close_together_count_each() {
    let mut kills = Kills::default();
    kills.state(&running(1), true);
    for second in [2, 4, 6, 8] {
        kills.event(at(second));
        kills.state(&killed(second - 1, second), false);
    }
    assert_eq!(kills.count(), 4);
}

#[test]
fn events_that_come_again_count_once() {
    let mut kills = Kills::default();
    for second in [2, 3, 2, 3, 3, 4] {
        kills.event(at(second));
    }
    assert_eq!(kills.count(), 3);
}

#[test]
fn what_happened_before_does_not_count_but_for_new_containers() {
    let mut old = Kills::default();
    old.state(&killed(1, 2), false);
    assert_eq!(old.count(), 0);
    old.state(&killed(10, 30), false);
    assert_eq!(old.count(), 1);
    let mut new = Kills::default();
    new.state(&killed(1, 2), true);
    assert_eq!(new.count(), 1);
}

#[test]
fn a_worker_that_is_killed_and_the_later_end_of_its_container_are_one() {
    let mut kills = Kills::default();
    kills.state(&running(1), true);
    kills.event(at(100));
    kills.state(&killed(1, 5_000), false);
    assert_eq!(kills.count(), 1);
}
