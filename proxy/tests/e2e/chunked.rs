//! Requests whose length is not said.

use weir_sim::{Ending, Plan, Recorded, Upstream};

use crate::rig::{Api, Client, DEADLINE, ProxyGuard};

/// Many small pieces that come at once fill Pingora's pipe to the upstream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_behind_many_small_chunks_is_noticed() {
    for api in Api::ALL {
        let upstream =
            Upstream::builder().plan("fault=slow_head:60s".parse::<Plan>().unwrap()).start();
        let upstream = upstream.await.unwrap();
        let proxy = ProxyGuard::to(&upstream);
        let mut client = Client::connect(proxy.engine()).await;
        client.send(api.request(false).chunked(7).bytes()).await;
        let has_it = |seen: &[Recorded]| seen.first().is_some_and(|it| !it.body.is_empty());
        upstream.wait_for(has_it, DEADLINE, "the upstream has the request").await;
        client.leave();
        let left = |seen: &[Recorded]| seen[0].ending == Ending::ClientLeft;
        upstream.wait_for(left, DEADLINE, "the upstream is told that its client left").await;
        let scrape = proxy.settled().await;
        let labels = [("outcome", "client_closed_before_first_token"), ("endpoint", api.label())];
        assert_eq!(scrape.sum("llm_requests_total", &labels), Some(1.0), "{api:?}");
    }
}
