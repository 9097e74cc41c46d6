//! SIGHUP: new routes without dropping a request; a bad file changes nothing.

use std::path::Path;

use weir_sim::{Plan, Scrape, Upstream};

use crate::files::{file, one_route};
use crate::process::Weir;
use crate::talk;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_restart_is_said() {
    let upstream = upstream("old").await;
    let path = file(&one_route(&upstream.url(), "threads = 2"));
    let mut weir = Weir::with_file(&path);
    write(&path, &one_route(&upstream.url(), "threads = 3"));
    weir.signal("HUP");
    let line = weir
        .logged("Changes of listeners, admin, threads or TLS need a restart; routes are applied.");
    assert_eq!(line["level"], "WARN");
    weir.logged("The configuration was read again.");
}
