use std::path::Path;

use super::*;
use crate::scenario::{Api, Arrivals, Lengths, SHIPPED, Spread};

fn read(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::read(text, Path::new("some/where.toml"))
}

/// The problems of a file.
fn wrong(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_shipped_ones_can_be_run_and_are_described_in_a_sentence() {
    for shipped in SHIPPED {
        let scenario = Scenario::load(shipped.name).unwrap();
        scenario.validate().unwrap();
        assert_eq!(scenario.name, shipped.name);
        let description = &scenario.description;
        assert!(description.ends_with('.') && description.len() <= 110, "{description}");
        assert_eq!(description.matches(". ").count(), 0, "{description}");
        assert!(scenario.models.is_empty() && !scenario.capture, "{}", shipped.name);
    }
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    assert_eq!(folder.count(), SHIPPED.len(), "each file is shipped");
}

#[test]
fn the_two_modes_differ_in_their_load_alone() {
    let load = |name| Scenario::load(name).unwrap();
    let (many, few) = (load("high-parallelism"), load("sequential-workers"));
    assert_eq!(many.load, Load::Closed { concurrency: 50 });
    assert_eq!(few.load, Load::Closed { concurrency: 10 });
    let same = Scenario {
        name: few.name.clone(),
        description: few.description.clone(),
        load: few.load.clone(),
        ..many
    };
    assert_eq!(same, few);
}

#[test]
fn a_file_says_all_that_there_is() {
    let scenario = read(
        r#"
        name = "mine"
        endpoint = "responses"
        stream = 0
        seed = 7
        requests = 10
        models = [{ name = "a" }, { name = "b", weight = 3 }]
        body = { temperature = 0.5, metadata = { any = ["thing"] } }
        headers = { X-Team = "blue" }
        [load]
        kind = "open"
        rate = 3
        arrivals = "constant"
        [prompt]
        tokens = { distribution = "choice", values = [1, 2], weights = [1, 0.5] }
        file = "prompts.jsonl"
        "#,
    );
    let scenario = scenario.unwrap();
    assert_eq!((scenario.name.as_str(), scenario.endpoint), ("mine", Api::Responses));
    let load = Load::Open { rate: 3.0, arrivals: Arrivals::Constant, max_in_flight: 4096 };
    assert_eq!((scenario.stream, &scenario.load), (0.0, &load));
    let spread = Spread::Choice { values: vec![1, 2], weights: vec![1.0, 0.5] };
    assert_eq!(scenario.prompt.tokens, Lengths::Spread(spread));
    assert_eq!(scenario.prompt.file.as_deref(), Some(Path::new("some/prompts.jsonl")));
    assert_eq!(scenario.models[1].weight, 3.0);

    // As TOML for --check, and as JSON in reports, it is the same.
    let toml = toml::to_string(&scenario).unwrap();
    assert_eq!(toml::from_str::<Scenario>(&toml).unwrap(), scenario, "{toml}");
    let json = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario, "{json}");
}

#[test]
fn every_shipped_one_survives_toml_and_json() {
    for shipped in SHIPPED {
        let scenario = Scenario::load(shipped.name).unwrap();
        let toml = toml::to_string(&scenario).unwrap();
        assert_eq!(toml::from_str::<Scenario>(&toml).unwrap(), scenario, "{toml}");
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario, "{json}");
    }
}

#[test]
fn all_unknown_keys_are_said_at_once_with_their_lines() {
    let text = "requets = 10\n\n[load]\nkind = \"stages\"\nstages = [\n  { rate = 1, rat = \"1s\" },\n]\n\
                [prompt]\ntokens = { distribution = \"normal\", meen = 3 }\n[[models]]\nnam = \"a\"\n\
                [body]\nanything = 1";
    let wrong = wrong(text);
    let lines: Vec<_> = wrong.lines().map(|line| line.split("; known").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "some/where.toml:1: requets is not a known key, did you mean requests?",
            "some/where.toml:6: load.stages.0.rat is not a known key, did you mean rate?",
            "some/where.toml:9: prompt.tokens.meen is not a known key, did you mean mean?",
            "some/where.toml:11: models.0.nam is not a known key, did you mean name?",
        ]
    );
    assert!(wrong.contains("known here: name, weight"), "{wrong}");
}

