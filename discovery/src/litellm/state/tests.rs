use std::time::{Duration, Instant};

use super::{KEPT, Progress, REFUSED, Reading, Unread};
use crate::fetch::FetchError;
use crate::litellm::Deployments;

const PAUSE: Duration = Duration::from_secs(60);

fn failed(status: u16) -> FetchError {
    FetchError::Status { path: "/x".to_owned(), status }
}

fn live(deployments: Option<Result<Deployments, Unread>>) -> Reading {
    let version = deployments.as_ref().map(|_| "1.106.2".to_owned());
    Reading { live: Ok(()), ready: Some(true), version, deployments }
}

fn down() -> Reading {
    Reading { live: Err(failed(502)), ready: None, version: None, deployments: None }
}

fn some() -> Deployments {
    Deployments { list: Vec::new(), left_out: 3 }
}

#[test]
fn deployments_are_asked_for_now_and_then() {
    let now = Instant::now();
    let mut progress = Progress::new(true, PAUSE);
    assert!(progress.is_due(now));
    progress.take(live(Some(Ok(some()))), now);
    assert!(!progress.is_due(now + PAUSE / 2));
    assert!(progress.is_due(now + PAUSE));
    assert_eq!(progress.state.problem, None);
    assert_eq!(progress.state.version.as_deref(), Some("1.106.2"));
    // Rounds in between change nothing of it.
    progress.take(live(None), now + PAUSE / 2);
    assert_eq!(progress.state.version.as_deref(), Some("1.106.2"));
    assert_eq!(progress.state.deployments.as_deref(), Some(&some()));
}

#[test]
fn a_gateway_that_is_down_keeps_its_names_for_a_while() {
    let now = Instant::now();
    let mut progress = Progress::new(true, PAUSE);
    progress.take(live(Some(Ok(some()))), now);
    progress.take(down(), now + KEPT / 2);
    assert_eq!((progress.state.live, progress.state.ready), (Some(false), None));
    assert_eq!(progress.state.version, None);
    assert_eq!(progress.state.deployments.as_deref(), Some(&some()));
    assert!(progress.state.problem.as_ref().unwrap().contains("502"));
    // It is asked as soon as it is back.
    assert!(progress.is_due(now + KEPT / 2));
    progress.take(down(), now + KEPT * 2);
    assert_eq!(progress.state.deployments, None);
}

#[test]
fn what_is_refused_is_not_shown_any_more() {
    let now = Instant::now();
    let mut progress = Progress::new(true, PAUSE);
    progress.take(live(Some(Ok(some()))), now);
    progress.take(live(Some(Err(Unread::Failed(failed(500))))), now + PAUSE);
    assert!(progress.state.deployments.is_some(), "it may work the next time");
    assert!(progress.state.problem.as_ref().unwrap().contains("500"));
    progress.take(live(Some(Err(Unread::Refused(failed(401))))), now + PAUSE * 2);
    assert_eq!((progress.state.live, progress.state.deployments.clone()), (Some(true), None));
    let problem = progress.state.problem.clone().unwrap();
    assert_eq!(problem, "GET /x: answered with status 401: its key is not accepted");
    // The reason stands until the next answer.
    progress.take(live(None), now + PAUSE * 2);
    assert_eq!(progress.state.problem, Some(problem));
    assert!(progress.is_due(now + PAUSE * 3), "the key may be another by now");
    progress.take(live(Some(Ok(some()))), now + PAUSE * 3);
    assert_eq!(progress.state.problem, None);
}

#[test]
fn without_a_key_a_refusal_is_taken_for_an_answer() {
    let now = Instant::now();
    let mut progress = Progress::new(false, PAUSE);
    progress.take(live(Some(Err(Unread::Refused(failed(401))))), now);
    assert_eq!(progress.state.problem, None);
    assert!(progress.state.lacking.unwrap().contains("key_file"));
    assert!(!progress.is_due(now + PAUSE * 2));
    assert!(progress.is_due(now + REFUSED));
    progress.take(down(), now + PAUSE);
    assert!(progress.is_due(now + PAUSE), "it may be set up in another way now");
}
