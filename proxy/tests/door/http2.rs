//! HTTP/2 in clear text: what clients get is what they get over HTTP/1.

use bytes::Bytes;
use http::{HeaderMap, Request};
use weir_sim::{Recorded, Upstream, eventually};

use crate::h2_client::{H2, body, head, next, request, whole};
use crate::rig::scripted::{Scripted, Step};
use crate::rig::{Api, DEADLINE, ProxyGuard, ask, config, engine, normal, route};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_http_1() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = H2::connect(proxy.engine()).await;
    let apis = [Api::Chat, Api::Completions, Api::Responses, Api::Messages, Api::Embeddings];
    for plan in ["tokens=6", "fault=status:429", "fault=context_length"] {
        for api in apis {
            for stream in [false, true].into_iter().filter(|stream| !stream || api.streams()) {
                let http1 = api.request(stream).header("x-sim", plan);
                let http1 = http1.header("x-request-id", "test");
                let wanted = ask(proxy.engine(), &http1).await;
                let found = client.ask(request(api, plan), Some(body(api, stream))).await;
                let what = format!("{plan}, {api:?}, stream {stream}");
                assert_eq!(found.status, wanted.status, "{what}");
                for name in ["content-type", "server", "vary"] {
                    assert_eq!(found.header(name), wanted.header(name), "{what}: {name}");
                }
                assert_eq!(normal(&found.body), normal(&wanted.body), "{what}");
                assert_eq!(found.trailers, None, "{what}");
                let [.., first, second] = &sim.requests()[..] else { panic!("two requests") };
                assert_eq!(first.body, second.body, "{what}: the upstream gets the same");
                assert_eq!(second.header("host"), Some("weir.test"), "{what}");
            }
        }
    }
    let models = Request::get("http://weir.test/v1/models").body(()).unwrap();
    assert_eq!(client.ask(models, None).await.status, 200);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[]), Some(54.0));
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(18.0));
    assert_eq!(scrape.sum("weir_client_connections", &[]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_many_streams_at_once() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = H2::connect(proxy.engine()).await;
    let mut answers = Vec::new();
    for number in 0..40 {
        let plan = if number == 7 { "fault=stall:2" } else { "tokens=20,gap=2ms" };
        answers.push(client.send(request(Api::Chat, plan), Some(body(Api::Chat, true))).await);
    }
    let stalled = answers.remove(7);
    for answer in answers {
        let answer = whole(answer).await.unwrap();
        assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    }
    drop(stalled);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(39.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_noticed() {
    for cut_connection in [false, true] {
        let sim = Upstream::builder().start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        let mut client = H2::connect(proxy.engine()).await;
        let answer = client.send(request(Api::Chat, "fault=stall:5"), Some(body(Api::Chat, true)));
        let mut stream = head(answer.await).await.unwrap().into_body();
        let mut seen = String::new();
        while seen.matches("\"content\":").count() < 6 {
            seen += std::str::from_utf8(&next(&mut stream).await.unwrap().unwrap()).unwrap();
        }
        if cut_connection {
            client.cut();
        } else {
            drop(stream);
        }
        let left = |seen: &[Recorded]| seen.iter().any(Recorded::client_left);
        sim.wait_for(left, DEADLINE, "the upstream is told").await;
        let scrape = proxy.settled().await;
        let midway = [("outcome", "client_closed_mid_stream")];
        assert_eq!(scrape.sum("llm_requests_total", &midway), Some(1.0), "cut {cut_connection}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_may_come_in_pieces_and_end_in_trailers() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = H2::connect(proxy.engine()).await;
    // The last one comes on a connection behind a body that ended in trailers.
    for length in [None, Some(()), Some(())] {
        let whole_body = body(Api::Chat, true);
        let mut head = request(Api::Chat, "tokens=6");
        if length.is_some() {
            head.headers_mut().insert("content-length", whole_body.len().into());
        }
        let (answer, mut sending) = client.begin(head, false).await;
        let (first, second) = (whole_body.slice(..30), whole_body.slice(30..));
        sending.send_data(first, false).unwrap();
        sending.send_data(second, false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "1".parse().unwrap());
        sending.send_trailers(trailers).unwrap();
        let answer = whole(answer).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains("\"usage\":{"), "what Weir asked for is taken out");
        let seen = sim.requests().pop().unwrap();
        let brace = whole_body.len() - 1;
        let ask = br#","stream_options":{"include_usage":true}}"#;
        assert_eq!(seen.body, [&whole_body[..brace], ask].concat());
        let told = length.map(|()| seen.body.len().to_string());
        assert_eq!(seen.header("content-length"), told.as_deref());
    }
    let scrape = proxy.settled().await;
    let reported = [("kind", "output"), ("source", "reported")];
    assert_eq!(scrape.sum("llm_tokens_total", &reported), Some(18.0));
}

/// The end of a body may come in a frame of its own: the upstream is told of it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_ends_once() {
    for api in [Api::Embeddings, Api::Chat, Api::Responses, Api::Transcriptions] {
        for empty in [false, true] {
            let (upstream, addr) = recorder().await;
            let url = format!("http://{addr}");
            let proxy = ProxyGuard::start(&config([engine([route("default", &url)])]));
            let mut client = H2::connect(proxy.engine()).await;
            let (answer, mut sending) = client.begin(request(api, ""), false).await;
            if !empty {
                sending.send_data(body(api, false), false).unwrap();
            }
            sending.send_data(Bytes::new(), true).unwrap();
            assert_eq!(whole(answer).await.unwrap().status, 200, "{api:?}, empty {empty}");
            drop(proxy);
            let sent = String::from_utf8(upstream.await.unwrap()).unwrap();
            let ends = sent.matches("0\r\n\r\n").count();
            assert_eq!(ends, 1, "{api:?}, empty {empty}: {sent}");
        }
    }
}

/// An upstream for one request in chunks: all that it is sent, until the connection is closed.
async fn recorder() -> (tokio::task::JoinHandle<Vec<u8>>, std::net::SocketAddr) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let recording = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = Vec::new();
        while !sent.ends_with(b"\r\n0\r\n\r\n") {
            assert_ne!(
                stream.read_buf(&mut sent).await.unwrap(),
                0,
                "before the end of the request"
            );
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        stream.read_to_end(&mut sent).await.unwrap();
        sent
    });
    (recording, addr)
}

/// Pingora drops the trailers of HTTP/1: the answer ends well without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_end_in_trailers() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntrailer: x-checksum\r\n\
                   transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-checksum: 1\r\n\r\n";
    let upstream = Scripted::start([Step::Read, Step::Send(answer.to_vec())]).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    let mut client = H2::connect(proxy.engine()).await;
    let answer = client.ask(request(Api::Chat, ""), Some(body(Api::Chat, false))).await;
    assert_eq!((answer.status, answer.text(), answer.trailers.as_ref()), (200, "{}", None));
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_weirs_own_have_the_shape_of_the_endpoint() {
    let proxy = ProxyGuard::start(&config([engine([route("default", "http://127.0.0.1:1")])]));
    let mut client = H2::connect(proxy.engine()).await;
    for api in [Api::Chat, Api::Messages] {
        let answer = client.ask(request(api, ""), Some(body(api, true))).await;
        assert_eq!((answer.status, answer.header("x-weir-error")), (502, Some("connect_failed")));
        assert!(answer.text().contains("could not connect"), "{}", answer.text());
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "connect_failed")]), Some(2.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_pass_in_both_directions() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = H2::connect(proxy.engine()).await;
    let mut value = Api::Chat.body("tiny", false);
    value["messages"][0]["content"] = "x".repeat(1_000_000).into();
    let large = Bytes::from(value.to_string());
    let (answer, mut sending) = client.begin(request(Api::Chat, "tokens=200000"), false).await;
    let mut left = large.clone();
    while !left.is_empty() {
        sending.reserve_capacity(left.len());
        let room = std::future::poll_fn(|cx| sending.poll_capacity(cx));
        let room = tokio::time::timeout(DEADLINE, room).await.unwrap().unwrap().unwrap();
        let piece = left.split_to(room.min(left.len()));
        sending.send_data(piece, left.is_empty()).unwrap();
    }
    let answer = whole(answer).await.unwrap();
    assert!(answer.body.len() > 200_000, "{}", answer.body.len());
    let seen = sim.requests().pop().unwrap().body;
    assert_eq!(seen.len(), large.len());
    assert!(seen == large);
}

