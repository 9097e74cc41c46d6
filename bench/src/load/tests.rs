//! Loads against the upstream, and against servers that go wrong.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::request::bytes;
use super::{Counted, Load, LoadError};
use crate::cells::{Pace, Work};
use crate::upstream::in_process;

const ONE: Work = Work::Json { body: 1_024, pace: Pace::Saturated { connections: 1 } };
const THREE_EVENTS: Work = Work::Streams { streams: 1, interval: Duration::ZERO, events: Some(3) };

/// Long after that, what is waited for does not come any more.
const DEADLINE: Duration = Duration::from_secs(30);

/// Longer and longer windows until one has what is wanted.
async fn window(load: &mut Load, wanted: impl Fn(&Counted) -> bool) -> Counted {
    let mut length = Duration::from_millis(10);
    loop {
        let counted = load.window(length).await.unwrap();
        if wanted(&counted) {
            return counted;
        }
        assert!(length < DEADLINE, "never as wanted: {counted:?}");
        length *= 2;
    }
}

/// What a server says to a request, and whether it closes the connection then.
#[derive(Clone)]
struct Answer(Vec<u8>, bool);

/// Gives one answer after another, on whatever connection they are asked for, and then the first one again.
struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    /// A connection that the client has closed.
    closed: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(work: Work, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (length, answers) = (bytes(&work, address).len(), Arc::new(answers));
        let (accepted, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (tell, closed) = mpsc::unbounded_channel();
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let (answers, asked, tell) = (Arc::clone(&answers), asked.clone(), tell.clone());
                tokio::spawn(async move {
                    if answer(stream, length, &answers, &asked).await.is_err() {
                        let _test_is_over = tell.send(());
                    }
                });
            }
        });
        Self { address, accepted, closed, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An error is the client's end of the connection.
async fn answer(
    mut stream: TcpStream,
    length: usize,
    answers: &[Answer],
    asked: &AtomicUsize,
) -> io::Result<()> {
    let mut request = vec![0; length];
    loop {
        stream.read_exact(&mut request).await?;
        let Answer(text, closes) = &answers[asked.fetch_add(1, Ordering::Relaxed) % answers.len()];
        stream.write_all(text).await?;
        if *closes {
            return Ok(());
        }
    }
}

/// The answer that the upstream gives.
async fn upstreams(work: Work) -> Vec<u8> {
    let upstream = in_process::start();
    let mut stream = TcpStream::connect(upstream.address).await.unwrap();
    stream.write_all(&bytes(&work, upstream.address)).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// Alternates between the right answer and a wrong one, after which the server closes or not; returns what is counted.
async fn with_faults(work: Work, right: &[u8], wrong: &[u8], closes: bool) -> Counted {
    let answers = vec![Answer(right.to_vec(), false), Answer(wrong.to_vec(), closes)];
    let server = Server::start(work, answers).await;
    let mut load = Load::start(&work, server.address).await.unwrap();
    let counted = window(&mut load, |counted| counted.errors > 1 && counted.requests > 1).await;
    load.stop().await;
    counted
}

#[tokio::test]
async fn whole_answers_are_counted() {
    let upstream = in_process::start();
    let saturated = |connections| Pace::Saturated { connections };
    for (body, pace) in [
        (1 << 10, saturated(16)),
        (16 << 10, saturated(2)),
        (2 << 20, saturated(1)),
        (1 << 10, Pace::Rate { per_second: 1_000, connections: 4 }),
    ] {
        let mut load = Load::start(&Work::Json { body, pace }, upstream.address).await.unwrap();
        let counted = window(&mut load, |counted| counted.requests >= 10).await;
        assert_eq!((counted.errors, counted.last_error), (0, None), "{pace:?}");
        assert_eq!(counted.latency.len(), counted.requests);
        assert_eq!((counted.events, counted.reads, counted.delay.len()), (0, 0, 0));
        assert!(counted.elapsed >= Duration::from_millis(10));
        assert!(!counted.generator_cpu.is_zero());
        load.stop().await;
    }
}

#[tokio::test]
async fn events_are_counted() {
    let upstream = in_process::start();
    for (streams, milliseconds) in [(1, 1), (20, 5), (300, 50)] {
        let interval = Duration::from_millis(milliseconds);
        let work = Work::Streams { streams, interval, events: None };
        let mut load = Load::start(&work, upstream.address).await.unwrap();
        let counted = window(&mut load, |counted| counted.events >= 10).await;
        assert_eq!((counted.errors, counted.last_error), (0, None), "{streams} streams");
        assert_eq!((counted.requests, counted.first_event.len()), (0, 0));
        assert_eq!(counted.delay.len(), counted.events);
        assert!((1..=counted.events).contains(&counted.reads), "{} reads", counted.reads);
        load.stop().await;
    }
}

#[tokio::test]
async fn streams_that_end_follow_one_another() {
    let upstream = in_process::start();
    for (interval, events) in [(0, 128), (1, 5), (0, 2_048), (0, 1)] {
        let interval = Duration::from_millis(interval);
        let work = Work::Streams { streams: 1, interval, events: Some(events) };
        let mut load = Load::start(&work, upstream.address).await.unwrap();
        let counted = window(&mut load, |counted| counted.requests >= 3).await;
        assert_eq!((counted.errors, counted.last_error), (0, None), "{events} events");
        assert_eq!(counted.latency.len(), counted.requests);
        let (requests, events) = (counted.requests, u64::from(events));
        // One is under way when the window begins, another one when it ends.
        let range = (requests - 1) * events..=(requests + 1) * events;
        assert!(range.contains(&counted.events), "{} events of {requests}", counted.events);
        assert!(counted.first_event.len().abs_diff(requests) <= 1);
        load.stop().await;
    }
}

#[tokio::test]
async fn a_latency_counts_from_when_the_request_was_due() {
    const STALL: Duration = Duration::from_millis(100);
    const PERIOD: u64 = 300;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let work = Work::Json { body: 1_024, pace: Pace::Rate { per_second: 2_000, connections: 1 } };
    let text = upstreams(work).await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; bytes(&work, target).len()];
        let mut number = 0;
        while stream.read_exact(&mut request).await.is_ok() {
            number += 1;
            if number % PERIOD == 0 {
                tokio::time::sleep(STALL).await;
            }
            stream.write_all(&text).await.unwrap();
        }
    });
    let mut load = Load::start(&work, target).await.unwrap();
    let counted = window(&mut load, |counted| counted.requests >= 2 * PERIOD).await;
    load.stop().await;
    server.await.unwrap();
    // 200 were due while the server stalled, on the one connection that it has.
    let waited = counted.latency.count_between(STALL.as_nanos() as u64 / 2, u64::MAX);
    assert!(waited >= 90, "{waited} waited for half the time or longer");
}

