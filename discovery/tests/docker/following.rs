//! What is seen of a daemon over its socket.

use std::sync::Arc;
use std::time::Duration;

use weir_discovery::container::Status;
use weir_discovery::docker::DockerConfig;
use weir_discovery::follow;

use super::daemon::Daemon;
use super::{DEADLINE, Followed, id, names, running};

pub(super) fn config(daemon: &Daemon) -> DockerConfig {
    let (timeout, resync) = (Duration::from_secs(1), Duration::from_secs(60));
    DockerConfig { address: Some(daemon.address()), timeout, resync }
}

pub(super) fn followed(config: DockerConfig) -> Followed {
    Followed::new(|sources: Arc<_>| follow::start(config, sources))
}

pub(super) async fn subscribed(daemon: &Daemon) {
    let is_there = async || (daemon.subscribers() > 0).then_some(());
    weir_sim::eventually(DEADLINE, "events are asked for", is_there).await;
}

#[tokio::test]
async fn what_there_is_and_what_comes_goes_and_changes() {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    let mut followed = followed(config(&daemon));
    let seen = followed.until("all is listed", |seen| seen.listed).await;
    assert_eq!((names(&seen), &seen.error, seen.left_out), (vec!["one"], &None, 0));
    assert!(seen.by_id[&id(1)].image_env.as_ref().is_some_and(|env| env.has("OF_IMAGE")));
    assert!(followed.source().is_some_and(|source| source.error.is_none()));

    subscribed(&daemon).await;
    daemon.put(2, running(2, "two"));
    daemon.event(2, "create");
    daemon.event(2, "start");
    followed.until("the new one is seen", |seen| seen.by_id.len() == 2).await;
    let mut ended = running(2, "two");
    ended["State"]["Status"] = "exited".into();
    daemon.put(2, ended);
    daemon.event(2, "die");
    let is_ended =
        |state| move |seen: &follow::Containers| seen.by_id[&id(2)].state.status == state;
    followed.until("its end is seen", is_ended(Status::Exited)).await;
    daemon.put(1, running(1, "other"));
    daemon.event(1, "rename");
    followed.until("the new name is seen", |seen| names(seen)[0] == "other").await;
    daemon.remove(2);
    daemon.event(2, "destroy");
    followed.until("it is gone", |seen| seen.by_id.len() == 1 && seen.listed).await;
}

#[tokio::test]
async fn it_only_ever_reads() {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    let mut followed = followed(config(&daemon));
    followed.until("all is listed", |seen| seen.listed).await;
    subscribed(&daemon).await;
    let asked = daemon.asked();
    let one = format!("containers/{}/json", id(1));
    let image = format!("images/sha256:{}/json", id(0));
    for line in &asked {
        let path = line.strip_prefix("GET /").expect("only GET").split(['?', ' ']).next().unwrap();
        let path = path.split_once("v1.41/").map_or(path, |(_, path)| path);
        let known = ["v1.53/version", "version", "events", "containers/json", &one, &image];
        assert!(known.contains(&path), "{line}");
    }
    assert!(asked.iter().any(|line| line.contains("all=true")), "{asked:?}");
}

#[tokio::test]
async fn a_full_list_mends_what_no_event_told() {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    let resync = Duration::from_millis(100);
    let mut followed = followed(DockerConfig { resync, ..config(&daemon) });
    followed.until("all is listed", |seen| seen.listed).await;
    daemon.remove(1);
    daemon.put(2, running(2, "two"));
    let seen = followed.until("the change is seen", |seen| names(seen) == ["two"]).await;
    assert!(seen.listed);
}

#[tokio::test]
async fn states_that_the_library_does_not_know_are_read_all_the_same() {
    let daemon = Daemon::start();
    let mut container = running(1, "one");
    container["State"]["Status"] = "hibernating".into();
    daemon.put(1, container);
    let mut followed = followed(config(&daemon));
    let seen = followed.until("all is listed", |seen| seen.listed).await;
    assert_eq!(seen.by_id[&id(1)].state.status, Status::Other);
}