/// A client that is slow to read gets the end of an answer that Weir is done with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_idling_nor_a_drain_cuts_what_was_not_read_yet() {
    let sim = Upstream::builder().start().await.unwrap();
    let limits = weir_proxy::Limits {
        idle: std::time::Duration::from_secs(1),
        ..weir_proxy::Limits::default()
    };
    let config = config([engine([route("default", &sim.url())])]);
    let proxy = ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    let mut client = H2::slow(proxy.engine()).await;
    let plan = "tokens=200000,gap=0ms";
    let answer = client.send(request(Api::Completions, plan), Some(body(Api::Completions, false)));
    let mut stream = head(answer.await).await.unwrap().into_body();
    // All of it has been taken from the upstream, and it is no request any more.
    proxy.settled().await;
    // Longer than a connection may idle.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let draining = tokio::task::spawn_blocking(move || proxy.drain());
    client.go_on();
    let mut length = 0;
    while let Some(piece) = next(&mut stream).await {
        length += piece.unwrap().len();
    }
    assert!(length > 400_000, "{length}");
    assert_eq!(draining.await.unwrap().0.cut, 0);
}

/// One that never reads what is left is cut off where the operator says when; what Weir holds for it has a
/// bound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_may_be_cut_off() {
    let sim = Upstream::builder().start().await.unwrap();
    let second = std::time::Duration::from_secs(1);
    let limits = weir_proxy::Limits { idle: second, unread: Some(second), ..Default::default() };
    let config = config([engine([route("default", &sim.url())])]);
    let proxy = ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    let mut client = H2::slow(proxy.engine()).await;
    // Little enough to be handed over whole, and too much for the socket.
    for _ in 0..60 {
        let sent = client.send(
            request(Api::Completions, "tokens=8000,gap=0ms"),
            Some(body(Api::Completions, false)),
        );
        drop(tokio::spawn(whole(sent.await)));
    }
    let closed = async || {
        let open = proxy.scrape().await.sum("weir_client_connections", &[]);
        (open == Some(0.0)).then_some(())
    };
    eventually(DEADLINE, "its connection is closed", closed).await;
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_lets_streams_finish() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = H2::connect(proxy.engine()).await;
    let answer = client.send(request(Api::Chat, "tokens=50,gap=10ms"), Some(body(Api::Chat, true)));
    let answer = tokio::spawn(whole(answer.await));
    let begun = async || (proxy.json("/status").await["requests_in_flight"] == 1).then_some(());
    eventually(DEADLINE, "it is under way", begun).await;
    let (drained, scrape) = proxy.drain();
    assert_eq!((drained.finished, drained.cut), (1, 0));
    let answer = answer.await.unwrap().unwrap();
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(1.0));
    client.closed().await;
}
