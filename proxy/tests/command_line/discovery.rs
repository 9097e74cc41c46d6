//! `[proxy.discovery]` and `--discovery`: what is said of it, and what a reload makes of it.

use std::path::Path;

use serde_json::Value;
use weir_sim::{DeadPort, Upstream};

use crate::files::file;
use crate::process::Weir;
use crate::scripted_discovery::{Discovery, answer, named, page};
use crate::talk;

const DOWN: &str = "Discovery can't be read; the last routes that it named stay.";
const RELOADED: &str = "The configuration was read again.";

/// A configuration of `[proxy.discovery]` with these keys, and more tables.
fn following(url: &str, keys: &str, more: &str) -> String {
    format!(
        "[proxy]\nengine = \"127.0.0.1:0\"\nedge = \"127.0.0.1:0\"\n[proxy.discovery]\nurl = {url:?}\n{keys}\n{more}"
    )
}

fn own(name: &str, url: &str) -> String {
    format!("[[proxy.routes]]\nname = {name:?}\nupstream = {url:?}\npoll_models = \"0s\"\n")
}

fn reload(weir: &mut Weir, path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    weir.signal("HUP");
    weir.logged(RELOADED);
}

/// Waits until these are the routes, each with its usage.
fn until_routes(weir: &Weir, expected: &[(&str, &str)]) {
    talk::poll(&format!("the routes are {expected:?}"), || {
        let page = talk::get(weir.admin, "/status");
        let status: Value = serde_json::from_str(page.split_once("\r\n\r\n").unwrap().1).unwrap();
        let text = |route: &Value, key: &str| route[key].as_str().unwrap().to_owned();
        let routes = status["routes"].as_array().unwrap().iter();
        let routes: Vec<_> = routes.map(|it| (text(it, "name"), text(it, "usage"))).collect();
        let is = routes
            .iter()
            .map(|(name, usage)| (name.as_str(), usage.as_str()))
            .eq(expected.iter().copied());
        is.then_some(())
    });
}

