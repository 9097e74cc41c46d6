use serde_json::Value;

use crate::scenario::{Scenario, ScenarioError};

/// A scenario of these lines, which need not be usable.
fn scenario(toml: &str) -> Scenario {
    let scenario = Scenario { name: "test".to_owned(), requests: Some(1), ..Scenario::default() };
    let mut all = serde_json::to_value(scenario).unwrap();
    let changes: Value = toml::from_str(toml).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).expect(toml)
}

/// The first line of what is wrong; empty: nothing.
fn wrong(scenario: &Scenario) -> String {
    match scenario.validate() {
        Ok(()) => String::new(),
        Err(ScenarioError::Wrong(problems)) => problems[0].to_string(),
        Err(error) => panic!("{error}"),
    }
}

/// Each of these lines is refused with a text that begins so; nothing: it is not.
fn check(cases: &[(&str, &str)]) {
    for (toml, expected) in cases {
        let wrong = wrong(&scenario(toml));
        assert!(wrong.starts_with(expected), "{toml}: {wrong}");
        assert_eq!(wrong.is_empty(), expected.is_empty(), "{toml}: {wrong}");
    }
}

#[test]
fn a_frame_and_a_load_have_bounds() {
    check(&[
        ("name = ''", "name: expected 1 to 128 bytes in one line"),
        ("name = \"a\\nb\"", "name: "),
        ("stream = 1.5", "stream = 1.5: expected"),
        ("seed = 1", ""),
        ("requests = 0", "requests = 0: expected 1 to 10000000"),
        ("duration = '0s'", "duration = 0ms: expected more than 0"),
        ("timeout = '0s'", "timeout = 0ms: expected more than 0"),
        ("warm_up = 10000001", "warm_up = 10000001: expected at most"),
        (
            "load = { kind = 'closed', concurrency = 0 }",
            "load.concurrency = 0: expected 1 to 20000",
        ),
        ("load = { kind = 'open', rate = 0 }", "load.rate = 0: expected 0.001 to 100000 requests"),
        ("load = { kind = 'open', rate = -1 }", "load.rate = -1: "),
        ("load = { kind = 'open', rate = 1, max_in_flight = 0 }", "load.max_in_flight = 0: "),
        ("load = { kind = 'stages', stages = [] }", "load.stages: expected 1 to 1000 of them"),
        (
            "load = { kind = 'stages', stages = [{ for = '1s' }] }",
            "load.stages.0: expected rate or",
        ),
        (
            "load = { kind = 'stages', stages = [{ for = '1s', rate = 1, concurrency = 1 }] }",
            "load.stages.0: expected rate or concurrency, and not both",
        ),
        (
            "load = { kind = 'stages', stages = [{ for = '1s', rate = 0 }] }",
            "load.stages.0.rate = 0: ",
        ),
        ("load = { kind = 'trace', file = 'a', speed = 0 }", "load.speed = 0: expected 0.001"),
    ]);
    let odd = Scenario { stream: f64::NAN, ..scenario("") };
    assert!(wrong(&odd).starts_with("stream = NaN: "), "{}", wrong(&odd));
    let large = Scenario { seed: u64::MAX, ..scenario("") };
    assert!(wrong(&large).starts_with("seed = 18446744073709551615: expected at most"));
}

#[test]
fn requests_have_bounds_and_are_whole() {
    check(&[
        ("prompt = { tokens = 0 }", "prompt.tokens = 0: expected 1 to 2000000"),
        ("prompt = { tokens = 2000001 }", "prompt.tokens = 2000001: "),
        ("prompt = { prefix_groups = 0 }", "prompt.prefix_groups = 0: "),
        ("prompt = { shared_prefix = 2000001 }", "prompt.shared_prefix = 2000001: "),
        (
            "prompt = { file = 'a', shared_prefix = 1 }",
            "prompt.shared_prefix: expected nothing beside prompt.file",
        ),
        ("output = { tokens = 0 }", "output.tokens = 0: "),
        ("conversation = { turns = 0 }", "conversation.turns = 0: expected 1 to 1000"),
        ("slo = { share = 0.0 }", "slo.share = 0: expected a part of the requests"),
        ("slo = { duration = '0s' }", "slo.duration = 0ms: "),
        ("models = [{ name = '' }]", "models.0.name: expected 1 to 256 bytes"),
        ("models = [{ name = 'a', weight = 0 }]", "models = weights that sum to 0: expected"),
        ("models = [{ name = 'a', weight = -1 }]", "models.0 = -1: expected a weight, 0 or more"),
        (
            "body = { max_tokens = 3 }",
            "body.max_tokens: expected no such member: output.tokens sets",
        ),
        ("body = { messages = [] }", "body.messages: expected no such member: prompt sets it"),
        ("headers = { 'a b' = 'c' }", "headers.a b: expected a header's name"),
        ("headers = { Authorization = 'c' }", "headers.Authorization: expected no credentials"),
        ("headers = { x-api-key = 'c' }", "headers.x-api-key: expected no credentials"),
        ("headers = { X-Auth-Token = 'c' }", "headers.X-Auth-Token: expected no credentials"),
        ("headers = { content-length = '3' }", "headers.content-length: expected no such header"),
        ("headers = { x-team = 'blue' }", ""),
        ("output = { ignore_eos = true }\nendpoint = 'messages'", "output.ignore_eos = true: "),
        ("output = { ignore_eos = true }\nendpoint = 'completions'", ""),
    ]);
    let mut odd = scenario("");
    odd.body.insert("a".to_owned(), serde_json::json!({"b": [1, null]}));
    assert!(wrong(&odd).starts_with("body.a: expected no nan and no inf"), "{}", wrong(&odd));
}