#[tokio::test]
async fn wrong_whole_answers_are_counted_and_the_load_goes_on() {
    let right = upstreams(ONE).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n";
    let long_head = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(100_000));
    for (wrong, closes, error) in [
        ("", true, "was broken off"),
        (head, true, "was broken off"),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", false, "status 500"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour", false, "another length"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour5", false, "something comes after it"),
        ("HTTP/1.1 200 OK\r\n\r\n", true, "tells no length"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx", false, "not in chunks"),
        ("FTP\r\n\r\n", false, "cannot be read"),
        (&long_head, false, "more than 64 KiB"),
    ] {
        let counted = with_faults(ONE, &right, wrong.as_bytes(), closes).await;
        let last = counted.last_error.unwrap();
        assert!(last.contains(error), "{wrong:?}: {last}");
        assert_eq!(counted.latency.len(), counted.requests);
    }
}

#[tokio::test]
async fn wrong_streams_are_counted_and_the_load_goes_on() {
    let right = String::from_utf8(upstreams(THREE_EVENTS).await).unwrap();
    let (head, chunks) = right.split_once("\r\n\r\n").unwrap();
    let chunks: Vec<_> = chunks.split_inclusive("\n\n\r\n").collect();
    let [first, second, third, finish, done, last] = chunks.as_slice() else { panic!("{right}") };
    let usage = "1d\r\ndata: {\"usage\":{\"a\":12345}}\n\n\r\n";
    for (wrong, error) in [
        (vec![first, second], "was broken off"),
        (vec![first, second, third, finish, done], "was broken off"),
        (vec![first, second, third, finish, last], "before its last event"),
        (vec![first, second, third, done, last], "did not send"),
        (vec![first, third, finish, done, last], "another number of events"),
        (vec![first, second, third, third, finish, done, last], "another number of events"),
        (vec![first, second, third, finish, third, done, last], "after the last one"),
        (vec![first, second, third, finish, &usage, done, last], "not asked for"),
        (vec![first, &"ffff\r\n", first, second, third, finish], "did not send"),
    ] {
        let wrong: String = wrong.into_iter().copied().collect();
        let wrong = format!("{head}\r\n\r\n{wrong}");
        let counted = with_faults(THREE_EVENTS, right.as_bytes(), wrong.as_bytes(), true).await;
        let last = counted.last_error.unwrap();
        assert!(last.contains(error), "{wrong:?}: {last}");
        assert_eq!(counted.latency.len(), counted.requests);
    }
}

