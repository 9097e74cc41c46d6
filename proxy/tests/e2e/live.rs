//! What the metrics say while a stream is still running.

use std::time::Duration;

use weir_sim::{Fault, Plan, Upstream};

use crate::rig::{Api, Client, ProxyGuard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_counted_before_an_engine_that_stalls_goes_on() {
    for api in [
        Api::Chat,
        Api::Completions,
        Api::Responses,
        Api::Messages,
        Api::Transcriptions,
        Api::Invocations,
    ] {
        let sim = Upstream::builder().start().await.unwrap();
        let fault = Some(Fault::Stall { after_events: 3 });
        sim.push(Plan { gap: Duration::from_millis(2), fault, ..Plan::tokens(8) });
        let proxy = ProxyGuard::to(&sim);
        let mut client = Client::connect(proxy.engine()).await;
        client.send(api.request(true).bytes()).await;
        client.read_until_text(" is").await;

        let scrape = proxy.scrape().await;
        assert_eq!(scrape.sum("llm_stream_events_total", &[]), Some(3.0), "{api:?}");
        let gaps = scrape.sum("llm_inter_token_latency_seconds_count", &[]).unwrap_or(0.0);
        let coalesced = scrape.sum("llm_coalesced_events_total", &[]).unwrap_or(0.0);
        assert_eq!(gaps + coalesced, 2.0, "{api:?}");
        let ended = scrape.sum("llm_requests_total", &[("outcome", "success")]);
        assert_eq!(ended, Some(0.0), "{api:?} is still running");
        client.leave();
        proxy.settled().await;
    }
}
