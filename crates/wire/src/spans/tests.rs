use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::lenient::{Count, Filled, List, Maybe, Number, Presence, Text, skip};

/// One of each of what looks at JSON.
#[derive(Debug, Default, PartialEq)]
struct All<'de> {
    text: Text<'de>,
    presence: Presence,
    filled: Filled,
    count: Count,
    number: Number,
    list: Vec<Self>,
    object: Option<Box<Self>>,
}

impl<'de> Object<'de> for All<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "text" => self.text = map.next_value()?,
            "presence" => self.presence = map.next_value()?,
            "filled" => self.filled = map.next_value()?,
            "count" => self.count = map.next_value()?,
            "number" => self.number = map.next_value()?,
            "list" => self.list = map.next_value::<List<All<'de>>>()?.0,
            "object" => self.object = map.next_value::<Maybe<_>>()?.object().map(Box::new),
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![any::<String>(), "[a-z\"\\\\\n{}\\[\\]é🦙]{0,40}"];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (0..2_000_u64).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text.clone().prop_map(Json::from),
    ];
    const NAMES: &[&str] = &["text", "presence", "filled", "count", "number", "list", "object"];
    let name = prop_oneof![
        6 => prop::sample::select(NAMES).prop_map(String::from),
        1 => text,
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::from),
            vec((name.clone(), inner), 0..8)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn good_json_reads_as_by_serde_json(json in json(), pretty in any::<bool>()) {
        let text = if pretty { format!(" {json:#}\n") } else { json.to_string() };
        let expected = serde_json::from_str::<Maybe<All<'_>>>(&text).unwrap();
        let mut filled = All::default();
        prop_assert_eq!(fill(text.as_bytes(), &mut filled), Ok(matches!(expected, Maybe::Object(_))));
        prop_assert_eq!(Some(filled), expected.object().or_else(|| Some(All::default())));
        prop_assert_eq!(read(text.as_bytes()), serde_json::from_str::<Maybe<All<'_>>>(&text).map_err(|_| Broken));
    }

    #[test]
    fn whatever_serde_json_takes_reads_the_same(
        text in r#"\{("(text|count|list|x)":|\{|\}|\[|\]|"|:|,|\\|\\u00e4|\\ud83d|-?1|0.5|e9|true|nul|null| ){0,14}\}"#,
    ) {
        let expected = serde_json::from_str::<Maybe<All<'_>>>(&text);
        if let Ok(expected) = expected {
            prop_assert_eq!(read(text.as_bytes()), Ok(expected));
        }
    }
}

#[test]
fn what_is_looked_at_must_be_good() {
    for json in [
        "",
        " ",
        "{",
        "}",
        "{}}",
        "{} x",
        r#"{"text":}"#,
        r#"{"text":"a",}"#,
        r#"{,"text":"a"}"#,
        r#"{"text" "a"}"#,
        r#"{text:"a"}"#,
        r#"{"text":"\ud83d"}"#,
        r#"{"text":"\q"}"#,
        "{\"text\":\"\n\"}",
        r#"{"count":01}"#,
        r#"{"count":1.2.3}"#,
        r#"{"count":tru}"#,
        r#"{"list":[{},]}"#,
        r#"{"list":[{}]"#,
        r#"{"list":[{}}}"#,
        r#"{"text":"a" "count":1}"#,
        r#"{"x":*}"#,
    ] {
        assert_eq!(read::<Maybe<All<'_>>>(json.as_bytes()), Err(Broken), "{json}");
    }
    assert_eq!(read::<Maybe<All<'_>>>(b"{\"text\":\"\xff\"}"), Err(Broken));
}

#[test]
fn what_is_passed_over_may_be_broken() {
    let json = r#"{"x":nul,"y":[{"a":01.}],"presence":"\ud83d\q","count":7}"#;
    let all = read::<Maybe<All<'_>>>(json.as_bytes()).unwrap().object().unwrap();
    assert_eq!((all.count, all.presence.is_filled), (Count(Some(7)), true));
}

#[test]
fn levels_have_an_end() {
    let nested = |levels: usize| {
        let json = [br#"{"object":"#.repeat(levels), b"{}".to_vec(), b"}".repeat(levels)].concat();
        (
            read::<Maybe<All<'_>>>(&json).is_ok(),
            serde_json::from_slice::<Maybe<All<'_>>>(&json).is_ok(),
        )
    };
    assert_eq!(nested(126), (true, true));
    assert_eq!(nested(127), (false, false));
    assert_eq!(nested(100_000), (false, false));
}
