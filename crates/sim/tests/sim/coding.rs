//! Compressed answers: every event can be read when it comes.

use std::io::Read;

use weir_sim::{Coding, Engine, Plan, Upstream};

use crate::client::{CHAT, Client, End, chat, post};
use crate::sse::contents;

/// As much of a compressed body as can be read.
fn decoded(coding: &str, body: &[u8]) -> String {
    let mut reader: Box<dyn Read + '_> = match coding {
        "gzip" => Box::new(flate2::read::GzDecoder::new(body)),
        "deflate" => Box::new(flate2::read::ZlibDecoder::new(body)),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        "zstd" => Box::new(zstd::stream::read::Decoder::new(body).unwrap()),
        other => panic!("no coding of ours: {other}"),
    };
    let (mut out, mut block) = (Vec::new(), [0; 512]);
    // A body that is cut off ends in an error, behind all that could be read.
    while let Ok(length @ 1..) = reader.read(&mut block) {
        out.extend_from_slice(&block[..length]);
    }
    String::from_utf8(out).unwrap()
}

async fn start(plan: Plan) -> Upstream {
    Upstream::builder().plan(plan).start().await.unwrap()
}

#[tokio::test]
async fn streams_and_whole_answers_are_one_coded_body() {
    for coding in Coding::ALL {
        let name = coding.as_str();
        for cut in [None, Some(3)] {
            let plan = Plan { coding: Some(coding), cut_writes_every: cut, ..Plan::tokens(5) };
            let upstream = start(plan).await;
            let answer = post(&upstream, CHAT, "", &chat(true)).await;
            assert_eq!(
                (answer.header("content-encoding"), answer.end),
                (Some(name), End::Complete)
            );
            assert_eq!(contents(&decoded(name, &answer.body)).len(), 5, "{name}");
            let whole = post(&upstream, CHAT, "", &chat(false)).await;
            let text = decoded(name, &whole.body);
            assert!(text.contains("\"usage\"") && text.ends_with('}'), "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn an_event_can_be_read_as_soon_as_it_came() {
    for coding in Coding::ALL.map(Coding::as_str) {
        let upstream = start(Plan::default()).await;
        let mut client = Client::connect(upstream.addr()).await;
        let header = format!("x-sim: coding={coding},tokens=9,fault=stall:4\r\n");
        client.post(CHAT, &header, &chat(true)).await;
        client.head().await;
        let four =
            |input: &[u8]| contents(&decoded(coding, &crate::client::dechunk(input).0)).len() == 4;
        client.read_until(four).await;
    }
}

#[tokio::test]
async fn an_engine_compresses_for_those_who_accept_it() {
    let engine = Engine::vllm("0.32.0").compress(Coding::Gzip);
    let upstream = Upstream::builder().engine(engine).start().await.unwrap();
    for (accepted, coding) in [
        ("", None),
        ("accept-encoding: identity\r\n", None),
        ("accept-encoding: br;q=1, gzip;q=0\r\n", None),
        ("Accept-Encoding: br, gzip\r\n", Some("gzip")),
    ] {
        for stream in [true, false] {
            let answer = post(&upstream, CHAT, accepted, &chat(stream)).await;
            assert_eq!(answer.header("content-encoding"), coding, "{accepted}");
        }
    }
}

#[tokio::test]
async fn refusals_are_coded_too() {
    let upstream = start(Plan::coding(Coding::Brotli)).await;
    let refused = post(&upstream, CHAT, "x-sim: fault=status:429\r\n", &chat(true)).await;
    assert_eq!((refused.status, refused.header("content-encoding")), (429, Some("br")));
    assert!(decoded("br", &refused.body).contains("RateLimitError"));
}
