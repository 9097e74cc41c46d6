use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::scenario::{Api, Lengths, Load, ModelShare, Spread};

/// A scenario that asks `tiny`.
fn scenario() -> Scenario {
    let models = vec![ModelShare { name: "tiny".to_owned(), weight: 1.0 }];
    let mut scenario = Scenario { models, capture: true, ..Scenario::default() };
    scenario.prompt.tokens = Lengths::Fixed(20);
    scenario
}

/// The first requests, of conversations that are answered with "Yes.".
fn asks(scenario: &Scenario, conversations: usize) -> Vec<Ask> {
    let mut workload = Workload::new(scenario).unwrap();
    let mut asks = Vec::new();
    for _ in 0..conversations {
        let mut session = workload.next();
        asks.extend(std::iter::from_fn(|| session.next(Some("Yes."))));
    }
    asks
}

fn json(ask: &Ask) -> Value {
    serde_json::from_slice(&ask.body).unwrap()
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A file of a name of its own; the test removes it with its folder.
fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("weir-{name}-{}.jsonl", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn every_api_has_a_body_of_its_own() {
    let mut scenario = scenario();
    scenario.prompt.tokens = Lengths::Fixed(3);
    scenario.prompt.shared_prefix = 2;
    scenario.body.insert("temperature".to_owned(), json!(0.5));
    let mut body = |endpoint, stream| {
        (scenario.endpoint, scenario.stream) = (endpoint, stream);
        let ask = &asks(&scenario, 1)[0];
        (ask.path, ask.endpoint.as_str(), json(ask))
    };
    let (prefix, prompt) = ("busy little", "0 chance early");
    let user = json!({"role": "user", "content": prompt});
    let chat = json!({
        "model": "tiny", "max_tokens": 128, "stream": true, "temperature": 0.5,
        "stream_options": {"include_usage": true},
        "messages": [{"role": "system", "content": prefix}, user],
    });
    let found = body(Api::ChatCompletions, 1.0);
    assert_eq!(found, ("/v1/chat/completions", "chat_completions", chat));
    let completions = json!({
        "model": "tiny", "max_tokens": 128, "stream": false, "temperature": 0.5,
        "prompt": format!("{prefix}\n\n{prompt}"),
    });
    let found = body(Api::Completions, 0.0);
    assert_eq!(found, ("/v1/completions", "completions", completions));
    let responses = json!({
        "model": "tiny", "max_output_tokens": 128, "stream": true, "temperature": 0.5,
        "instructions": prefix, "input": [user],
    });
    assert_eq!(body(Api::Responses, 1.0), ("/v1/responses", "responses", responses));
    let messages = json!({
        "model": "tiny", "max_tokens": 128, "stream": true, "temperature": 0.5,
        "system": prefix, "messages": [user],
    });
    assert_eq!(body(Api::Messages, 1.0), ("/v1/messages", "messages", messages));
}

#[test]
fn an_engine_is_told_to_go_on() {
    let mut scenario = scenario();
    assert_eq!(json(&asks(&scenario, 1)[0]).get("ignore_eos"), None);
    scenario.output.ignore_eos = true;
    assert_eq!(json(&asks(&scenario, 1)[0])["ignore_eos"], true);
}

#[test]
fn a_seed_decides_all_of_it() {
    let mut scenario = scenario();
    let spread = Spread::LogNormal { median: 50.0, sigma: 1.0, min: 1, max: 500 };
    scenario.prompt.tokens = Lengths::Spread(spread.clone());
    scenario.output.tokens = Lengths::Spread(spread);
    scenario.stream = 0.5;
    let bodies = |scenario: &Scenario| -> Vec<_> {
        asks(scenario, 50).into_iter().map(|ask| ask.body).collect()
    };
    assert_eq!(bodies(&scenario), bodies(&scenario));
    assert_ne!(bodies(&scenario), bodies(&Scenario { seed: 2, ..scenario.clone() }));

    // Other answers are asked for, the prompts stay.
    let prompts = |scenario: &Scenario| -> Vec<_> {
        asks(scenario, 50).into_iter().map(|ask| ask.prompt).collect()
    };
    let before = prompts(&scenario);
    scenario.output.tokens = Lengths::Fixed(3);
    scenario.stream = 0.1;
    scenario.models.push(ModelShare { name: "other".to_owned(), weight: 9.0 });
    scenario.capture = true;
    let after = prompts(&scenario);
    assert_eq!(before[..25], after.into_iter().step_by(2).collect::<Vec<_>>());
}

#[test]
fn prompts_are_as_long_as_asked_and_begin_differently() {
    let mut scenario = scenario();
    for length in [1, 2, 15, 16, 17, 600] {
        scenario.prompt.tokens = Lengths::Fixed(length);
        let asks = asks(&scenario, 30);
        let begin: BTreeSet<_> =
            asks.iter().map(|ask| ask.prompt.split([' ', '.']).next().unwrap()).collect();
        assert_eq!(begin.len(), 30, "{begin:?}");
        assert!(asks.iter().all(|ask| words(&ask.prompt) == length as usize), "{length}");
    }
    scenario.capture = false;
    assert_eq!(asks(&scenario, 1)[0].prompt, "", "kept for nobody");
}

#[test]
fn beginnings_are_shared_by_group() {
    let mut scenario = scenario();
    (scenario.prompt.shared_prefix, scenario.prompt.prefix_groups) = (300, 4);
    let mut groups = BTreeMap::<String, usize>::new();
    for ask in asks(&scenario, 400) {
        let system = json(&ask)["messages"][0]["content"].as_str().unwrap().to_owned();
        assert_eq!(words(&system), 300);
        *groups.entry(system).or_default() += 1;
    }
    let counts: Vec<_> = groups.values().copied().collect();
    assert!(
        counts.len() == 4 && counts.iter().all(|count| (70..130).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_conversation_says_all_that_was_said_before() {
    let mut scenario = scenario();
    scenario.conversation.turns = Lengths::Fixed(3);
    scenario.conversation.pause = weir_daemon::config::Span::from_secs(2);
    let mut workload = Workload::new(&scenario).unwrap();
    let mut session = workload.next();
    let first = session.next(None).unwrap();
    assert!(session.needs_answer());
    let second = session.next(Some("Yes.")).unwrap();
    let third = session.next(Some("")).unwrap();
    assert!(!session.needs_answer());
    assert!(session.next(Some("Bye.")).is_none());
    let user = |ask: &Ask| json!({"role": "user", "content": ask.prompt});
    let said = |text| json!({"role": "assistant", "content": text});
    let expected = json!([user(&first), said("Yes."), user(&second), said("."), user(&third)]);
    assert_eq!(json(&third)["messages"], expected);
    assert_eq!([&first, &second, &third].map(|ask| ask.turn), [0, 1, 2]);
    assert_eq!([&first, &second].map(|ask| ask.pause.as_secs()), [0, 2]);
    assert_ne!(first.prompt, second.prompt);
    assert_eq!(first.prompt_number, second.prompt_number);

    // A request that failed ends it.
    let mut session = workload.next();
    session.next(None).unwrap();
    assert!(session.next(None).is_none() && session.next(Some("Yes.")).is_none());
    assert!(!session.needs_answer());

    // As one text, where there are no messages.
    scenario.endpoint = Api::Completions;
    let third = asks(&scenario, 1).pop().unwrap();
    let text = json(&third)["prompt"].as_str().unwrap().to_owned();
    assert_eq!(text.split("\n\n").filter(|part| *part == "Yes.").count(), 2, "{text}");
}

#[test]
fn models_come_by_weight_or_in_turn() {
    let mut scenario = scenario();
    let share = |name: &str, weight| ModelShare { name: name.to_owned(), weight };
    scenario.models = vec![share("a", 3.0), share("b", 1.0), share("never", 0.0)];
    scenario.capture = false;
    let drawn = asks(&scenario, 1_000);
    let count = |name| drawn.iter().filter(|ask| ask.model == name).count();
    assert!((700..800).contains(&count("a")) && count("never") == 0, "{}", count("a"));

    // Who keeps answers compares them: each prompt goes to every model, and only the model differs.
    scenario.models.pop();
    scenario.capture = true;
    scenario.output.tokens = Lengths::Spread(Spread::Uniform { min: 1, max: 1_000 });
    for two in asks(&scenario, 20).chunks(2) {
        assert_eq!([&two[0].model, &two[1].model], ["a", "b"]);
        assert_eq!(two[0].prompt_number, two[1].prompt_number);
        let (mut a, mut b) = (json(&two[0]), json(&two[1]));
        (a["model"], b["model"]) = (Value::Null, Value::Null);
        assert_eq!(a, b);
    }
}

#[test]
fn so_many_are_streamed() {
    let streamed = |part| {
        let scenario = Scenario { stream: part, ..scenario() };
        asks(&scenario, 1_000).iter().filter(|ask| ask.streamed).count()
    };
    assert_eq!((streamed(0.0), streamed(1.0)), (0, 1_000));
    assert!((650..750).contains(&streamed(0.7)), "{}", streamed(0.7));
}

#[test]
fn prompts_of_a_file_come_in_order_over_and_over() {
    let text = "\"one\"\n\n{\"prompt\": \"two\", \"max_tokens\": 7, \"id\": 3}\n\
        {\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \
        [{\"type\": \"image_url\"}, {\"type\": \"text\", \"text\": \"three\"}]}]}\n";
    let mut scenario = scenario();
    scenario.prompt.file = Some(file("prompts", text));
    let asks = asks(&scenario, 4);
    std::fs::remove_file(scenario.prompt.file.unwrap()).unwrap();
    let prompts: Vec<_> = asks.iter().map(|ask| ask.prompt.as_str()).collect();
    assert_eq!(prompts, ["one", "two", "three", "one"]);
    assert_eq!(asks.iter().map(|ask| ask.prompt_number).collect::<Vec<_>>(), [0, 1, 2, 0]);
    let limits: Vec<_> = asks.iter().map(|ask| json(ask)["max_tokens"].clone()).collect();
    assert_eq!(limits, [128, 7, 128, 128]);
    assert_eq!(json(&asks[2])["messages"][0], json!({"role": "system", "content": "s"}));
}

#[test]
fn a_prompt_that_cannot_be_sent_is_named_by_its_line() {
    let message = |content: &str| format!("{{\"messages\": [{content}]}}");
    for (line, api, expected) in [
        ("7", Api::Messages, "expected a JSON string, or an object"),
        ("{\"prompt\": ", Api::Messages, "expected a JSON string, or an object"),
        ("\"\"", Api::Messages, "expected a text that is not empty"),
        ("{}", Api::Messages, "expected either prompt or messages"),
        ("{\"prompt\": \"secret\", \"max_tokens\": 0}", Api::Messages, "max_tokens = 0"),
        (&message(""), Api::Messages, "at least one"),
        (&message("{\"role\": \"user\"}"), Api::Messages, "a role and content"),
        (&message("{\"role\": \"system\", \"content\": \"a\"}"), Api::Messages, "no role system"),
        (&message("{\"role\": \"assistant\", \"content\": \"a\"}"), Api::Responses, "a question"),
        (&message("{\"role\": \"user\", \"content\": \"a\"}"), Api::Completions, "no messages"),
    ] {
        let mut scenario = Scenario { endpoint: api, ..scenario() };
        let path = file("bad-prompts", &format!("\"good\"\n{line}\n"));
        scenario.prompt.file = Some(path.clone());
        let error = Workload::new(&scenario).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.starts_with(&format!("{}:2: ", path.display())), "{error}");
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
    let mut scenario = scenario();
    let path = file("no-prompts", "\n");
    scenario.prompt.file = Some(path.clone());
    let error = Workload::new(&scenario).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.ends_with(":1: expected a prompt: the file is empty"), "{error}");
    let error = Workload::new(&scenario).unwrap_err().to_string();
    assert!(error.contains("no-prompts"), "{error}");
}

#[test]
fn a_trace_says_how_long_and_what_is_shared() {
    let text = r#"{"timestamp": 0, "input_length": 1100, "output_length": 9, "hash_ids": [1, 2, 3]}
        {"timestamp": 1, "input_length": 1024, "output_length": 8, "hash_ids": [1, 2]}
        {"timestamp": 2, "input_length": 30, "output_length": 7}
        {"timestamp": 3, "input_length": 600, "output_length": 6, "hash_ids": [4]}"#;
    let mut scenario = scenario();
    let path = file("trace", text);
    scenario.load = Load::Trace { file: path.clone(), speed: 1.0, max_in_flight: 9 };
    let asks = asks(&scenario, 5);
    std::fs::remove_file(path).unwrap();
    let lengths: Vec<_> = asks.iter().map(|ask| words(&ask.prompt)).collect();
    assert_eq!(lengths, [1100, 1024, 30, 600, 1100]);
    let limits: Vec<_> = asks.iter().map(|ask| json(ask)["max_tokens"].clone()).collect();
    assert_eq!(limits, [9, 8, 7, 6, 9]);
    assert!(asks[0].prompt.starts_with(&asks[1].prompt), "blocks 1 and 2 are the same text");
    assert!(!asks[0].prompt.starts_with(&asks[3].prompt[..20]));
    assert_eq!(asks[0].prompt, asks[4].prompt, "from the beginning again");
}

#[test]
fn nobody_to_ask_is_an_error() {
    let error = Workload::new(&Scenario::default()).unwrap_err().to_string();
    assert_eq!(error, "the scenario names no model");
}
