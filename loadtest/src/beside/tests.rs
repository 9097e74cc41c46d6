use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;
use crate::report::{BesideRow, Latency, TokenSum};

const SOURCE: &str = "http://127.0.0.1:9900/metrics";

/// The requests of one model on one route: started, and ended well.
fn requests(hop: &str, route: &str, model: &str, started: u32, ended: u32) -> String {
    let labels =
        format!(r#"route="{route}",hop="{hop}",endpoint="chat_completions",model="{model}""#);
    format!(
        "llm_requests_started_total{{{labels}}} {started}\n\
         llm_requests_total{{{labels},outcome=\"success\",status=\"success\"}} {ended}\n\
         llm_requests_total{{{labels},outcome=\"overloaded\",status=\"error\"}} 0\n\
         llm_requests_total{{{labels},outcome=\"client_closed_mid_stream\",status=\"client\"}} 0\n"
    )
}

/// Of a model at the edge: a histogram with 0.1, 0.2 and infinity as its edges.
fn histogram(name: &str, labels: &str, counts: [u32; 3], sum: f64) -> String {
    let mut text = String::new();
    for (edge, count) in ["0.1", "0.2", "+Inf"].iter().zip(counts) {
        writeln!(text, "{name}_bucket{{{labels},le=\"{edge}\"}} {count}").unwrap();
    }
    writeln!(text, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {}", counts[2]).unwrap();
    text
}

fn snapshot(text: &str) -> Snapshot {
    Snapshot::parse(text).unwrap()
}

fn models(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn sent(sent: u64) -> Figures {
    Figures {
        sent,
        ended: sent,
        outcomes: BTreeMap::from([("success".to_owned(), sent)]),
        ..Figures::default()
    }
}

fn row(beside: &Beside, what: &str) -> BesideRow {
    let found = beside.rows.iter().find(|row| row.what == what);
    found.unwrap_or_else(|| panic!("no row {what:?} in {:#?}", beside.rows)).clone()
}

/// tester, proxy, difference
fn values(beside: &Beside, what: &str) -> (Option<f64>, Option<f64>, Option<f64>) {
    let row = row(beside, what);
    (row.tester, row.proxy, row.difference)
}

#[test]
fn side_by_side_with_the_difference() {
    let labels = r#"route="default",hop="edge",model="tiny""#;
    let first_token = "llm_time_to_first_token_seconds";
    let tokens = |input, output, estimated| {
        let labels = format!(r#"{labels},endpoint="chat_completions""#);
        format!(
            "llm_tokens_total{{{labels},kind=\"input\",source=\"reported\"}} {input}\n\
             llm_tokens_total{{{labels},kind=\"output\",source=\"reported\"}} {output}\n\
             llm_tokens_total{{{labels},kind=\"output\",source=\"estimated\"}} {estimated}\n\
             llm_stream_events_total{{{labels}}} {output}\n"
        )
    };
    let before = requests("edge", "default", "tiny", 7, 7)
        + &histogram(first_token, labels, [7, 7, 7], 0.5)
        + &tokens(70, 700, 0);
    let after = requests("edge", "default", "tiny", 11, 10).replace(
        "client_closed_mid_stream\",status=\"client\"} 0",
        "client_closed_mid_stream\",status=\"client\"} 1",
    ) + &histogram(first_token, labels, [8, 11, 11], 1.1)
        + &tokens(110, 1_095, 5);
    let latency =
        Latency { count: 3, mean: 0.152, p50: 0.15, p95: 0.19, p99: 0.25, ..Latency::default() };
    let tokens = |total| Some(TokenSum { total, ..TokenSum::default() });
    let figures = Figures {
        sent: 4,
        ended: 3,
        cut: 1,
        outcomes: BTreeMap::from([("success".to_owned(), 3)]),
        input_tokens: tokens(30),
        output_tokens: tokens(400),
        events: 395,
        latencies: BTreeMap::from([("time_to_first_token".to_owned(), latency)]),
        ..Figures::default()
    };
    let beside =
        beside(&snapshot(&before), &snapshot(&after), &figures, &models(&["tiny"]), SOURCE);
    assert_eq!(beside.source, "http://127.0.0.1:9900/metrics (hop edge)");
    assert!(beside.same_requests);
    let same = |value| (Some(value), Some(value), Some(0.0));
    assert_eq!(values(&beside, "requests"), same(4.0));
    assert_eq!(values(&beside, "requests success"), same(3.0));
    let cut = "requests cut (proxy: client_closed)";
    assert_eq!(values(&beside, cut), same(1.0));
    assert_eq!(values(&beside, "input tokens"), (Some(30.0), Some(40.0), Some(-10.0)));
    assert_eq!(values(&beside, "output tokens"), same(400.0));
    assert_eq!(values(&beside, "content events"), same(395.0));
    assert_eq!(values(&beside, "time_to_first_token count"), (Some(3.0), Some(4.0), Some(-1.0)));
    let mean = row(&beside, "time_to_first_token mean");
    let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-9;
    assert!(near(mean.proxy, 0.15) && near(mean.difference, 0.002) && mean.unit == "s", "{mean:?}");
    // One of four lies below 0.1 s: the second lies at a third of the next bucket, and so may ours.
    let p50 = row(&beside, "time_to_first_token p50 (proxy within 0.1–0.2 s)");
    assert!(near(p50.proxy, 0.1 + 0.1 / 3.0) && p50.tester == Some(0.15), "{p50:?}");
    assert_eq!(p50.difference, None);
    let p99 = row(&beside, "time_to_first_token p99 (proxy within 0.1–0.2 s)");
    assert!(near(p99.difference, 0.25 - p99.proxy.unwrap()), "{p99:?}");
    // Outcomes that did not occur and latencies that nobody has are no rows.
    assert!(!beside.rows.iter().any(|row| row.what.contains("overloaded")), "{beside:?}");
    assert!(!beside.rows.iter().any(|row| row.what.contains("duration")), "{beside:?}");
}

#[test]
fn the_part_with_as_many_requests_is_meant() {
    let edge = |count| requests("edge", "default", "tiny", count, count);
    let engine = |count| requests("engine", "tiny", "tiny", count, count);
    let other = |count| requests("engine", "tiny", "other", count, count);
    let second = |count| requests("engine", "second", "tiny", count, count);
    let unknown = |count| requests("engine", "second", "unknown", count, count);
    let before = String::new();
    for (after, source, same) in [
        // Both hops saw them.
        (edge(10) + &engine(10), "hop edge", true),
        // At an engine past the edge, and somebody else at the edge.
        (edge(3) + &engine(10), "hop engine", true),
        // LiteLLM asked some twice.
        (edge(10) + &engine(12), "hop edge", true),
        // Other models do not matter.
        (engine(10) + &other(5), "hop engine", true),
        // Others asked for the same model on another route.
        (engine(10) + &second(5), "hop engine, route tiny", true),
        // It is counted under another name.
        (unknown(10), "hop engine, all models", true),
        // Somebody came between.
        (edge(11) + &engine(14), "hop edge", false),
        (edge(9), "hop edge", false),
        (requests("edge", "default", "tiny", 11, 10), "hop edge", false),
    ] {
        let found =
            beside(&snapshot(&before), &snapshot(&after), &sent(10), &models(&["tiny"]), SOURCE);
        let expected = (format!("{SOURCE} ({source})"), same);
        assert_eq!((found.source, found.same_requests), expected, "{after}");
    }
    let same = edge(4);
    let none = beside(&snapshot(&same), &snapshot(&same), &sent(10), &models(&["tiny"]), SOURCE);
    assert_eq!((none.same_requests, none.rows.len()), (false, 0));
    assert!(none.source.ends_with("(it saw none of these requests)"), "{}", none.source);
}

#[test]
fn a_latency_without_a_model_is_only_shown_where_it_is_all_ours() {
    let name = "llm_time_to_first_byte_seconds";
    let bytes = histogram(name, r#"route="default",hop="edge""#, [10, 10, 10], 0.5);
    let ours = requests("edge", "default", "tiny", 10, 10) + &bytes;
    let mixed = requests("edge", "default", "other", 1, 1) + &ours;
    let count = |after: &str| {
        let models = models(&["tiny"]);
        let latency = Latency { count: 10, ..Latency::default() };
        let latencies = BTreeMap::from([("time_to_first_byte".to_owned(), latency)]);
        let figures = Figures { latencies, ..sent(10) };
        let beside = beside(&snapshot(""), &snapshot(after), &figures, &models, SOURCE);
        let row = beside.rows.into_iter().find(|row| row.what == "time_to_first_byte count");
        row.and_then(|row| row.proxy)
    };
    assert_eq!((count(&ours), count(&mixed)), (Some(10.0), None));
}

#[test]
fn where_the_proxy_is() {
    let target = |url: &str| url.parse::<Url>().unwrap();
    let at = |flag, url| address(flag, &target(url)).unwrap().map(String::from);
    for here in ["http://127.0.0.1:9800", "http://localhost:1", "http://[::1]:9800/v1"] {
        assert_eq!(at(None, here).as_deref(), Some(USUAL), "{here}");
    }
    assert_eq!(at(None, "http://gpu-1:9800"), None);
    assert_eq!(at(Some("none"), "http://localhost"), None);
    let far = "http://gpu-1:9800";
    assert_eq!(at(Some("http://gpu-1:9900"), far).unwrap(), "http://gpu-1:9900/metrics");
    assert_eq!(at(Some("http://gpu-1/weir/metrics"), far).unwrap(), "http://gpu-1/weir/metrics");
    for wrong in ["gpu-1:9900", "", "ftp://gpu-1", "http://me:pw@gpu-1", "http://gpu-1/?a=b"] {
        let error = address(Some(wrong), &target(far)).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("expected none or a URL"));
    }
}

/// A proxy whose page is another each time that it is asked; the last one stays.
async fn proxy(pages: Vec<String>) -> Url {
    let asked = AtomicUsize::new(0);
    let pages = std::sync::Arc::new((asked, pages));
    let answer = move || async move {
        let (asked, pages) = &*pages;
        let at = asked.fetch_add(1, Ordering::Relaxed).min(pages.len() - 1);
        pages[at].clone()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let router = Router::new().route("/metrics", get(answer));
    tokio::spawn(async { axum::serve(listener, router).await });
    url.parse().unwrap()
}

#[tokio::test]
async fn the_proxy_may_take_its_time_to_count_the_last_request() {
    let both = |edge, engine| {
        requests("edge", "default", "tiny", 10, edge)
            + &requests("engine", "tiny", "tiny", 10, engine)
    };
    let url = proxy(vec![String::new(), both(8, 9), both(9, 10), both(10, 10)]).await;
    let client = http::client().build().unwrap();
    let models = models(&["tiny"]);
    let before = Snapshot::take(&client, &url).await.unwrap();
    let after = Snapshot::settled(&client, &url, &before, 10, &models).await.unwrap();
    let beside = beside(&before, &after, &sent(10), &models, url.as_str());
    assert!(beside.same_requests && beside.source.ends_with("(hop edge)"), "{beside:?}");
}

#[tokio::test]
async fn what_is_no_proxy_is_said() {
    let client = http::client().build().unwrap();
    let take = async |url: Url| Snapshot::take(&client, &url).await.unwrap_err().to_string();
    let url = proxy(vec!["<html>".to_owned()]).await;
    let said = take(url.clone()).await;
    assert!(said.contains("no page of metrics"), "{said}");
    let said = take(url.join("/nowhere").unwrap()).await;
    assert!(said.contains("/nowhere answers 404 Not Found"), "{said}");
    let said = take(proxy(vec!["#".repeat(LONGEST + 1)]).await).await;
    assert!(said.contains("longer than 8192 KiB"), "{said}");
    let dead = weir_sim::DeadPort::new().unwrap();
    let said = take(dead.url().parse().unwrap()).await;
    assert!(said.contains("Connection refused"), "{said}");
}
