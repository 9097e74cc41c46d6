//! What becomes of the series of routes that are gone.

use std::collections::BTreeSet;

use weir_sim::{Scrape, Upstream};

use crate::rig::discovery::{Discovery, named, page};
use crate::{chat, proxy, send, until_routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_comes_back_goes_on_counting() {
    let sim = Upstream::builder().start().await.unwrap();
    let of_a = named("a", &sim.url(), &["tiny"]);
    let discovery = Discovery::start(page(std::slice::from_ref(&of_a))).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let succeeded = |scrape: &Scrape| {
        let of_a = [("route", "a"), ("model", "tiny"), ("outcome", "success")];
        scrape.sum("llm_requests_total", &of_a)
    };
    send(&proxy, &chat("", "tiny")).await;
    assert_eq!(succeeded(&proxy.settled().await), Some(1.0));
    discovery.names(&[]);
    until_routes(&proxy, &[]).await;
    assert_eq!(succeeded(&proxy.scrape().await), Some(1.0));
    discovery.names(&[of_a]);
    until_routes(&proxy, &["a"]).await;
    send(&proxy, &chat("", "tiny")).await;
    assert_eq!(succeeded(&proxy.settled().await), Some(2.0));
}

/// Containers that get another name at each start must not fill the memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_routes_that_are_gone_keep_their_series() {
    let sim = Upstream::builder().start().await.unwrap();
    let generation = |which: &str| {
        let names: Vec<_> = (0..200).map(|number| format!("{which}-{number:03}")).collect();
        let routes: Vec<_> = names.iter().map(|name| named(name, &sim.url(), &["tiny"])).collect();
        (names, routes)
    };
    let discovery = Discovery::start(page(&[])).await;
    let proxy = proxy(&discovery, &[]).await;
    for which in ["one", "two", "three"] {
        let (names, routes) = generation(which);
        discovery.names(&routes);
        until_routes(&proxy, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    // Something has to change for routes to be forgotten that were still held at the change before.
    discovery.names(&generation("three").1[1..]);
    discovery.heard().await;
    let known: BTreeSet<_> =
        proxy.scrape().await.labels_of("llm_requests_started_total", "route").into_iter().collect();
    let of = |which: &str| known.iter().filter(|name| name.starts_with(which)).count();
    assert_eq!((of("three-"), of("two-")), (200, 200));
    assert_eq!(of("one-"), 55, "256 that are gone keep theirs: the newest");
}
