//! The scan of a request against a real JSON parser: what it finds, and what it adds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use weir_wire::{Addition, Endpoint, Exchange, Parameters, Policy, RequestFacts, RequestHead};

const KEYS: &[&str] = &[
    "model",
    "stream",
    "stream_options",
    "n",
    "echo",
    "max_tokens",
    "temperature",
    "seed",
    "messages",
    "usage",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z\"\\\\{}\\[\\]:,é🦙 \n]{0,12}",
        Just("\"stream\":true,\"model\":\"other\"".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(KEYS).prop_map(String::from), 1 => text()]
}

fn member() -> impl Strategy<Value = (String, Value)> {
    prop_oneof![
        2 => (key(), value()),
        2 => text().prop_map(|name| ("model".to_owned(), Value::from(name))),
        2 => any::<bool>().prop_map(|stream| ("stream".to_owned(), Value::from(stream))),
        1 => (0..9_u32).prop_map(|n| ("n".to_owned(), Value::from(n))),
        1 => (0..9_u32).prop_map(|max| ("max_tokens".to_owned(), Value::from(max))),
    ]
}

/// Members in a row as they are, repeated keys too, with white space between.
fn write(members: &[(String, Value)], spaces: &[&str], pretty: bool) -> Vec<u8> {
    let mut spaces = spaces.iter().cycle();
    let mut space = move || (*spaces.next().unwrap_or(&"")).to_owned();
    let mut body = space() + "{" + &space();
    for (index, (key, value)) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let key = Value::from(key.as_str());
        let value = if pretty { format!("{value:#}") } else { value.to_string() };
        body += &[comma, &space(), &key.to_string(), &space(), ":", &space(), &value, &space()]
            .concat();
    }
    (body + "}" + &space()).into_bytes()
}

/// What the request says by a parser that takes the last of a repeated key.
fn facts(body: &Map<String, Value>) -> RequestFacts {
    let model = body.get("model").and_then(Value::as_str).filter(|name| !name.is_empty());
    RequestFacts {
        model: model.map(str::to_owned),
        stream: body.get("stream") == Some(&Value::Bool(true)),
        has_stream_options: body.contains_key("stream_options"),
        include_usage: body.get("stream_options").and_then(|options| options.get("include_usage"))
            == Some(&Value::Bool(true)),
        parameters: Parameters {
            choices: body.get("n").and_then(Value::as_u64),
            max_tokens: body.get("max_tokens").and_then(Value::as_u64),
            temperature: body.get("temperature").and_then(Value::as_f64),
            seed: body.get("seed").and_then(Value::as_i64),
            ..Parameters::default()
        },
        echo: body.get("echo") == Some(&Value::Bool(true)),
    }
}

/// The request as the upstream gets it, in pieces as given, and the exchange behind it.
fn send(body: &[u8], points: &[Index]) -> (Vec<u8>, Exchange) {
    let mut exchange =
        Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::exact());
    let mut points: Vec<_> = points.iter().map(|point| point.index(body.len() + 1)).collect();
    points.extend([0, body.len()]);
    points.sort_unstable();
    let mut sent = Vec::new();
    for (index, ends) in points.windows(2).enumerate() {
        let piece = &body[ends[0]..ends[1]];
        let forward = exchange.on_request_body(piece, index + 2 == points.len());
        sent.extend_from_slice(&forward.bytes(piece));
    }
    assert_eq!(sent, put_together(body, &exchange), "for who has all of it");
    (sent, exchange)
}

/// What is sent by who reads all of the body first.
fn put_together(body: &[u8], exchange: &Exchange) -> Vec<u8> {
    let Some(Addition { at, bytes }) = exchange.addition() else { return body.to_vec() };
    [&body[..at], bytes, &body[at..]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_request_is_read_as_json_is(
        members in vec(member(), 0..8),
        spaces in vec(prop::sample::select(&["", "", " ", "\n", "\t\r\n  "][..]), 1..7),
        pretty in any::<bool>(),
        points in vec(any::<Index>(), 0..6),
    ) {
        let body = write(&members, &spaces, pretty);
        let (sent, exchange) = send(&body, &points);
        let parsed: Map<String, Value> = serde_json::from_slice(&body).unwrap();
        let expected = facts(&parsed);
        prop_assert_eq!(exchange.request(), Some(&expected));

        let mut received: Map<String, Value> = serde_json::from_slice(&sent).unwrap();
        let asks = expected.stream && !expected.has_stream_options;
        prop_assert_eq!(exchange.asked_for_usage(), asks);
        if asks {
            let added = received.remove("stream_options");
            prop_assert_eq!(added, Some(json!({"include_usage": true})));
        } else {
            prop_assert_eq!(&sent, &body, "nothing is changed");
        }
        prop_assert_eq!(received, parsed, "all else says the same");
    }

    #[test]
    fn what_is_no_json_is_not_changed_unless_it_looks_like_it(
        body in r#"(\{|\}|\[|\]|"|:|,|"stream"|"stream":true|true|1|\\| |x){0,14}"#,
        points in vec(any::<Index>(), 0..4),
    ) {
        let (sent, exchange) = send(body.as_bytes(), &points);
        let (uncut, other) = send(body.as_bytes(), &[]);
        prop_assert_eq!(&sent, &uncut);
        prop_assert_eq!(exchange.request(), other.request());
        if !exchange.asked_for_usage() {
            prop_assert_eq!(sent, body.as_bytes());
        }
    }
}