fn chat(weir: &Weir) -> String {
    talk::rest(&mut talk::chat(weir.address, "tokens=2"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_is_all_it_needs() {
    let sim = Upstream::builder().start().await.unwrap();
    let discovery = Discovery::start(page(&[named("a", &sim.url(), &["tiny"])])).await;
    let args = ["--discovery", &discovery.url(), "--admin", "127.0.0.1:0"];
    let mut weir = Weir::start_in(&args, &[("WEIR_PROXY__ENGINE", "127.0.0.1:0")]);
    let line = weir.has_logged("Discovery names other routes.");
    assert_eq!((&line["came"], &line["went"]), (&"a".into(), &"".into()));
    until_routes(&weir, &[("a", "exact")]);
    assert!(chat(&weir).contains("[DONE]"));
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_once() {
    let sim = Upstream::builder().start().await.unwrap();
    let mut bad = named("b", &sim.url(), &[]);
    bad["listener"] = "edge".into();
    let good = page(&[named("a", &sim.url(), &["tiny"]), bad, named("own", &sim.url(), &[])]);
    let discovery = Discovery::start(good.clone()).await;
    let path = file(&following(&discovery.url(), "", &own("own", &sim.url())));
    let mut weir = Weir::with_file(&path);
    let left_out = "A discovered route can't be used; it is left out.";
    let line = weir.has_logged(left_out);
    assert_eq!((&line["level"], &line["route"]), (&"WARN".into(), &"b".into()));
    assert!(line["reason"].as_str().unwrap().starts_with("its listener is not \"engine\""));
    let overruled = "Discovery names a route that is configured; the configured one stays.";
    assert_eq!(weir.has_logged(overruled)["route"], "own");
    discovery.says(answer(500, "SECRET"));
    assert_eq!(weir.logged(DOWN)["reason"], "GET /routes was answered with status 500");
    discovery.heard().await;
    // The same answer without a tag, as of a server that was started anew.
    discovery.says(good);
    weir.logged("Discovery answers.");
    discovery.heard().await;
    weir.signal("TERM");
    weir.ended();
    for message in [left_out, overruled, DOWN] {
        assert_eq!(weir.said(message).len(), 1, "{message}");
    }
    assert!(!format!("{:?}", weir.log()).contains("SECRET"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_and_discovery_come_in_any_order() {
    let sim = Upstream::builder().start().await.unwrap();
    let of = |name: &str| named(name, &sim.url(), &["tiny"]);
    let discovery = Discovery::start(page(&[of("a")])).await;
    let path = file(&following(&discovery.url(), "", ""));
    let mut weir = Weir::with_file(&path);
    until_routes(&weir, &[("a", "exact")]);
    let mut live = talk::chat(weir.address, "tokens=200,gap=50ms");
    let mut seen = talk::until(&mut live, "\"content\":");

    // A configured route comes, the found one stays; then another is found, the configured one stays.
    reload(&mut weir, &path, &following(&discovery.url(), "", &own("own", &sim.url())));
    until_routes(&weir, &[("own", "exact"), ("a", "exact")]);
    discovery.names(&[of("a"), of("b")]);
    until_routes(&weir, &[("own", "exact"), ("a", "exact"), ("b", "exact")]);
    // What is found follows its own keys at once, and stays while another place does not answer.
    let elsewhere = DeadPort::new().unwrap();
    let observed = following(&elsewhere.url(), "usage = \"observe\"", &own("own", &sim.url()));
    reload(&mut weir, &path, &observed);
    until_routes(&weir, &[("own", "exact"), ("a", "observe"), ("b", "observe")]);
    weir.logged(DOWN);
    let asked = discovery.asked().len();
    let addr = elsewhere.addr();
    drop(elsewhere);
    let other = Discovery::start_at(addr, page(&[of("c")])).await;
    until_routes(&weir, &[("own", "exact"), ("c", "observe")]);
    assert!(discovery.asked().len() <= asked + 1, "nobody asks there any more");

    // Without it, only what is configured is left; with it, all comes again.
    let alone = format!("[proxy]\nengine = \"127.0.0.1:0\"\n{}", own("own", &sim.url()));
    reload(&mut weir, &path, &alone);
    until_routes(&weir, &[("own", "exact")]);
    assert_eq!(talk::scrape(weir.admin).value("weir_source_up", &[]), None);
    reload(&mut weir, &path, &following(&other.url(), "", &own("c", &sim.url())));
    until_routes(&weir, &[("c", "exact")]);
    reload(&mut weir, &path, &following(&other.url(), "", ""));
    until_routes(&weir, &[("c", "exact")]);

    seen.push_str(&talk::rest(&mut live));
    assert!(seen.contains("[DONE]"), "the stream of the beginning went on through all of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_was_not_bound_needs_a_restart() {
    let sim = Upstream::builder().start().await.unwrap();
    let discovery = Discovery::start(page(&[named("a", &sim.url(), &["tiny"])])).await;
    let front = format!("{}hop = \"edge\"\n", own("front", &sim.url()));
    let path = file(&format!("[proxy]\nedge = \"127.0.0.1:0\"\n{front}"));
    let mut weir = Weir::with_file(&path);
    std::fs::write(&*path, following(&discovery.url(), "", &front)).unwrap();
    weir.signal("HUP");
    let line = weir
        .logged("Changes of listeners, admin, threads or TLS need a restart; the rest is applied.");
    let expected = "nothing listens for the engine listener, nor for its routes from discovery";
    assert_eq!(line["changes"], expected);
    weir.logged(RELOADED);
    until_routes(&weir, &[("front", "exact")]);
    assert_eq!(discovery.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_is_shown_and_never_told() {
    let discovery = Discovery::start(page(&[])).await;
    let token = file("token-that-nobody-may-see\n");
    let keys = format!("bearer_file = {:?}", token.to_str().unwrap());
    let path = file(&following(&discovery.url(), &keys, ""));
    let mut weir = Weir::with_file(&path);
    weir.has_logged("Discovery answers.");
    assert!(
        discovery.asked()[0].head.contains("authorization: bearer token-that-nobody-may-see\r\n")
    );
    std::fs::write(&*token, "another-that-nobody-may-see").unwrap();
    discovery.heard().await;
    assert!(
        discovery.asked().last().unwrap().head.contains("bearer another-that-nobody-may-see\r\n")
    );
    std::fs::write(&*token, "one with a line\nbreak that-nobody-may-see").unwrap();
    weir.logged(DOWN);
    std::fs::remove_file(&*token).unwrap();
    let reason = weir.logged(DOWN)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("No such file or directory"), "{reason}");
    weir.signal("TERM");
    weir.ended();
    assert!(!format!("{:?}", weir.log()).contains("nobody-may-see"));
}