#[tokio::test]
async fn an_answer_may_be_chunked_and_cut_anew() {
    let whole = upstreams(ONE).await;
    let stream = upstreams(THREE_EVENTS).await;
    let plain = |answer: &[u8]| {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        answer[end..].to_vec()
    };
    let mut events = Vec::new();
    for line in String::from_utf8(plain(&stream)).unwrap().split_inclusive("\n\n") {
        events.extend(line.find("data: ").map_or("", |start| &line[start..]).bytes());
    }
    for (work, payload) in [(ONE, plain(&whole)), (THREE_EVENTS, events)] {
        let mut answers = Vec::new();
        for size in [1, 2, 7, 13, 100, 236, 237, 238, 300, 10_000] {
            let mut text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for chunk in payload.chunks(size) {
                text.extend(format!("{:X}\r\n", chunk.len()).bytes());
                text.extend([chunk, b"\r\n"].concat());
            }
            text.extend(b"0\r\n\r\n");
            answers.push(Answer(text, false));
        }
        let all = answers.len() as u64;
        let server = Server::start(work, answers).await;
        let mut load = Load::start(&work, server.address).await.unwrap();
        let counted = window(&mut load, |counted| counted.requests >= all).await;
        assert_eq!((counted.errors, counted.last_error), (0, None), "{work:?}");
        load.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_closes_is_followed_by_a_new_connection() {
    let right = String::from_utf8(upstreams(ONE).await).unwrap();
    let closing = right.replacen("content-type", "Connection: close\r\ncontent-type", 1);
    let server = Server::start(ONE, vec![Answer(closing.into_bytes(), true)]).await;
    let mut load = Load::start(&ONE, server.address).await.unwrap();
    let counted = window(&mut load, |counted| counted.requests >= 5).await;
    assert_eq!((counted.errors, counted.last_error), (0, None));
    assert!(server.accepted.load(Ordering::Relaxed) as u64 >= counted.requests);
    load.stop().await;
}

#[tokio::test]
async fn a_load_closes_its_connections_when_it_is_stopped() {
    let work = Work::Json { body: 1_024, pace: Pace::Saturated { connections: 5 } };
    let answers = vec![Answer(upstreams(work).await, false)];
    let mut server = Server::start(work, answers).await;
    let load = Load::start(&work, server.address).await.unwrap();
    assert_eq!(server.accepted.load(Ordering::Relaxed), 5);
    assert!(server.closed.try_recv().is_err(), "closed while it is under way");
    load.stop().await;
    for _connection in 0..5 {
        server.closed.recv().await.unwrap();
    }
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_load() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    for work in [ONE, THREE_EVENTS] {
        let Err(error) = Load::start(&work, target).await else { panic!("a load to nobody") };
        assert!(matches!(error, LoadError::Connect { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&target.to_string()), "{text}");
        assert!(text.contains("is a server listening there? `weir-bench upstream`"), "{text}");
    }
}

#[tokio::test]
async fn a_target_that_only_fails_does_not_get_warm() {
    let refusal = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start(ONE, vec![Answer(refusal, false)]).await;
    let within = Duration::from_secs(1);
    let Err(error) = Load::start_within(&ONE, server.address, within).await else {
        panic!("a load of failures")
    };
    let text = error.to_string();
    assert!(text.contains("after 1 s only 0 of 1 connections"), "{text}");
    assert!(text.contains("the answer has status 503"), "{text}");
}
