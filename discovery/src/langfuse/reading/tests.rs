use std::time::Duration;

use super::*;
use crate::langfuse::rows::Unreadable;
use crate::langfuse::window::Schedule;

const FAILING: Trouble = Trouble::Failing("/", 503);
const JUNK: Trouble = Trouble::Unreadable("/", Unreadable("x"));

fn reading(scores: bool) -> Reading {
    let schedule = Schedule { length: Duration::from_secs(1), lag: Duration::ZERO, rereads: 0 };
    Reading::new(schedule.window(1), &Scope { scores, ..Scope::default() })
}

fn table<T>() -> Table<T> {
    Table { rows: Vec::new(), is_truncated: false }
}

#[test]
fn it_is_complete_when_all_is_answered() {
    let mut reading = reading(false);
    assert_eq!(reading.open(), [Question::Generations, Question::Errors, Question::Traces]);
    reading.answered(Question::Generations, Some(Told::Generations(table())));
    reading.answered(Question::Errors, Some(Told::Errors(table())));
    assert!(!reading.is_complete());
    reading.answered(Question::Traces, Some(Told::Traces(7)));
    assert!(reading.is_complete());
    assert_eq!(reading.answers.traces, Some(7));
}

#[test]
fn the_daily_api_answers_two_at_once_and_no_more() {
    let mut reading = reading(true);
    reading.answered(Question::Generations, Some(Told::Daily(table(), 3)));
    for question in reading.open() {
        reading.answered(question, None);
    }
    assert!(reading.is_complete());
    assert_eq!((reading.answers.traces, reading.answers.errors.is_none()), (Some(3), true));
}

#[test]
fn generations_wait_for_a_server_in_trouble_and_not_for_ever_for_one_that_answers_junk() {
    let mut reading = reading(true);
    for _ in 0..100 {
        assert_eq!(reading.failed(Question::Generations, &FAILING), Then::Stop);
    }
    for then in [Then::Stop, Then::Stop, Then::GivenUp] {
        assert_eq!(reading.failed(Question::Generations, &JUNK), then);
    }
}

#[test]
fn the_others_are_given_up_at_the_third_failure() {
    let mut reading = reading(true);
    for _ in 0..2 {
        assert_eq!(reading.failed(Question::Errors, &FAILING), Then::Stop);
        assert_eq!(reading.failed(Question::NumericScores, &JUNK), Then::GoOn);
    }
    assert_eq!(reading.failed(Question::Errors, &FAILING), Then::GivenUp);
    assert_eq!(reading.failed(Question::NumericScores, &JUNK), Then::GivenUp);
    assert_eq!(reading.open().len(), 3);
}

#[test]
fn what_concerns_the_whole_server_is_nobodys_failure() {
    let mut reading = reading(true);
    for trouble in
        [Trouble::Keys("/", 401), Trouble::TooMany { path: "/", wait: None }, Trouble::NoApi]
    {
        for _ in 0..10 {
            assert_eq!(reading.failed(Question::Errors, &trouble), Then::Stop);
        }
    }
    assert_eq!(reading.open().len(), 5);
}
