//! SIGTERM and SIGINT: an idle process ends at once, a live request may go on for a while, but not
//! beyond a second signal.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use weir_sim::{Plan, Upstream, eventually};

use crate::files::{file, one_route};
use crate::process::{DEADLINE, Weir};
use crate::talk;

async fn weir(drain_grace: &str) -> (Upstream, Weir) {
    let upstream = Upstream::builder().plan(Plan::tokens(4)).start().await.unwrap();
    let grace = format!("drain_grace = {drain_grace:?}");
    let weir = Weir::with_file(&file(&one_route(&upstream.url(), &grace)));
    (upstream, weir)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_process_ends_at_once() {
    for signal in ["TERM", "INT"] {
        let (_upstream, mut weir) = weir("60s").await;
        // A connection that waits for its next request is no live request.
        let mut idle = talk::send(weir.address, "GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
        talk::until(&mut idle, "\r\n\r\n");
        let _silent = TcpStream::connect(weir.address).unwrap();
        weir.signal(signal);
        let (code, took) = weir.ended();
        assert_eq!(code, Some(0), "SIG{signal}");
        assert!(took < Duration::from_secs(5), "SIG{signal}: it took {took:?}");
        assert_eq!(weir.said("Drained.")[0]["cut"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_stream_is_waited_for() {
    for signal in ["TERM", "INT"] {
        let (upstream, mut weir) = weir("60s").await;
        let mut stream = talk::chat(weir.address, "tokens=30,gap=20ms");
        let mut seen = talk::until(&mut stream, "\"delta\":{\"content\"");
        weir.signal(signal);
        weir.logged("Draining.");
        let refused = async || TcpStream::connect(weir.address).is_err().then_some(());
        eventually(DEADLINE, "new connections are refused", refused).await;
        assert_eq!(upstream.totals().open, 1, "the stream is still there");
        seen.push_str(&talk::rest(&mut stream));
        assert!(seen.contains("[DONE]") && seen.ends_with("\r\n0\r\n\r\n"), "{seen}");
        assert_eq!(weir.ended().0, Some(0), "SIG{signal}");
        let drained = weir.said("Drained.");
        assert_eq!((&drained[0]["finished"], &drained[0]["cut"]), (&1.into(), &0.into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_outlives_the_grace_period_is_cut_and_logged() {
    let (upstream, mut weir) = weir("300ms").await;
    let mut stream = talk::chat(weir.address, "fault=stall:3");
    let mut seen = talk::until(&mut stream, "\"delta\":{\"content\"");
    let began = Instant::now();
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(5), "{took:?}");
    seen.push_str(&talk::rest(&mut stream));
    assert!(!seen.contains("[DONE]") && !seen.ends_with("0\r\n\r\n"), "no end is made up: {seen}");
    let cut = weir.said("A request was cut by the drain.");
    assert_eq!(cut.len(), 1);
    assert_eq!(cut[0]["outcome"], "shutdown");
    assert_eq!(cut[0]["endpoint"], "chat_completions");
    assert_eq!(weir.said("Drained.")[0]["cut"], 1);
    let left = |seen: &[weir_sim::Recorded]| seen.iter().any(|request| request.client_left());
    upstream.wait_for(left, DEADLINE, "the upstream is told").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_cuts_what_is_left() {
    for second in ["TERM", "INT"] {
        let (_upstream, mut weir) = weir("600s").await;
        let mut stream = talk::chat(weir.address, "fault=stall:3");
        talk::until(&mut stream, "\"delta\":{\"content\"");
        weir.signal("TERM");
        weir.logged("Draining.");
        // That is no reason to hurry.
        weir.signal("HUP");
        weir.signal(second);
        assert_eq!(weir.ended().0, Some(0), "SIG{second}");
        assert_eq!(weir.said("A second signal: live requests are cut off.").len(), 1);
        assert_eq!(weir.said("A request was cut by the drain.").len(), 1);
        assert_eq!(weir.said("Drained.")[0]["cut"], 1);
    }
}
