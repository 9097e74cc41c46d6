//! Compressed answers that break off or fail, and such as nobody can read.

use weir_proxy::RouteConfig;
use weir_sim::{Coding, Recorded, Scrape, Upstream};

use crate::rig::scripted::{Scripted, Step};
use crate::rig::{Api, Client, DEADLINE, End, ProxyGuard, ask, config, engine, route};
use crate::table::outcomes;

/// A route on which clients get what they ask for.
fn passing(url: &str) -> ProxyGuard {
    let only = RouteConfig { pass_accept_encoding: true, ..route("default", url) };
    ProxyGuard::start(&config([engine([only])]))
}

fn degraded(scrape: &Scrape) -> Option<f64> {
    scrape.value("weir_meter_degraded_total", &[("reason", "encoded")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_seen_through_the_coding() {
    for coding in Coding::ALL {
        for (fault, stream, expected) in [
            ("close_mid_stream:3", true, "upstream_reset"),
            ("reset_mid_event:3", true, "upstream_reset"),
            ("end_without_finish:3", true, "truncated"),
            ("in_band_error:3", true, "stream_error"),
            ("context_length", true, "context_length"),
            ("context_length", false, "context_length"),
            ("status:429", false, "rate_limited"),
            ("end_without_finish:0", false, "truncated"),
        ] {
            let upstream = Upstream::builder().start().await.unwrap();
            let proxy = passing(&upstream.url());
            let plan = format!("tokens=6,coding={},fault={fault}", coding.as_str());
            for api in [Api::Chat, Api::Messages] {
                let request = api.request(stream).header("accept-encoding", "*");
                let answer = ask(proxy.engine(), &request.header("x-sim", &plan)).await;
                assert_eq!(answer.header("content-encoding"), Some(coding.as_str()), "{plan}");
                let broken = expected == "upstream_reset";
                assert_eq!(answer.end != End::Complete, broken, "{plan}: {:?}", answer.end);
                let scrape = proxy.settled().await;
                assert_eq!(outcomes(&scrape, api), [(expected.to_owned(), 1)], "{plan} {api:?}");
                assert_eq!(degraded(&scrape), Some(0.0), "{plan} {api:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_that_left_had_got_is_known() {
    for coding in Coding::ALL {
        let upstream = Upstream::builder().start().await.unwrap();
        let proxy = passing(&upstream.url());
        let mut client = Client::connect(proxy.engine()).await;
        let plan = format!("coding={},fault=stall:5", coding.as_str());
        let request = Api::Chat.request(true).header("accept-encoding", "*");
        client.send(request.header("x-sim", &plan).bytes()).await;
        client.read_until_text("\r\n\r\n").await;
        // Five events have been counted: no text tells of them here.
        let five = async || {
            let events = proxy.scrape().await.sum("llm_stream_events_total", &[]);
            (events == Some(5.0)).then_some(())
        };
        weir_sim::eventually(DEADLINE, "five events are counted", five).await;
        client.leave();
        let told = |seen: &[Recorded]| seen.iter().all(Recorded::client_left);
        upstream.wait_for(told, DEADLINE, "the upstream is told").await;
        let scrape = proxy.settled().await;
        let left = ("client_closed_mid_stream".to_owned(), 1);
        assert_eq!(outcomes(&scrape, Api::Chat), [left], "{coding:?}");
        let abandoned = scrape.sum("llm_abandoned_tokens_total", &[("source", "estimated")]);
        assert_eq!(abandoned, Some(5.0), "{coding:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codings_that_can_not_be_read_pass() {
    let noise: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for coding in ["compress", "gzip, br", "gzip", "br", "zstd", "deflate", "x"] {
        for kind in ["application/json", "text/event-stream"] {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: {coding}\r\n\
                 content-length: {}\r\n\r\n",
                noise.len()
            );
            let said = [head.as_bytes(), &noise].concat();
            let upstream = Scripted::start([Step::Read, Step::Send(said)]).await;
            let proxy = passing(&upstream.url());
            let request = Api::Chat.request(true).header("accept-encoding", "*");
            let answer = ask(proxy.engine(), &request).await;
            assert!(answer.body == noise, "{coding}, {kind}: {} bytes", answer.body.len());
            assert_eq!(answer.end, End::Complete, "{coding}, {kind}");
            let scrape = proxy.settled().await;
            let success = ("success".to_owned(), 1);
            assert_eq!(outcomes(&scrape, Api::Chat), [success], "{coding}, {kind}");
            assert_eq!(degraded(&scrape), Some(1.0), "{coding}, {kind}");
        }
    }
}
