//! Collectors that take spans, and those that are slow, refuse, ask for patience or are not there: whoever offers
//! a span never waits, and every span has one fate.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use weir_telemetry::{
    Attributes, Event, Fate, Histogram, Instrument, Metrics, Read, Span, Traces, Value,
};

const SECRET: &str = "wormwood";
const DEADLINE: Duration = Duration::from_secs(20);

/// One request that a collector got.
struct Got {
    at: Instant,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn holds(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// Answers each request with the next of the heads, the last of them again and again; `None`: never.
fn collector(heads: &'static [Option<&'static str>]) -> (String, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, got) = mpsc::channel();
    std::thread::spawn(move || {
        let mut heads = heads.iter();
        let mut last = None;
        let mut held = Vec::new();
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let Some(request) = request(&socket) else { continue };
            last = heads.next().copied().or(last);
            let is_over = tell.send(request).is_err();
            match last.flatten() {
                Some(head) => {
                    let head = format!(
                        "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                    );
                    let _gone = socket.write_all(head.as_bytes());
                }
                None => held.push(socket),
            }
            if is_over {
                return;
            }
        }
    });
    (url, got)
}

fn request(socket: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Got { at: Instant::now(), head, body })
}

/// An export, and what became of its spans.
struct Export {
    traces: Traces,
    fates: Arc<Mutex<HashMap<&'static str, u64>>>,
}

impl Export {
    fn to(url: &str, more: &[(&str, &str)]) -> Self {
        let mut set = HashMap::from([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20wormwood"),
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ]);
        set.extend(more.iter().copied());
        let read = Read::variables("test", "1", |name| set.get(name).map(|it| (*it).to_owned()));
        assert_eq!(read.warnings, [""; 0]);
        let fates = Arc::<Mutex<HashMap<_, _>>>::default();
        let count = Arc::clone(&fates);
        let count = move |fate: Fate, number| {
            *count.lock().unwrap().entry(fate.as_str()).or_default() += number;
        };
        Self { traces: Traces::start(&read.settings.unwrap(), Arc::new(count)).unwrap(), fates }
    }

    fn offer(&self, count: u64) {
        for id in 1..=count {
            self.traces.offer(span(id));
        }
    }

    fn fate(&self, fate: Fate) -> u64 {
        self.fates.lock().unwrap().get(fate.as_str()).copied().unwrap_or_default()
    }

    fn all(&self) -> u64 {
        Fate::ALL.into_iter().map(|fate| self.fate(fate)).sum()
    }

