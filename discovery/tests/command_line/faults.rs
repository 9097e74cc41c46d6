//! Engines that send what they should not: each leaves the others untouched.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use tokio::runtime::Runtime;
use weir_sim::{DeadPort, Scrape, Upstream};
use weir_test_daemon::{DEADLINE, Daemon, file};

use crate::scripted::{Scripted, hang, identity, path, whole};
use crate::{engine, start};

/// An engine whose `/metrics` are these bytes.
fn with_metrics(body: &'static str) -> Scripted {
    Scripted::start(move |path, stream| match identity(path) {
        Some(said) => whole(stream, 200, said),
        None => whole(stream, 200, body),
    })
}

/// Waits until the engine `bad` can't be read for this reason, while `good` can.
fn refused(weir: &Daemon, reason: &str) -> Scrape {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let status = weir.json("/status");
        let sources = status["sources"].as_array().unwrap();
        let of = |name: &str| sources.iter().find(|source| source["name"] == name);
        let error = of("bad").and_then(|source| source["error"].as_str()).unwrap_or_default();
        let good = of("good").is_some_and(|source| source["error"].is_null());
        if error.contains(reason) && good {
            break;
        }
        assert!(Instant::now() < deadline, "{reason:?} is not said: {status:#}");
    }
    let scrape = Scrape::parse(&weir.get("/metrics").1).unwrap();
    let up = |name| scrape.value("weir_source_up", &[("source", "engine"), ("name", name)]);
    assert_eq!((up("good"), up("bad")), (Some(1.0), Some(0.0)));
    assert_eq!(scrape.value("llm_engine_up", &[("container", "good")]), Some(1.0));
    assert_eq!(scrape.matching("llm_engine_requests_running", &[]).count(), 1);
    scrape
}

fn beside_a_good_one(bad: &str, reason: &str) -> Scrape {
    let runtime = Runtime::new().unwrap();
    let good = runtime.block_on(Upstream::builder().start()).unwrap();
    let text = "interval = \"500ms\"\ntimeout = \"500ms\"\n".to_owned();
    let (weir, _file) = start(&(text + &engine("good", good.url()) + &engine("bad", bad)));
    refused(&weir, reason)
}

#[test]
fn garbage_is_no_exposition() {
    for body in ["<html>", "a{b=\"c} 1\n", "vllm:num_requests_running{", "\u{1}\u{2} 7"] {
        let bad = with_metrics(body);
        let scrape = beside_a_good_one(&bad.url(), "GET /metrics");
        // Somebody answers; what it says of itself is not known.
        assert_eq!(scrape.value("llm_engine_up", &[("container", "bad")]), Some(1.0));
        let errors = [("container", "bad"), ("result", "error")];
        assert!(scrape.value("llm_engine_scrapes_total", &errors) >= Some(1.0));
    }
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let bad = Scripted::start(|path, stream| {
        if let Some(said) = identity(path) {
            return whole(stream, 200, said);
        }
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")?;
        let line = "vllm:a 1\n".repeat(10_000);
        (0..1_200).try_for_each(|_| stream.write_all(line.as_bytes()))
    });
    beside_a_good_one(&bad.url(), "larger than");
}

#[test]
fn metrics_that_never_end_take_no_longer_than_they_may() {
    let bad = Scripted::start(|path, stream| {
        if let Some(said) = identity(path) {
            return whole(stream, 200, said);
        }
        write!(stream, "HTTP/1.1 200 OK\r\n\r\nvllm:num_requests_running 1\n")?;
        hang(stream)
    });
    let scrape = beside_a_good_one(&bad.url(), "no answer within");
    assert_eq!(
        scrape.value("llm_engine_up", &[("container", "bad")]),
        Some(1.0),
        "the rest is answered"
    );
    let timeouts = [("container", "bad"), ("result", "timeout")];
    assert!(scrape.value("llm_engine_scrapes_total", &timeouts) >= Some(1.0));
}

#[test]
fn what_is_no_engine_is_said_to_be_none() {
    let bad = Scripted::start(|_, stream| whole(stream, 404, "nothing here"));
    let scrape = beside_a_good_one(&bad.url(), "no engine answers there");
    assert_eq!(scrape.value("llm_engine_up", &[("container", "bad")]), Some(0.0));
}

#[test]
fn nobody_listens() {
    let port = DeadPort::new().unwrap();
    beside_a_good_one(&port.url(), "refused");
}

