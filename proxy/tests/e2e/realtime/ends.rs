//! How sessions end: by a goodbye, without one, by a fault, by a drain.

use std::time::Duration;

use weir_proxy::{Config, Drained};
use weir_sim::{Plan, eventually};

use super::{
    APPEND, COMMIT, CREATE, PATH, SWITCHED, UPDATE, WITH_MODEL, outcome, start, tokens, transcribe,
    upstream_is_told,
};
use crate::rig::scripted::{Scripted, Step};
use crate::rig::websocket::{CLOSE, TEXT, masked};
use crate::rig::{
    Client, DEADLINE, End, ProxyGuard, WebSocket, config, engine, route, unsettled, upgrade,
};

/// A session that has had an answer.
async fn answered(proxy: &ProxyGuard) -> WebSocket {
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    socket.send(UPDATE).await;
    transcribe(&mut socket).await;
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_has_left_in_the_middle() {
    for way in ["close", "half close", "reset"] {
        let (sim, proxy) = start(Plan::tokens(6)).await;
        let mut socket = answered(&proxy).await;
        let mut half = None;
        match way {
            "close" => socket.client.leave(),
            "reset" => socket.client.reset(),
            _ => {
                socket.client.half_close().await;
                half = Some(socket);
            }
        }
        upstream_is_told(&sim).await;
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!(outcome, "client_closed_mid_stream", "{way}");
        assert_eq!(tokens(&scrape, "output"), Some(6.0), "{way}: what was answered counts");
        drop(half);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_at_once_has_left_too() {
    for path in [PATH, WITH_MODEL] {
        let (sim, proxy) = start(Plan::tokens(6)).await;
        let socket = WebSocket::open(proxy.engine(), &upgrade(path)).await;
        socket.client.leave();
        upstream_is_told(&sim).await;
        assert_eq!(outcome(&proxy).await.0, "client_closed_mid_stream", "{path}");
    }
}

/// The sockets' ends are the upstream's, after the bytes that it had sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_the_upstream_breaks_off() {
    for (fault, expected, end) in [
        ("fault=reset_mid_event:2", "upstream_reset", None),
        ("fault=reset_after_head", "upstream_reset", None),
        ("fault=close_mid_stream:2", "truncated", Some(End::Closed)),
        // It says goodbye before it has said all.
        ("fault=end_without_finish:2", "success", Some(End::Closed)),
    ] {
        let (_sim, proxy) = start(Plan::tokens(6)).await;
        let request = upgrade(WITH_MODEL).header("x-sim", fault);
        let mut client = Client::connect(proxy.engine()).await;
        client.send(request.bytes()).await;
        if !fault.ends_with("head") {
            client.read_until_text("session.created").await;
            client.send(masked(TEXT, CREATE.as_bytes())).await;
            client.read_until_text(" weir").await;
        }
        let (_, how) = client.rest().await;
        assert!(end.is_none_or(|end| end == how), "{fault}: {how:?}");
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!(outcome, expected, "{fault}");
        assert_eq!(tokens(&scrape, "output"), None, "{fault}: none were told");
        assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(0.0), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_says_goodbye_first() {
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade("/v1/realtime?model=nosuch")).await;
    socket.message_of("error").await;
    let (first, code) = socket.frame().await;
    assert_eq!((first, &code[..2]), (CLOSE, &1008_u16.to_be_bytes()[..]));
    assert_eq!(socket.client.rest().await, (Vec::new(), End::Closed));
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!(outcome, "stream_error", "it refused the model");
    assert_eq!(scrape.sum("llm_requests_started_total", &[("model", "other")]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_gone_after_its_goodbye_is_a_success() {
    for then in [Step::Close, Step::Reset] {
        // All of it in one write.
        let said = [SWITCHED.as_bytes(), b"\x81\x02{}", b"\x88\x02\x03\xe8"].concat();
        // Long enough for Weir to have read it: a reset throws away what has not been.
        let script = [Step::Read, Step::Send(said), Step::Wait(Duration::from_secs(1)), then];
        let upstream = Scripted::start(script).await;
        let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
        let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
        assert_eq!(socket.frame().await, (TEXT, b"{}".to_vec()));
        assert_eq!(socket.frame().await.0, CLOSE);
        socket.client.rest().await;
        assert_eq!(outcome(&proxy).await.0, "success");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_counts_until_an_answer_makes_up_for_it() {
    for (then_answered, expected) in [(false, "stream_error"), (true, "success")] {
        let (_sim, proxy) = start(Plan::tokens(6)).await;
        let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
        socket.send("no json").await;
        assert_eq!(socket.message_of("error").await["code"], "invalid_json");
        socket.send(UPDATE).await;
        if then_answered {
            transcribe(&mut socket).await;
        }
        socket.close().await;
        assert_eq!(outcome(&proxy).await.0, expected);
    }
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let request = upgrade(PATH).header("x-sim", "fault=in_band_error:2");
    let mut socket = WebSocket::open(proxy.engine(), &request).await;
    for message in [UPDATE, APPEND, COMMIT] {
        socket.send(message).await;
    }
    socket.message_of("error").await;
    socket.close().await;
    assert_eq!(outcome(&proxy).await.0, "stream_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_cuts_what_does_not_end_by_itself() {
    let (sim, first) = start(Plan::tokens(6)).await;
    drop(first);
    let plain = config([engine([route("default", &sim.url())])]);
    let proxy = ProxyGuard::start(&Config { drain_grace: Duration::from_secs(8), ..plain });
    let mut ending = answered(&proxy).await;
    let mut staying = answered(&proxy).await;
    let addr = proxy.engine();
    let draining = tokio::task::spawn_blocking(move || proxy.drain());
    let refused = async || tokio::net::TcpStream::connect(addr).await.is_err().then_some(());
    eventually(DEADLINE, "new connections are refused", refused).await;
    // A live session goes on, and may end.
    transcribe(&mut ending).await;
    ending.close().await;
    let (drained, last) = draining.await.unwrap();
    assert_eq!(drained, Drained { finished: 1, cut: 1 });
    assert_eq!(unsettled(&last), Vec::<String>::new());
    for outcome in ["success", "shutdown"] {
        let labels = [("endpoint", "realtime"), ("model", "tiny"), ("outcome", outcome)];
        assert_eq!(last.value("llm_requests_total", &labels), Some(1.0), "{outcome}");
    }
    assert_eq!(tokens(&last, "output"), Some(18.0), "what was answered counts");
    assert_ne!(staying.client.rest().await.1, End::Complete);
    upstream_is_told(&sim).await;
}