#[test]
fn distributions_are_checked() {
    for (lengths, expected) in [
        ("distribution = 'uniform', min = 0, max = 2", "prompt.tokens.min = 0: expected 1 to"),
        ("distribution = 'uniform', min = 3, max = 2", "prompt.tokens.min = 3: expected at most"),
        ("distribution = 'uniform', min = 3, max = 2000001", "prompt.tokens.max = 2000001: "),
        (
            "distribution = 'normal', mean = 1, stddev = -1, min = 1, max = 2",
            "prompt.tokens.stddev = -1",
        ),
        (
            "distribution = 'log_normal', median = 0, sigma = 1, min = 1, max = 2",
            "prompt.tokens.median = 0",
        ),
        (
            "distribution = 'log_normal', median = 1, sigma = 11, min = 1, max = 2",
            "prompt.tokens.sigma = 11",
        ),
        ("distribution = 'choice', values = []", "prompt.tokens.values: expected at least one"),
        ("distribution = 'choice', values = [1, 0]", "prompt.tokens.values.1 = 0: "),
        (
            "distribution = 'choice', values = [1], weights = [1, 2]",
            "prompt.tokens.weights: expected as many",
        ),
        (
            "distribution = 'choice', values = [1], weights = [0]",
            "prompt.tokens.weights = weights that sum",
        ),
        (
            "distribution = 'choice', values = [1, 2], weights = [3, -1]",
            "prompt.tokens.weights.1 = -1: ",
        ),
        ("distribution = 'choice', values = [1, 2], weights = [3, 0]", ""),
    ] {
        let wrong = wrong(&scenario(&format!("prompt.tokens = {{ {lengths} }}")));
        assert!(
            wrong.starts_with(expected) && wrong.is_empty() == expected.is_empty(),
            "{lengths}: {wrong}"
        );
    }
}

#[test]
fn a_run_has_an_end() {
    for (toml, ends) in [
        ("", false),
        ("requests = 3", true),
        ("duration = '3s'", true),
        ("load = { kind = 'open', rate = 1 }", false),
        ("load = { kind = 'stages', stages = [{ rate = 1, for = '1s' }] }", true),
        ("load = { kind = 'trace', file = 'a' }", true),
    ] {
        let mut scenario = scenario(toml);
        scenario.requests = scenario.requests.filter(|_| toml.contains("requests"));
        let wrong = wrong(&scenario);
        assert_eq!(wrong.is_empty(), ends, "{toml}: {wrong}");
        assert!(ends || wrong.contains("--requests, --duration"), "{wrong}");
    }
}

#[test]
fn a_search_has_a_rate_to_look_for_and_something_to_meet() {
    let search = |from: f64, to: f64, load: &str, slo: &str| {
        let mut scenario = scenario(&format!(
            "search = {{ from = {from:?}, to = {to:?}, for = '1s' }}\nload = {{ {load} }}\nslo = {{ {slo} }}"
        ));
        scenario.requests = None;
        wrong(&scenario)
    };
    let (open, slo) = ("kind = 'open', rate = 1", "duration = '1s'");
    assert_eq!(search(1.0, 2.0, open, slo), "");
    assert_eq!(
        search(2.0, 2.0, open, slo),
        "search.from = 2: expected less than search.to, which is 2"
    );
    assert!(search(0.0, 2.0, open, slo).starts_with("search.from = 0: "));
    assert!(search(1.0, 2.0, "kind = 'closed', concurrency = 1", slo).starts_with("load.kind: "));
    assert!(search(1.0, 2.0, open, "share = 0.9").starts_with("slo: expected at least one time"));
    let too_fine = scenario(
        "search = { from = 1, to = 2, for = '1s', precision = 0.0001 }\nload = { kind = 'open', rate = 1 }",
    );
    assert!(wrong(&too_fine).starts_with("search.precision = 0.0001: "));
    let both = scenario(
        "search = { from = 1, to = 2, for = '1s' }\nload = { kind = 'open', rate = 1 }\nslo = { duration = '1s' }",
    );
    assert!(
        wrong(&both).starts_with("requests: expected nothing beside search"),
        "{}",
        wrong(&both)
    );
}

#[test]
fn a_trace_and_a_prompt_file_say_all_there_is_of_a_prompt() {
    let trace = "load = { kind = 'trace', file = 'a' }";
    for (toml, expected) in [
        (
            format!("{trace}\nconversation = {{ turns = 2 }}"),
            "conversation.turns: expected 1 with a",
        ),
        (format!("{trace}\nprompt = {{ file = 'b' }}"), "prompt.file: expected nothing beside"),
        (format!("{trace}\nprompt = {{ shared_prefix = 3 }}"), "prompt.shared_prefix: expected"),
        (
            "prompt = { file = 'b' }\nconversation = { turns = 2 }".to_owned(),
            "conversation.turns: ",
        ),
    ] {
        let wrong = wrong(&scenario(&toml));
        assert!(wrong.starts_with(expected), "{toml}: {wrong}");
    }
}

#[test]
fn all_that_is_wrong_is_said() {
    let error = scenario("stream = 2\nrequests = 0\nload = { kind = 'closed', concurrency = 0 }");
    let error = error.validate().unwrap_err().to_string();
    let keys: Vec<_> = error.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(keys, ["requests", "load.concurrency", "stream"]);
}