    /// Waits until so many have met this fate.
    fn wait(&self, fate: Fate, count: u64) {
        let begun = Instant::now();
        while self.fate(fate) < count {
            assert!(begun.elapsed() < DEADLINE, "{:?}", self.fates);
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    fn shutdown(&self, within: Duration) {
        let begun = Instant::now();
        self.traces.shutdown(within);
        assert!(begun.elapsed() < within + Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

fn span(id: u64) -> Span {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    Span {
        trace: 1 << 64 | u128::from(id),
        id,
        parent: None,
        name: format!("chat model-{id}"),
        start,
        end: start + Duration::from_secs(1),
        is_error: false,
        attributes: vec![("gen_ai.operation.name", Value::Word("chat"))],
        events: vec![Event { name: "first_token", at: start }],
    }
}

#[test]
fn what_is_offered_arrives() {
    let (url, got) = collector(&[Some("200 OK")]);
    let export = Export::to(&url, &[]);
    export.offer(3);
    export.shutdown(DEADLINE);
    assert_eq!((export.fate(Fate::Exported), export.all()), (3, 3));
    let first = got.recv_timeout(DEADLINE).unwrap();
    assert!(first.head.starts_with("post /v1/traces http/1.1"), "{}", first.head);
    assert!(first.head.contains("authorization: bearer wormwood"), "{}", first.head);
    assert!(first.head.contains("content-type: application/x-protobuf"), "{}", first.head);
    for text in ["chat model-1", "first_token", "gen_ai.operation.name", "service.name", "test"] {
        assert!(first.holds(text), "{text}");
    }
    // What comes later has nowhere to go.
    export.offer(1);
    assert_eq!((export.fate(Fate::Dropped), export.all()), (1, 4));
    assert!(!format!("{:?}", export.traces).contains(SECRET));
}

#[test]
fn batches_have_a_bound_and_may_be_compressed() {
    let (url, got) = collector(&[Some("200 OK")]);
    let more =
        [("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")];
    let export = Export::to(&url, &more);
    export.offer(5);
    export.shutdown(DEADLINE);
    assert_eq!(export.fate(Fate::Exported), 5);
    let requests: Vec<_> = got.try_iter().collect();
    assert!(requests.len() >= 3, "{}", requests.len());
    assert!(requests.iter().all(|it| it.head.contains("content-encoding: gzip")));
}

/// Nobody listens there any more.
fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn a_collector_that_is_not_there_costs_the_queue() {
    for protocol in ["http/protobuf", "grpc"] {
        let more = [("OTEL_BSP_MAX_QUEUE_SIZE", "100"), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
        let export = Export::to(&dead(), &more);
        let begun = Instant::now();
        export.offer(10_000);
        assert!(begun.elapsed() < Duration::from_secs(5), "{protocol}: {:?}", begun.elapsed());
        export.wait(Fate::Failed, 1);
        export.shutdown(Duration::from_secs(5));
        assert_eq!((export.all(), export.fate(Fate::Exported)), (10_000, 0), "{protocol}");
        assert!(export.fate(Fate::Dropped) >= 9_000, "{protocol}: {:?}", export.fates);
    }
}

#[test]
fn a_collector_that_never_answers_holds_up_nobody() {
    for protocol in ["http/protobuf", "grpc"] {
        let (url, _got) = collector(&[None]);
        let more = [("OTEL_BSP_MAX_QUEUE_SIZE", "100"), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)];
        let export = Export::to(&url, &more);
        export.offer(10_000);
        export.shutdown(Duration::from_millis(300));
        assert_eq!((export.all(), export.fate(Fate::Exported)), (10_000, 0), "{protocol}");
    }
}

#[test]
fn one_that_refuses_gets_each_batch_once() {
    let (url, got) = collector(&[Some("401 Unauthorized")]);
    let export = Export::to(&url, &[]);
    export.offer(1);
    export.wait(Fate::Failed, 1);
    assert_eq!(got.try_iter().count(), 1);
    export.shutdown(DEADLINE);
    assert_eq!(export.all(), 1);
}

#[test]
fn one_that_asks_for_patience_gets_it() {
    let (url, got) = collector(&[Some("429 Too Many Requests\r\nretry-after: 1"), Some("200 OK")]);
    let export = Export::to(&url, &[]);
    export.offer(1);
    export.wait(Fate::Exported, 1);
    let requests: Vec<_> = got.try_iter().collect();
    let pause = requests[1].at - requests[0].at;
    assert_eq!(requests.len(), 2);
    assert!(pause >= Duration::from_millis(990), "{pause:?}");
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn one_that_asks_for_more_patience_than_an_export_has_is_left_in_peace() {
    let (url, got) = collector(&[Some("429 Too Many Requests\r\nretry-after: 60")]);
    let export = Export::to(&url, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "500")]);
    export.offer(1);
    export.wait(Fate::Failed, 1);
    export.offer(7);
    export.shutdown(Duration::from_millis(300));
    assert_eq!(got.try_iter().count(), 1);
    assert_eq!((export.fate(Fate::Failed), export.fate(Fate::Dropped)), (1, 7));
}

#[test]
fn one_that_comes_back_gets_what_waited() {
    let (url, got) = collector(&[
        Some("500 Internal Server Error"),
        Some("500 Internal Server Error"),
        Some("200 OK"),
    ]);
    let export = Export::to(&url, &[("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")]);
    export.offer(3);
    export.wait(Fate::Exported, 1);
    assert_eq!((export.fate(Fate::Exported), export.fate(Fate::Failed)), (1, 2));
    assert_eq!(got.try_iter().count(), 3);
    export.shutdown(DEADLINE);
}

/// Metrics that are exported every 10 ms, and one of them.
fn metrics(url: &str, more: &[(&str, &str)]) -> (Metrics, Histogram) {
    let mut set = HashMap::from([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20wormwood"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
    ]);
    set.extend(more.iter().copied());
    let find = |name: &str| set.get(name).map(|it| (*it).to_owned());
    let read = Read::variables_of_metrics("test", "1", find);
    assert_eq!(read.warnings, [""; 0]);
    let metrics = Metrics::start(&read.settings.unwrap()).unwrap();
    let seconds = Instrument { name: "a.duration", unit: "s", bounds: &[0.5, 1.0] };
    let histogram = metrics.histogram(seconds);
    (metrics, histogram)
}

fn of_model(model: &str) -> Attributes {
    Attributes::default().with("model", Value::Text(model.to_owned()))
}

#[test]
fn metrics_arrive_again_and_again() {
    // One that can't be had now is made up for by the next.
    let (url, got) = collector(&[Some("200 OK"), Some("400 Bad Request"), Some("200 OK")]);
    let (metrics, seconds) = metrics(&url, &[]);
    seconds.record(0.7, &of_model("tiny"));
    let first = got.recv_timeout(DEADLINE).unwrap();
    assert!(first.head.starts_with("post /v1/metrics http/1.1"), "{}", first.head);
    assert!(first.head.contains("authorization: bearer wormwood"), "{}", first.head);
    for text in ["a.duration", "model", "tiny", "service.name", "test"] {
        assert!(first.holds(text), "{text}");
    }
    seconds.record(0.7, &of_model("other"));
    let _refused = got.recv_timeout(DEADLINE).unwrap();
    let begun = Instant::now();
    while !got.recv_timeout(DEADLINE).unwrap().holds("other") {
        assert!(begun.elapsed() < DEADLINE);
    }
    metrics.shutdown();
    assert!(!format!("{metrics:?}").contains(SECRET));
}

#[test]
fn what_is_measured_last_is_exported_at_the_end() {
    let (url, got) = collector(&[Some("200 OK")]);
    let (metrics, seconds) = metrics(&url, &[("OTEL_METRIC_EXPORT_INTERVAL", "3600000")]);
    seconds.record(0.7, &of_model("tiny"));
    metrics.shutdown();
    assert!(got.recv_timeout(DEADLINE).unwrap().holds("tiny"));
}

#[test]
fn nobody_who_measures_waits_for_a_collector() {
    let (silent, _got) = collector(&[None]);
    let dead = dead();
    for (url, protocol) in
        [(&silent, "http/protobuf"), (&silent, "grpc"), (&dead, "http/protobuf"), (&dead, "grpc")]
    {
        let (metrics, seconds) = metrics(url, &[("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)]);
        let begun = Instant::now();
        for index in 0..10_000 {
            seconds.record(0.1, &of_model(&index.to_string()));
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{protocol}: {:?}", begun.elapsed());
        let begun = Instant::now();
        metrics.shutdown();
        drop(metrics);
        assert!(begun.elapsed() < Duration::from_secs(8), "{protocol}: {:?}", begun.elapsed());
    }
}