#[test]
fn wrong_types_are_said_with_key_line_and_value() {
    for (text, expected) in [
        ("requests = \"ten\"", "1: requests = \"ten\": expected a whole number, 0 or more"),
        ("requests = -1", "1: requests = -1: expected a whole number, 0 or more"),
        ("\ntimeout = 30", "2: timeout = 30: expected a duration: a whole number and its unit"),
        ("endpoint = \"chat\"", "1: endpoint = \"chat\": expected one of `chat_completions`"),
        ("[load]\nkind = \"open\"\nrate = \"fast\"", "3: load.rate = \"fast\": expected a number"),
        ("[load]\nkind = \"open\"", "load: a load of kind open needs rate"),
        (
            "[load]\nkind = \"closed\"\nconcurrency = 1\nrate = 2",
            "load: a load of kind closed has no rate",
        ),
        ("[load]\nrate = 1", "load: kind is missing"),
        ("load = { kind = \"often\" }", "1: load.kind = \"often\": expected one of `closed`"),
        ("[prompt]\ntokens = 1.5", "2: prompt.tokens = 1.5: expected a whole number"),
        (
            "[prompt]\ntokens = { distribution = \"uniform\", min = 1 }",
            "2: prompt.tokens: the distribution uniform needs max",
        ),
        (
            "[prompt]\ntokens = { distribution = \"uniform\", min = 1, max = -2 }",
            "2: prompt.tokens.max = -2: expected a whole",
        ),
        ("[[models]]\nweight = 2", "1: models: name is missing"),
        ("[slo]\nshare = \"most\"", "2: slo.share = \"most\": expected a number"),
        ("[search]\nfrom = 1\nto = 2", "1: search: for is missing"),
        ("[body]\nsince = 2026-01-01", "2: body.since: expected no date"),
        ("seed = [", "1: not valid TOML"),
        ("a = 1\na = 2", "2: not valid TOML"),
    ] {
        let wrong = wrong(text);
        assert!(wrong.contains(expected), "{text}: {wrong}");
        assert!(wrong.starts_with("some/where.toml:"), "{wrong}");
    }
}

#[test]
fn values_of_headers_are_never_shown() {
    for text in [
        "[headers]\nx-a = 12345",
        "headers = { Authorization = \"12345\" }",
        "headers = { x-a = \"12345\\n\" }",
    ] {
        let wrong = wrong(text);
        assert!(wrong.contains("headers.") && !wrong.contains("12345"), "{wrong}");
    }
}

#[test]
fn wrong_values_are_said_with_their_lines() {
    let text = "stream = 2\n[load]\nkind = \"stages\"\n[[load.stages]]\nfor = \"1s\"\n[[load.stages]]\nfor = \"0s\"\nrate = 1";
    assert_eq!(
        wrong(text),
        "some/where.toml:1: stream = 2: expected the part of the requests that is streamed, 0 to 1\n\
         some/where.toml:4: load.stages.0: expected rate or concurrency, and not both\n\
         some/where.toml:7: load.stages.1.for = 0ms: expected more than 0"
    );
}

#[test]
fn what_is_not_there_is_named() {
    let unknown = Scenario::load("quik").unwrap_err().to_string();
    assert!(
        unknown.contains("\"quik\", did you mean quick?; shipped are quick, high"),
        "{unknown}"
    );
    let unreadable = Scenario::load("/nowhere/at/all").unwrap_err().to_string();
    assert!(unreadable.contains("/nowhere/at/all"), "{unreadable}");
}
