//! The same for realtime sessions, in which both sides speak.

use weir_sim::Scrape;

use super::{MAX_EVENT, WORD, degraded, once, plant, proxy_to};
use crate::rig::WebSocket;
use crate::rig::scripted::{Scripted, Step};
use crate::rig::websocket::{BINARY, CLOSE, TEXT, masked, upgrade};

const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";

/// A server's frame: without a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(length as u8),
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// Messages that no meter can read, and what is counted of each.
fn broken() -> [(&'static str, u8, Vec<u8>, Option<&'static str>); 6] {
    [
        ("panic", TEXT, format!("{{\"x\":\"{WORD}\"}}").into_bytes(), Some("panic")),
        ("over the limit", TEXT, vec![b'x'; MAX_EVENT + 1], Some("event_too_large")),
        ("no JSON", TEXT, b"{\"type\":".to_vec(), Some("invalid_json")),
        ("wrong types", TEXT, br#"{"type":[],"response":7,"usage":"x"}"#.to_vec(), None),
        ("binary", BINARY, vec![0xff; 300], None),
        ("reserved bits", 0xf1, b"x".to_vec(), Some("encoded")),
    ]
}

fn outcome(scrape: &Scrape) -> Vec<(String, f64)> {
    let ended = scrape.matching("llm_requests_total", &[("endpoint", "realtime")]);
    let ended = ended.filter(|sample| sample.value > 0.0);
    ended.map(|sample| (sample.label("outcome").unwrap().to_owned(), sample.value)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_says_flows_on() {
    plant();
    for (what, first, payload, reason) in broken() {
        let created = frame(TEXT, br#"{"type":"session.created","session":{"model":"tiny"}}"#);
        let close = frame(CLOSE, &1000_u16.to_be_bytes());
        let said = [created.clone(), frame(first, &payload), created, close].concat();
        let answer = [SWITCHED.as_bytes(), &said].concat();
        let upstream = Scripted::start([Step::Read, Step::Send(answer), Step::Stall]).await;
        let proxy = proxy_to(&upstream);
        let mut socket = WebSocket::open(proxy.engine(), &upgrade("/v1/realtime?model=tiny")).await;
        assert!(socket.take(said.len()).await == said, "{what}");
        socket.client.leave();
        let scrape = proxy.settled().await;
        assert_eq!(degraded(&scrape), once(reason), "{what}");
        assert_eq!(outcome(&scrape).len(), 1, "{what}: {:?}", outcome(&scrape));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_says_flows_on() {
    plant();
    for (what, first, payload, _) in broken() {
        let upstream = Scripted::start([Step::Read, Step::Send(SWITCHED.into()), Step::Echo]).await;
        let proxy = proxy_to(&upstream);
        let mut socket = WebSocket::open(proxy.engine(), &upgrade("/v1/realtime?model=tiny")).await;
        let said = [masked(first, &payload), masked(TEXT, b"{}")].concat();
        socket.send_bytes(&said).await;
        assert!(socket.take(said.len()).await == said, "{what}");
        socket.client.leave();
        let scrape = proxy.settled().await;
        assert_eq!(outcome(&scrape).len(), 1, "{what}: {:?}", outcome(&scrape));
        let counted = degraded(&scrape).iter().map(|(_, count)| count).sum::<f64>();
        assert!(counted <= 1.0, "{what}: a request counts once");
        if what == "panic" {
            assert_eq!(degraded(&scrape), once(Some("panic")), "{what}");
        }
    }
}
