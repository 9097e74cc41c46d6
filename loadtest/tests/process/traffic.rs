//! `traffic`: what it sends, and how it waits.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::time::timeout;
use weir_sim::{DeadPort, Recorded, Upstream, eventually};

use crate::{DEADLINE, output, terminate, weir_loadtest};

/// Running traffic, and what it says.
struct Traffic {
    child: Child,
    stdout: ChildStdout,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Traffic {
    fn start(args: &[&str]) -> Self {
        let mut command = weir_loadtest(&[&["traffic"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { stdout: child.stdout.take().unwrap(), child, stderr }
    }

    /// The next line on stderr.
    async fn says(&mut self) -> String {
        let line = timeout(DEADLINE, self.stderr.next_line()).await.expect("it says something");
        line.unwrap().expect("it runs")
    }

    /// Ends it; returns the line of counts.
    async fn end(mut self) -> String {
        assert_eq!(terminate(self.child).await, Some(0));
        let mut counts = String::new();
        self.stdout.read_to_string(&mut counts).await.unwrap();
        assert_eq!(counts.lines().count(), 1, "{counts}");
        counts
    }
}

/// What it is called, and which requests are such.
type Kind = (&'static str, fn(&Recorded) -> bool);

fn body(request: &Recorded) -> Option<Value> {
    serde_json::from_slice(&request.body).ok()
}

#[tokio::test]
async fn all_kinds_of_requests_are_sent_until_it_is_told_to_end() {
    let upstream = Upstream::builder().models(["a", "b"]).start().await.unwrap();
    let key = std::env::temp_dir().join(format!("weir-loadtest-key-{}", std::process::id()));
    std::fs::write(&key, "sk-simulated\n").unwrap();
    // As a client's base URL is often written.
    let target = format!("{}/v1/", upstream.url());
    let mut traffic = Traffic::start(&[
        "--target",
        &target,
        "--model",
        "a",
        "--model",
        "b",
        "--rate",
        "200",
        "--key-file",
        key.to_str().unwrap(),
    ]);
    let said = traffic.says().await;
    assert!(said.starts_with(&format!("Sending 200 requests per second to {}. ", upstream.url())));
    std::fs::remove_file(key).unwrap();

    let wanted: [Kind; 9] = [
        ("a chat", |it| it.path == "/v1/chat/completions" && it.finished()),
        ("a completion", |it| it.path == "/v1/completions" && it.finished()),
        ("a stream", |it| body(it).is_some_and(|body| body["stream"] == true)),
        ("a whole answer", |it| body(it).is_some_and(|body| body["stream"] == false)),
        ("the one model", |it| body(it).is_some_and(|body| body["model"] == "a")),
        ("the other model", |it| body(it).is_some_and(|body| body["model"] == "b")),
        ("no model of its", |it| it.status == Some(404)),
        ("half a request", |it| it.status == Some(400) && body(it).is_none()),
        ("a client that leaves", Recorded::client_left),
    ];
    let all_there = |requests: &[Recorded]| wanted.iter().all(|(_, is)| requests.iter().any(is));
    let requests = upstream.wait_for(all_there, DEADLINE, "every kind has come").await;
    for request in requests.iter().filter(|request| request.body_length > 0) {
        assert_eq!(request.header("authorization"), Some("Bearer sk-simulated"));
        assert!(request.header("x-sim").is_some());
    }

    let counts = traffic.end().await;
    for part in [" requests in ", " answered, ", " left by the client, ", " got 404", " got 400"] {
        assert!(counts.contains(part), "no {part:?} in {counts}");
    }
}

#[tokio::test]
async fn a_target_is_waited_for_and_each_thing_is_said_once() {
    let place = DeadPort::new().unwrap();
    let (address, url) = (place.addr(), place.url());
    let mut traffic = Traffic::start(&["--target", &url, "--model", "tiny", "--rate", "50"]);
    let nobody = format!("Nobody is at {url} (Connection refused (os error 111)); waiting.");
    assert_eq!(traffic.says().await, nobody);

    drop(place);
    let upstream = Upstream::builder().bind(address).start().await.unwrap();
    assert_eq!(
        traffic.says().await,
        format!("Sending 50 requests per second to {url}. Ctrl-C ends it.")
    );
    let sent = |requests: &[Recorded]| requests.iter().any(|request| request.body_length > 0);
    upstream.wait_for(sent, DEADLINE, "traffic").await;

    upstream.stop().await;
    assert_eq!(traffic.says().await, nobody);
    let upstream = Upstream::builder().bind(address).start().await.unwrap();
    assert_eq!(traffic.says().await, format!("Somebody is at {url} again."));
    upstream.wait_for(sent, DEADLINE, "traffic again").await;
    let counts = traffic.end().await;
    assert!(counts.contains(" not connected, "), "{counts}");
}

/// Whose questions are answered with 404, and whose other requests never are.
async fn never_answers(listener: TcpListener, held: Arc<AtomicUsize>, most: Arc<AtomicUsize>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (held, most) = (Arc::clone(&held), Arc::clone(&most));
        tokio::spawn(async move {
            if stream.read(&mut [0; 3]).await.is_ok_and(|length| length == 0) {
                return;
            }
            let mut start = [0; 1];
            if stream.peek(&mut start).await.is_ok() && start == *b" " {
                let answer =
                    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                return drop(stream.write_all(answer).await);
            }
            most.fetch_max(held.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            until_gone(stream).await;
            held.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// Reads until the client has left.
async fn until_gone(mut stream: TcpStream) {
    while stream.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {}
}

#[tokio::test]
async fn never_more_than_64_are_under_way() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let (held, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let _server = tokio::spawn(never_answers(listener, Arc::clone(&held), Arc::clone(&most)));
    let mut traffic = Traffic::start(&["--target", &target, "--model", "tiny", "--rate", "1000"]);
    assert!(traffic.says().await.starts_with("Sending 1000 requests per second"));
    let full = async || (most.load(Ordering::SeqCst) >= 64).then_some(());
    eventually(DEADLINE, "64 are under way", full).await;
    // Many more would have come by now.
    let later = async || (held.load(Ordering::SeqCst) < 64).then_some(());
    let _still_full = timeout(Duration::from_millis(500), eventually(DEADLINE, "", later)).await;
    let counts = traffic.end().await;
    assert!(counts.contains(" left out, since too many were under way."), "{counts}");
    assert_eq!(most.load(Ordering::SeqCst), 64);
}

#[tokio::test]
async fn nobody_until_the_end_is_a_failure() {
    let place = DeadPort::new().unwrap();
    let args = ["traffic", "--target", &place.url(), "--model", "tiny", "--for", "100ms"];
    let (code, stderr) = output(&args).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&format!("nobody answered at {}: nothing was sent", place.url())));
}

#[tokio::test]
async fn a_key_that_is_none_is_a_wrong_argument() {
    for (file, said) in
        [("/nowhere/key", "reading the key from /nowhere/key"), ("/dev/null", "holds no key")]
    {
        let args = ["--target", "http://127.0.0.1:1", "--model", "tiny", "--key-file", file];
        let (code, stderr) = output(&[&["traffic"][..], &args].concat()).await;
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
