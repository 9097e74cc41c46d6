//! A daemon that fails: what was known stays, and it is followed again once it is back.

use std::time::{Duration, Instant};

use super::daemon::{Daemon, Reply, Said};
use super::following::{config, followed, subscribed};
use super::{Followed, names, running};

/// A daemon with one container, which is followed.
async fn one() -> (Daemon, Followed) {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    let mut followed = followed(config(&daemon));
    followed.until("all is listed", |seen| seen.listed).await;
    subscribed(&daemon).await;
    (daemon, followed)
}

#[tokio::test]
async fn a_socket_that_is_gone_and_back() {
    let (mut daemon, mut followed) = one().await;
    daemon.stop().await;
    let seen = followed.until("it is lost", |seen| !seen.listed).await;
    assert_eq!(names(&seen), ["one"], "what was known is gone");
    followed
        .until("it says why", |seen| {
            seen.error.as_ref().is_some_and(|error| error.contains("no socket at"))
        })
        .await;
    assert!(followed.source().is_some_and(|source| source.error.is_some()));
    daemon.remove(1);
    daemon.put(2, running(2, "two"));
    daemon.start_again();
    let seen = followed.until("all is listed again", |seen| seen.listed).await;
    assert_eq!((names(&seen), &seen.error), (vec!["two"], &None));
    assert!(followed.source().is_some_and(|source| source.error.is_none()));
}

#[tokio::test]
async fn a_stream_that_ends_or_is_cut_in_a_line_or_carries_junk() {
    let lines = ["", "{\"Type\": \"contai", "secret junk\n", "[]\n", "{\"Type\": \"secret\"}\n"];
    for line in lines {
        let (daemon, mut followed) = one().await;
        if !line.is_empty() {
            daemon.say(Said::Line(line.to_owned()));
        }
        daemon.say(Said::Cut);
        let seen = followed.until("it is lost", |seen| !seen.listed).await;
        let error = seen.error.clone().unwrap();
        assert!(error.contains("/events") && !error.contains("secret"), "{error}");
        daemon.put(2, running(2, "two"));
        followed.until("it goes on", |seen| seen.listed && seen.by_id.len() == 2).await;
    }
}

#[tokio::test]
async fn a_daemon_that_hangs_or_answers_with_errors_or_junk() {
    let replies = [
        (Reply::Hang, "no answer within 1s"),
        (Reply::Status(500), "status 500"),
        (Reply::Garbage, "GET /"),
        (Reply::Text("secret"), "not the JSON that was expected"),
        (Reply::Text("{\"secret\": [1]}"), "not the JSON that was expected"),
    ];
    for path in ["/version", "/containers/json"] {
        for (reply, said) in replies.clone() {
            let daemon = Daemon::start();
            daemon.put(1, running(1, "one"));
            daemon.reply(path, reply);
            let mut followed = followed(config(&daemon));
            let seen = followed.until("it says why", |seen| seen.error.is_some()).await;
            let error = seen.error.clone().unwrap();
            assert!(error.contains(said) && !error.contains("secret"), "{path}: {error}");
            assert!(!seen.listed, "{path}: {error}");
            daemon.reply_as_usual(path);
            followed.until("it is followed", |seen| seen.listed && names(seen) == ["one"]).await;
        }
    }
}

#[tokio::test]
async fn one_container_that_cannot_be_inspected_leaves_the_others_untouched() {
    for reply in [Reply::Hang, Reply::Status(500), Reply::Text("junk")] {
        let daemon = Daemon::start();
        daemon.put(1, running(1, "one"));
        daemon.put(2, running(2, "two"));
        let path = format!("{}/json", super::id(1));
        daemon.reply(&path, reply);
        let mut followed = followed(config(&daemon));
        let seen =
            followed.until("the list is read", |seen| seen.listed && seen.error.is_some()).await;
        assert_eq!(names(&seen), ["two"]);
        assert!(seen.error.as_ref().is_some_and(|error| error.starts_with("1 of 2 containers")));
        assert!(followed.source().is_some_and(|source| source.error.is_none()));
        daemon.reply_as_usual(&path);
        followed.until("it is seen", |seen| seen.by_id.len() == 2 && seen.error.is_none()).await;
    }
}

#[tokio::test]
async fn images_that_cannot_be_asked_for_do_not_matter() {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    daemon.reply(&format!("sha256:{}/json", super::id(0)), Reply::Status(403));
    let mut followed = followed(config(&daemon));
    let seen = followed.until("all is listed", |seen| seen.listed).await;
    assert_eq!(seen.by_id[&super::id(1)].image_env, None);
}

#[tokio::test]
async fn an_answer_of_100_megabytes_is_survived() {
    let daemon = Daemon::start();
    daemon.put(1, running(1, "one"));
    for path in ["/containers/json", &format!("{}/json", super::id(1))] {
        daemon.reply(path, Reply::Huge(100 << 20));
        let mut followed = followed(config(&daemon));
        let seen = followed.until("it says why", |seen| seen.error.is_some()).await;
        assert!(!seen.listed && seen.by_id.is_empty(), "{:?}", seen.error);
        daemon.reply_as_usual(path);
        followed.until("it is followed", |seen| seen.listed && names(seen) == ["one"]).await;
    }
}

#[tokio::test]
async fn a_daemon_that_is_away_costs_little() {
    let mut daemon = Daemon::start();
    daemon.reply("/version", Reply::Status(503));
    let mut followed = followed(config(&daemon));
    followed.until("it says why", |seen| seen.error.is_some()).await;
    let start = Instant::now();
    tokio::time::timeout(Duration::from_secs(2), std::future::pending::<()>()).await.unwrap_err();
    let asked = daemon.asked().len();
    assert!(asked <= 4, "{asked} requests within {:?}", start.elapsed());
    daemon.stop().await;
}

#[tokio::test]
async fn where_nothing_listens_it_says_so() {
    let mut daemon = Daemon::start();
    let config = config(&daemon);
    daemon.stop().await;
    let mut followed = followed(config);
    let seen = followed.until("it says why", |seen| seen.error.is_some()).await;
    assert!(!seen.absent && !seen.listed);
    daemon.start_again();
    followed.until("it is followed", |seen| seen.listed).await;
}
