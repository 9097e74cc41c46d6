//! SIGHUP: new routes without dropping a request; a bad file changes nothing.

use std::path::Path;

use serde_json::Value;
use weir_sim::{DeadPort, Plan, Scrape, Upstream};

use crate::files::{file, one_route};
use crate::models::NO_MODELS;
use crate::process::Weir;
use crate::talk;

const RESTART: &str =
    "Changes of listeners, admin, threads or TLS need a restart; the rest is applied.";

fn reloads(weir: &Weir) -> (Option<f64>, Option<f64>, Option<f64>) {
    let scrape: Scrape = talk::scrape(weir.admin);
    let count = |result| scrape.value("weir_config_reloads_total", &[("result", result)]);
    let last = scrape.value("weir_config_last_reload_success", &[]);
    (count("success"), count("failure"), last)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

async fn upstream(word: &str) -> Upstream {
    let plan = Plan { text: vec![word.to_owned()], ..Plan::tokens(3) };
    Upstream::builder().plan(plan).start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_route_answers_and_the_old_requests_go_on() {
    let (old, new) = (upstream("old").await, upstream("new").await);
    let path = file(&one_route(&old.url(), ""));
    let mut weir = Weir::with_file(&path);
    assert_eq!(reloads(&weir), (Some(0.0), Some(0.0), Some(1.0)));

    let mut live = talk::chat(weir.address, "tokens=40,gap=15ms");
    let mut seen = talk::until(&mut live, "\"content\":\"old\"");
    write(&path, &one_route(&new.url(), ""));
    weir.signal("HUP");
    weir.logged("The configuration was read again.");

    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=2"));
    assert!(answer.contains("\"content\":\"new\""), "{answer}");
    assert_eq!(old.totals().open, 1, "the stream from the old route is still there");
    seen.push_str(&talk::rest(&mut live));
    assert_eq!(seen.matches("\"content\":\"old\"").count(), 40);
    assert!(seen.contains("[DONE]"), "{seen}");
    assert_eq!(reloads(&weir), (Some(1.0), Some(0.0), Some(1.0)));
}

/// As where a container mounts the file: nobody sends a signal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changed_is_read_without_a_signal() {
    let (old, new) = (upstream("old").await, upstream("new").await);
    let path = file(&one_route(&old.url(), ""));
    let mut weir = Weir::with_file(&path);
    write(&path, "[proxy");
    weir.logged("The configuration can't be used; the old one stays.");
    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=2"));
    assert!(answer.contains("\"content\":\"old\""), "{answer}");
    write(&path, &one_route(&new.url(), ""));
    weir.logged("The configuration was read again.");
    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=2"));
    assert!(answer.contains("\"content\":\"new\""), "{answer}");
    assert_eq!(reloads(&weir), (Some(1.0), Some(1.0), Some(1.0)));
}

/// A configuration may name a file that comes later, as in Kubernetes a secret after the ConfigMap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_taken_once_it_can_be_used() {
    let upstream = upstream("old").await;
    let path = file(&one_route(&upstream.url(), ""));
    let secret = file("");
    std::fs::remove_file(&*secret).unwrap();
    let mut weir = Weir::with_file(&path);
    let clients = format!(
        "[proxy.clients]\nmetrics = \"hash\"\nhash_secret_file = {:?}\n",
        secret.to_str().unwrap()
    );
    write(&path, &(one_route(&upstream.url(), "") + &clients));
    weir.logged("The configuration can't be used; the old one stays.");
    write(&secret, "a secret of more than sixteen bytes");
    weir.logged("The configuration was read again.");
    assert_eq!(reloads(&weir), (Some(1.0), Some(1.0), Some(1.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_refused_and_the_old_routes_stay() {
    let upstream = upstream("old").await;
    let good = one_route(&upstream.url(), "");
    let path = file(&good);
    let mut weir = Weir::with_file(&path);

    write(&path, "[proxy]\nupsteam = 1\n");
    weir.signal("HUP");
    let line = weir.logged("The configuration can't be used; the old one stays.");
    assert_eq!(line["level"], "ERROR");
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("proxy.upsteam is not a known key, did you mean upstream?"), "{error}");
    assert_eq!(reloads(&weir), (Some(0.0), Some(1.0), Some(0.0)));
    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=1"));
    assert!(answer.contains("\"content\":\"old\""), "{answer}");

    write(&path, &good);
    weir.signal("HUP");
    weir.logged("The configuration was read again.");
    assert_eq!(reloads(&weir), (Some(1.0), Some(1.0), Some(1.0)));
}

/// Requests that have ended keep what they cost; those that come from then on cost what is written then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_change_without_a_restart() {
    let plan = Plan { prompt_tokens: Some(1_000), ..Plan::tokens(4) };
    let upstream = Upstream::builder().plan(plan).start().await.unwrap();
    let route = one_route(&upstream.url(), "");
    let priced = |output: f64| {
        format!("{route}[[proxy.prices]]\nmodel = \"ti*\"\ninput = 0\noutput = {output}\n")
    };
    let path = file(&route);
    let mut weir = Weir::with_file(&path);
    let mut expected = None;
    for (text, output) in
        [(route.clone(), None), (priced(1e5), Some(0.4)), (priced(25e3), Some(0.1))]
    {
        write(&path, &text);
        weir.signal("HUP");
        weir.logged("The configuration was read again.");
        talk::rest(&mut talk::chat(weir.address, "tokens=4"));
        expected = output.map(|usd| usd + expected.unwrap_or(0.0));
        let found = talk::settled(weir.admin).sum("llm_cost_usd_total", &[]);
        assert_eq!(found, expected);
    }
    write(&path, &priced(-1.0));
    weir.signal("HUP");
    weir.logged("The configuration can't be used; the old one stays.");
    talk::rest(&mut talk::chat(weir.address, "tokens=4"));
    let found = talk::settled(weir.admin).sum("llm_cost_usd_total", &[]);
    assert_eq!(found, expected.map(|usd| usd + 0.1), "as before");
}

/// What the next reload that leaves something out says of it.
fn left(weir: &mut Weir, path: &Path, text: &str) -> String {
    write(path, text);
    weir.signal("HUP");
    let line = weir.logged(RESTART);
    assert_eq!(line["level"], "WARN");
    weir.logged("The configuration was read again.");
    line["changes"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_restart_is_said_each_time() {
    let upstream = upstream("old").await;
    let path = file(&one_route(&upstream.url(), "threads = 2"));
    let mut weir = Weir::with_file(&path);
    for _ in 0..2 {
        let changed = one_route(&upstream.url(), "threads = 3\ntls_ca_file = \"ca.pem\"");
        let expected = "proxy.threads stays 2, not 3; proxy.tls_ca_file stays unset, not ca.pem";
        assert_eq!(left(&mut weir, &path, &changed), expected);
    }
    // What runs is what it was: nothing is left to do.
    write(&path, &one_route(&upstream.url(), "threads = 2"));
    weir.signal("HUP");
    weir.logged("The configuration was read again.");
    assert_eq!(weir.said(RESTART).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_comes_or_goes_is_named() {
    let upstream = upstream("old").await;
    let path = file(&one_route(&upstream.url(), ""));
    let mut weir = Weir::with_file(&path);
    let at_edge = format!("{}hop = \"edge\"\nname = \"front\"\n", one_route(&upstream.url(), ""));
    for _ in 0..2 {
        assert_eq!(
            left(&mut weir, &path, &at_edge),
            "the engine listener on 127.0.0.1:0 has no route any more; nothing listens for the \
             edge listener, nor for its front"
        );
        let answer = talk::rest(&mut talk::chat(weir.address, "tokens=1"));
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    write(&path, &one_route(&upstream.url(), ""));
    weir.signal("HUP");
    weir.logged("The configuration was read again.");
    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=1"));
    assert!(answer.contains("\"content\":\"old\""), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_is_the_same_keeps_what_was_learnt() {
    let nobody = DeadPort::new().unwrap();
    let path = file(&one_route(&nobody.url(), ""));
    let mut weir = Weir::with_file(&path);
    weir.has_logged(NO_MODELS);
    assert!(talk::rest(&mut talk::chat(weir.address, "")).starts_with("HTTP/1.1 502 "));
    let error = |name: &str| {
        let page = talk::get(weir.admin, "/status");
        let status: Value = serde_json::from_str(page.split_once("\r\n\r\n").unwrap().1).unwrap();
        let routes = status["routes"].as_array().unwrap();
        routes.iter().find(|route| route["name"] == name).unwrap()["last_error"]["outcome"].clone()
    };
    assert_eq!(error("default"), "connect_failed");
    let other = format!("[[proxy.routes]]\nname = \"other\"\nupstream = {:?}\n", nobody.url());
    write(&path, &(one_route(&nobody.url(), "drain_grace = \"1s\"") + &other));
    weir.signal("HUP");
    let page = |weir: &Weir| talk::get(weir.admin, "/status").contains("\"other\"").then_some(());
    talk::poll("the new route is there", || page(&weir));
    assert_eq!((error("default"), error("other")), ("connect_failed".into(), Value::Null));
    // It was said before that its models can't be asked for; only the new route's is news.
    assert_eq!(weir.logged(NO_MODELS)["route"], "other");
}
