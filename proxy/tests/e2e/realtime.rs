//! Realtime sessions: what their tests share.

mod answers;
mod ends;
mod frames;
mod model;
mod refused;
mod unread;

use weir_sim::{Plan, Recorded, Scrape, Upstream};

use crate::rig::scripted::{Scripted, Step};
use crate::rig::{DEADLINE, ProxyGuard, WebSocket, config, engine, route, upgrade};

/// vLLM's, whose model stands in `session.update`.
const PATH: &str = "/v1/realtime";
/// OpenAI's.
const WITH_MODEL: &str = "/v1/realtime?model=tiny";
const UPDATE: &str = r#"{"type":"session.update","model":"tiny"}"#;
const APPEND: &str = r#"{"type":"input_audio_buffer.append","audio":"AAAA"}"#;
const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;
const CREATE: &str = r#"{"type":"response.create"}"#;

/// The answer to an upgrade.
const SWITCHED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n";

async fn start(plan: Plan) -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(40), ..plan };
    let sim = Upstream::builder().plan(plan).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

/// One answer of vLLM's, to audio.
async fn transcribe(socket: &mut WebSocket) {
    socket.send(APPEND).await;
    socket.send(COMMIT).await;
    socket.message_of("transcription.done").await;
}

/// The outcome of the only request, and its scrape.
async fn outcome(proxy: &ProxyGuard) -> (String, Scrape) {
    let scrape = proxy.settled().await;
    let ended = scrape.matching("llm_requests_total", &[("endpoint", "realtime")]);
    let ended: Vec<_> = ended.filter(|sample| sample.value > 0.0).cloned().collect();
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0].value, 1.0, "{ended:?}");
    (ended[0].label("outcome").unwrap().to_owned(), scrape)
}

fn tokens(scrape: &Scrape, kind: &str) -> Option<f64> {
    let labels =
        [("endpoint", "realtime"), ("model", "tiny"), ("kind", kind), ("source", "reported")];
    scrape.value("llm_tokens_total", &labels)
}

async fn upstream_is_told(sim: &Upstream) {
    let left = |seen: &[Recorded]| seen.last().is_some_and(Recorded::client_left);
    sim.wait_for(left, DEADLINE, "the upstream sees that its client left").await;
}

/// An upstream that sends every byte back, and a session with it.
async fn echo(target: &str) -> (Scripted, ProxyGuard, WebSocket) {
    let upstream = Scripted::start([Step::Read, Step::Send(SWITCHED.into()), Step::Echo]).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    let socket = WebSocket::open(proxy.engine(), &upgrade(target)).await;
    (upstream, proxy, socket)
}

fn assert_bytes(found: &[u8], expected: &[u8], what: &str) {
    let at = found.iter().zip(expected).position(|(a, b)| a != b);
    assert!(found == expected, "{what}: {} of {}, from {at:?} on", found.len(), expected.len());
}
