//! What is made of what a runtime says, whichever it is.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use weir_discovery::container::Status;
use weir_discovery::follow::{Action, start_with};

use super::scripted::Scripted;
use super::{Followed, id, killed, running};

fn followed(runtime: &Scripted) -> Followed {
    let resync = Duration::from_secs(60);
    Followed::new(|sources: Arc<_>| start_with(runtime.clone(), resync, sources))
}

/// 07:51 of the day of the descriptions, and this many seconds.
fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_333_860 + second)
}

#[tokio::test]
async fn a_container_that_restarts_all_the_time_does_not_flood_the_api() {
    let runtime = Scripted::new();
    runtime.put(running(1, "loop"));
    let mut followed = followed(&runtime);
    followed.until("all is listed", |seen| seen.listed).await;
    let start = Instant::now();
    let mut pause = tokio::time::interval(Duration::from_millis(33));
    while start.elapsed() < Duration::from_secs(3) {
        pause.tick().await;
        runtime.event(1, Action::Die, SystemTime::now());
        runtime.event(1, Action::Start, SystemTime::now());
    }
    let asked = runtime.inspected(1);
    assert!((5..=11).contains(&asked), "{asked} questions in 3 s");
    let mut ended = running(1, "loop");
    ended["State"]["Status"] = "exited".into();
    runtime.put(ended);
    runtime.event(1, Action::Die, SystemTime::now());
    let is_ended =
        |status| move |seen: &super::Containers| seen.by_id[&id(1)].state.status == status;
    followed.until("the last state is seen", is_ended(Status::Exited)).await;
}

#[tokio::test]
async fn more_than_1000_containers_are_left_out_and_said() {
    let runtime = Scripted::new();
    for number in 0..1005 {
        runtime.put(running(number, &format!("c{number}")));
    }
    let mut followed = followed(&runtime);
    let seen = followed.until("all is listed", |seen| seen.listed).await;
    assert_eq!((seen.by_id.len(), seen.left_out), (1000, 5));
    assert_eq!(seen.oom_kills.len(), 1000);
    runtime.event(1004, Action::Start, SystemTime::now());
    runtime.remove(3);
    runtime.event(3, Action::Destroy, SystemTime::now());
    let seen = followed.until("there is room", |seen| seen.by_id.len() < 1000).await;
    assert!(!seen.by_id.contains_key(&id(1004)));
    runtime.event(1004, Action::Start, SystemTime::now());
    followed.until("it is seen", |seen| seen.by_id.contains_key(&id(1004))).await;
}

#[tokio::test]
async fn kills_for_memory_count_once_each() {
    let runtime = Scripted::new();
    runtime.put(killed(1, "before", 1));
    runtime.put(running(2, "docker"));
    runtime.put(running(3, "podman"));
    let mut followed = followed(&runtime);
    let seen = followed.until("all is listed", |seen| seen.listed).await;
    assert!(seen.oom_kills.values().all(|kills| *kills == 0), "{:?}", seen.oom_kills);
    runtime.put(killed(2, "docker", 20));
    runtime.event(2, Action::Oom, at(20));
    runtime.event(2, Action::Die, at(20));
    runtime.put(killed(3, "podman", 20));
    runtime.event(3, Action::Die, at(20));
    let both = |count| {
        move |seen: &super::Containers| {
            [2, 3].into_iter().all(|number| {
                seen.oom_kills[&id(number)] == count && seen.by_id[&id(number)].state.oom_killed
            })
        }
    };
    followed.until("both are counted", both(1)).await;
    runtime.put(killed(2, "docker", 40));
    runtime.event(2, Action::Die, at(40));
    runtime.event(2, Action::Oom, at(40));
    runtime.put(killed(3, "podman", 40));
    runtime.event(3, Action::Die, at(40));
    let seen = followed.until("both are counted again", both(2)).await;
    assert_eq!(seen.oom_kills[&id(1)], 0);
    runtime.put(killed(4, "new", 50));
    runtime.event(4, Action::Create, at(50));
    followed.until("a new one counts", |seen| seen.oom_kills.get(&id(4)) == Some(&1)).await;
    runtime.remove(2);
    runtime.event(2, Action::Destroy, at(60));
    followed.until("its count is gone", |seen| !seen.oom_kills.contains_key(&id(2))).await;
}
