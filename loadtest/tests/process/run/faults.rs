//! What goes wrong: at the target, on the disk, in the arguments; and Ctrl-C.

use super::*;

#[tokio::test]
async fn nobody_there_has_a_code_of_its_own() {
    let place = DeadPort::new().unwrap();
    let ended = run(&place.url(), &["--no-store"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("nobody answers at http://127.0.0.1:"), "{}", ended.stderr);
    assert!(ended.stderr.contains("refused"), "{}", ended.stderr);
}

#[tokio::test]
async fn failures_are_counted_by_outcome_and_do_not_end_a_run() {
    let folder = Folder::new("failures");
    let upstream = upstream("tokens=3").await;
    for n in 0..20 {
        let plan = if n % 2 == 0 { "tokens=3,fault=status:503" } else { "tokens=3" };
        upstream.push(plan.parse().unwrap());
    }
    let output = folder.path("run.json");
    let args = ["--requests", "20", "--concurrency", "4", "--no-store", "--warm-up", "0"];
    let ended = run(&upstream.url(), &[&args[..], &["--output", &output]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("10 overloaded"), "{}", ended.stdout);
    let summary = report(&output)["summary"].clone();
    assert_eq!(
        (&summary["outcomes"]["success"], &summary["outcomes"]["overloaded"]),
        (&10.into(), &10.into())
    );
    assert_eq!(summary["success_rate"], 0.5);
    assert_eq!(summary["latencies"]["duration"]["count"], 10, "latencies are those of successes");
}

#[tokio::test]
async fn answers_that_never_end_are_given_up() {
    let upstream = upstream("tokens=9,fault=stall:2").await;
    let args = [
        "--requests",
        "4",
        "--concurrency",
        "4",
        "--timeout",
        "300ms",
        "--no-store",
        "--warm-up",
        "0",
    ];
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("4 upstream_timeout"), "{}", ended.stdout);
}

#[tokio::test]
async fn ctrl_c_ends_a_run_with_what_there_is() {
    let folder = Folder::new("interrupted");
    let upstream = upstream("tokens=3,ttft=5ms").await;
    let (output, store) = (folder.path("run.json"), folder.path("runs.db"));
    let args = ["--duration", "10m", "--concurrency", "2", "--output", &output, "--store", &store];
    let mut command = command(&upstream.url(), &args);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    upstream
        .wait_for(
            // Some of them warm up, and two may not have been read yet.
            |all| all.iter().filter(|it| it.finished()).count() > 20,
            DEADLINE,
            "a few requests",
        )
        .await;
    assert_eq!(terminate(child).await, Some(130));
    let report = report(&output);
    assert_eq!(report["status"], "interrupted");
    assert!(report["summary"]["ended"].as_u64().unwrap() > 5, "{}", report["summary"]);
}

#[tokio::test]
async fn a_damaged_store_is_said_and_left_alone() {
    let folder = Folder::new("damaged");
    let upstream = upstream("tokens=2").await;
    let store = folder.file("runs.db", "this is no database, and somebody may want it back");
    let ended = run(&upstream.url(), &["--requests", "2", "--store", &store]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("runs.db"), "{}", ended.stderr);
    let text = std::fs::read_to_string(Path::new(&store)).unwrap();
    assert_eq!(text, "this is no database, and somebody may want it back");
    let sent = |request: &Recorded| request.body_length > 0;
    assert!(!upstream.requests().iter().any(sent), "nothing is measured in vain");
}

#[tokio::test]
async fn a_full_disk_takes_nothing_from_what_is_shown() {
    let upstream = upstream("tokens=2").await;
    let args = ["--requests", "3", "--no-store", "--output", "/dev/full"];
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("3 requests in"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("/dev/full") && ended.stderr.contains("No space left"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn wrong_arguments_are_said_before_anything_is_sent() {
    let folder = Folder::new("wrong");
    let unknown = folder.file("unknown.toml", "requests = 5\nconcurency = 3\n");
    for (args, said) in [
        (&["--scenario", "no-such"][..], "high-parallelism"),
        (&["--scenario", &unknown], "concurency"),
        (&["--requests", "0"], "--requests"),
        (&["--duration", "20"], "--duration"),
        (&["--rate", "5", "--concurrency", "2"], "--concurrency"),
        (&["--key-file", "/nowhere"], "/nowhere"),
        (&["--output", "/nowhere/run.json"], "/nowhere/run.json"),
        (&["--label", "gpu"], "KEY=VALUE"),
    ] {
        let ended = run("http://127.0.0.1:1", args).await;
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn a_run_without_a_success_has_failed() {
    let upstream = upstream("tokens=2,fault=status:500").await;
    let ended = run(&upstream.url(), &["--requests", "4", "--no-store"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("failed: no request succeeded"), "{}", ended.stdout);
    assert!(ended.stdout.contains("4 upstream_error"), "{}", ended.stdout);
}

/// Somebody who answers every connection with these bytes; `more`, over and over.
async fn somebody(answer: &'static [u8], more: &'static [u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _read = connection.read(&mut [0; 4096]).await;
                let _written = connection.write_all(answer).await;
                while !more.is_empty() && connection.write_all(more).await.is_ok() {}
                // Until the client goes.
                while connection.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn an_endless_list_of_models_is_not_read_to_its_end() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
    let target = somebody(head, &[b' '; 1 << 16]).await;
    let ended = run(&target, &["--no-store"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("longer than 1024 KiB"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_target_that_says_nothing_can_be_left_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let mut command = command(&target, &["--no-store"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _asked = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    // Not after the patience with which it waits for an answer, which would be code 3.
    assert_eq!(terminate(child).await, Some(130));
}

#[tokio::test]
async fn answers_without_content_are_said() {
    let nothing = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let target = somebody(nothing, b"").await;
    let args = ["--requests", "3", "--model", "tiny", "--no-store"];
    let ended = run(&target, &args).await;
    assert!(ended.stdout.contains("3 successes had no content"), "{}", ended.stdout);
}
