use super::*;

/// Asks whatever is due, and is answered at once.
fn asked(schedule: &mut Schedule, now: Instant) -> Vec<String> {
    let mut asked = Vec::new();
    while let Some(id) = schedule.next(now) {
        schedule.done(&id);
        schedule.answered(&id);
        asked.push(id);
    }
    asked
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_burst_of_events_is_one_question() {
    let (mut schedule, start) = (Schedule::default(), Instant::now());
    for after in 0..5 {
        schedule.happened("a", start + MS * after);
    }
    assert_eq!(schedule.next_due(), Some(start + DEBOUNCE));
    assert_eq!(asked(&mut schedule, start + MS * 5), [] as [&str; 0]);
    assert_eq!(asked(&mut schedule, start + DEBOUNCE), ["a"]);
    assert_eq!(asked(&mut schedule, start + DEBOUNCE * 10), [] as [&str; 0]);
}

#[test]
fn a_container_that_restarts_all_the_time_is_asked_about_twice_a_second_and_after_the_last_event() {
    let (mut schedule, start) = (Schedule::default(), Instant::now());
    let mut times = Vec::new();
    for after in 0..10_000 {
        let now = start + MS * after;
        if after % 33 == 0 && after < 9_000 {
            schedule.happened("a", now);
        }
        times.extend(asked(&mut schedule, now).iter().map(|_| after));
    }
    let count = times.len();
    assert!((18..=22).contains(&count), "{count} questions in 9 s: {times:?}");
    assert!(times.last() > Some(&8_990), "the last state was not asked for: {times:?}");
}

#[test]
fn a_full_list_asks_at_once_and_once() {
    let (mut schedule, now) = (Schedule::default(), Instant::now());
    schedule.happened("a", now);
    schedule.listed("a", now);
    schedule.listed("b", now);
    assert_eq!(asked(&mut schedule, now), ["a", "b"]);
    assert_eq!(schedule.next_due(), None);
}

#[test]
fn nobody_is_asked_about_twice_at_a_time() {
    let (mut schedule, now) = (Schedule::default(), Instant::now());
    schedule.listed("a", now);
    assert_eq!(schedule.next(now).as_deref(), Some("a"));
    schedule.happened("a", now);
    let later = now + DEBOUNCE * 2;
    assert_eq!((schedule.next(later), schedule.next_due()), (None, None));
    schedule.done("a");
    assert_eq!(schedule.next(later).as_deref(), Some("a"));
}

#[test]
fn what_failed_is_asked_again_later_and_later_and_soon_after_an_event() {
    let (mut schedule, mut now) = (Schedule::default(), Instant::now());
    schedule.listed("a", now);
    let mut waits = Vec::new();
    for _ in 0..7 {
        let id = schedule.next(now).unwrap();
        schedule.done(&id);
        schedule.failed(&id, now);
        let due = schedule.next_due().unwrap();
        waits.push((due - now).as_secs());
        now = due;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 32]);
    assert_eq!(schedule.failing(), 1);
    let id = schedule.next(now).unwrap();
    schedule.done(&id);
    schedule.failed(&id, now);
    schedule.happened("a", now);
    assert_eq!(schedule.next_due(), Some(now + DEBOUNCE));
    assert_eq!(asked(&mut schedule, now + DEBOUNCE), ["a"]);
    assert_eq!(schedule.failing(), 0);
}

#[test]
fn what_is_gone_is_not_asked_about() {
    let (mut schedule, now) = (Schedule::default(), Instant::now());
    schedule.listed("a", now);
    schedule.forget("a");
    assert_eq!((schedule.next(now), schedule.next_due(), schedule.len()), (None, None, 0));
}
