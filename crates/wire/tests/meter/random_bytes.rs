//! Any bytes, of any shape, for what reads bytes without an exchange.

use proptest::prelude::*;
use proptest::sample::Index;
use weir_wire::{Class, classify, listed_models, refuses_stream_options};

use crate::cuts::small_cases;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        r#"(\{|\}|\[|\]|"|:|,|data|id|stream_options|null|-1e9|\\u00|\\| |[a-z]){0,40}"#
            .prop_map(String::into_bytes),
        (any::<Index>(), any::<Index>(), any::<u8>()).prop_map(|(case, at, byte)| {
            let mut body = case.get(small_cases()).body().to_vec();
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_list_of_models(body in bytes()) {
        let names = listed_models(&body);
        prop_assert!(names.iter().map(String::len).sum::<usize>() <= 3 * body.len());
    }

    #[test]
    fn any_refusal(status in any::<u16>(), body in bytes()) {
        let refused = refuses_stream_options(status, &body);
        let named = body.windows(14).any(|window| window == b"stream_options");
        prop_assert!(!refused || (named && matches!(status, 400 | 422)));
    }

    #[test]
    fn any_path(
        method in "GET|POST|PUT|DELETE|[A-Za-z]{0,4}",
        path in r"(/|v1|v2|chat|completions|responses|messages|embeddings|models|threads|\?|#|%2f|.){0,8}",
    ) {
        let class = classify(&method, &path);
        prop_assert!(method == "POST" || !matches!(class, Class::Llm(_)), "{class:?}");
        let query = format!("{path}?x=/v1/chat/completions");
        if !path.contains(['?', '#']) {
            prop_assert_eq!(class, classify(&method, &query), "a query decides nothing");
        }
    }

    #[test]
    fn a_list_of_models_is_read_as_json_is(names in prop::collection::vec(any::<String>(), 0..5)) {
        let cards: Vec<_> = names.iter().map(|name| serde_json::json!({"id": name})).collect();
        let body = serde_json::to_vec(&serde_json::json!({"object": "list", "data": cards}));
        prop_assert_eq!(listed_models(&body.unwrap()), names);
    }
}