#[test]
fn an_engine_without_metrics_is_up() {
    // `--disable-log-stats` leaves an empty page; others have none at all.
    for (status, reason) in [(404, "status 404"), (503, "status 503")] {
        let bad = Scripted::start(move |path, stream| match identity(path) {
            Some(said) => whole(stream, 200, said),
            None => whole(stream, status, ""),
        });
        let scrape = beside_a_good_one(&bad.url(), reason);
        assert_eq!(scrape.value("llm_engine_up", &[("container", "bad")]), Some(1.0));
    }
}

#[test]
fn a_redirect_is_followed_nowhere_else() {
    // vLLM 0.4.0 answers /metrics with a redirect to /metrics/; whatever it says, that is where we go.
    let other = Scripted::start(|_, stream| whole(stream, 200, "vllm:num_requests_running 7\n"));
    let to = other.url();
    let good = Scripted::start(move |path, stream| match (identity(path), path) {
        (Some(said), _) => whole(stream, 200, said),
        (None, "/metrics/") => whole(stream, 200, "vllm:num_requests_running 1\n"),
        _ => write!(
            stream,
            "HTTP/1.1 307 X\r\nlocation: {to}/metrics/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ),
    });
    let (weir, _file) = start(&engine("old", good.url()));
    let running = |body: &str| Scrape::parse(body).unwrap().sum("llm_engine_requests_running", &[]);
    weir.until("/metrics", |_, body| running(body) == Some(1.0));
    assert_eq!(other.requests(), 0);
}

/// One that breaks off whenever it is asked for its metrics, and answers all else.
#[test]
fn whose_metrics_fail_is_not_asked_more_often_for_that() {
    let runtime = Runtime::new().unwrap();
    let good = runtime.block_on(Upstream::builder().start()).unwrap();
    let bad = Scripted::start(|path, stream| match identity(path) {
        Some(said) => whole(stream, 200, said),
        None => Ok(()),
    });
    let text = "interval = \"500ms\"\ntimeout = \"500ms\"\n".to_owned();
    let (weir, _file) = start(&(text + &engine("good", good.url()) + &engine("bad", bad.url())));
    let count = |body: &str, container, result| {
        let labels = [("container", container), ("result", result)];
        Scrape::parse(body).unwrap().value("llm_engine_scrapes_total", &labels)
    };
    let body = weir.until("/metrics", |_, body| count(body, "good", "success") >= Some(6.0));
    let (good, bad) = (count(&body, "good", "success"), count(&body, "bad", "error"));
    assert!(bad <= good.map(|count| count + 2.0), "{bad:?} readings beside {good:?}");
}

#[test]
fn an_engine_whose_key_is_gone_is_not_said_to_answer() {
    let runtime = Runtime::new().unwrap();
    let sim = runtime.block_on(Upstream::builder().start()).unwrap();
    let key = file("sk-1\n");
    let text = format!(
        "interval = \"500ms\"\n{}bearer_file = {:?}\n",
        engine("a", sim.url()),
        key.to_str().unwrap()
    );
    let (weir, _file) = start(&text);
    let up =
        |body: &str| Scrape::parse(body).unwrap().value("llm_engine_up", &[("container", "a")]);
    weir.until("/metrics", |_, body| up(body) == Some(1.0));
    std::fs::remove_file(&*key).unwrap();
    weir.until("/metrics", |_, body| up(body) == Some(0.0));
    std::fs::write(&*key, "sk-2\n").unwrap();
    weir.until("/metrics", |_, body| up(body) == Some(1.0));
}

/// uvicorn closes a connection when it has been idle for 5 s, just when it is asked again every 5 s.
#[test]
fn connections_that_are_closed_between_two_readings_are_no_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || one_answer(stream));
        }
    });
    let text = format!("interval = \"500ms\"\n{}", engine("a", format_args!("http://{address}")));
    let (weir, _file) = start(&text);
    let count = |body: &str, result| {
        let labels = [("container", "a"), ("result", result)];
        Scrape::parse(body).unwrap().value("llm_engine_scrapes_total", &labels)
    };
    let body = weir.until("/metrics", |_, body| count(body, "success") >= Some(4.0));
    assert_eq!(count(&body, "error"), Some(0.0));
    assert_eq!(weir.said("The source can't be read.").len(), 0);
}

/// An answer after which the connection is said to stay, and the next request is its end.
fn one_answer(mut stream: TcpStream) -> std::io::Result<()> {
    let path = path(&mut stream).unwrap_or_default();
    let body = identity(&path).unwrap_or("vllm:num_requests_running 1\n");
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    stream.read_exact(&mut [0])
}
