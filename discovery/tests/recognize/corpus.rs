//! The cases under `cases/`: what stands in them is all that differs from a plain engine.

use serde_json::{Value, json};
use weir_discovery::gpu::gpus;
use weir_discovery::recognize::{Note, Recognition, recognize, route_name};

use crate::description::container;

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/recognize/cases/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn check(file: &str) {
    for case in cases(file) {
        let mut expected = json!({
            "role": "vllm", "certain": true, "evidence": "command", "port": 8000, "https": false,
            "root_path": "", "models": [], "weights": null, "version": null, "route": null,
            "needs_key": false, "scrape": null, "notes": [], "skip": null,
        });
        for (key, value) in case["expect"].as_object().unwrap() {
            assert!(expected.get(key).is_some(), "{}: nothing is called {key}", case["case"]);
            expected[key] = value.clone();
        }
        let found = shown(&recognize(&container(&case)));
        assert_eq!(found, expected, "{file}: {}", case["case"]);
    }
}

pub(crate) fn shown(recognition: &Recognition) -> Value {
    let scrape = recognition.scrape.as_ref();
    json!({
        "role": recognition.role.as_str(),
        "certain": recognition.certain,
        "evidence": recognition.evidence.as_str(),
        "port": recognition.port,
        "https": recognition.https,
        "root_path": recognition.root_path,
        "models": recognition.models,
        "weights": recognition.weights,
        "version": recognition.version,
        "route": recognition.route,
        "needs_key": recognition.needs_key,
        "scrape": scrape.map(|scrape| format!(":{}{}", scrape.port, scrape.path)),
        "notes": recognition.notes.iter().map(note).collect::<Vec<_>>(),
        "skip": recognition.skip.map(|skip| skip.as_str()),
    })
}

fn note(note: &Note) -> String {
    match note {
        Note::Label(label, _) => format!("label {label}"),
        Note::Value(what, _) => format!("value {what}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn engines_by_their_command_line() {
    check("vllm_commands");
}

#[test]
fn images_and_what_they_set() {
    check("images");
}

#[test]
fn litellm_however_it_is_started() {
    check("litellm");
}

#[test]
fn labels_that_tell_and_labels_that_lie() {
    check("labels");
}

#[test]
fn what_only_might_be_an_engine() {
    check("weak");
}

#[test]
fn gpus_wherever_they_are_asked_for() {
    for case in cases("gpus") {
        let granted = gpus(&container(&case))
            .map(|grant| format!("{} ({})", grant.shown(), grant.source.as_str()));
        assert_eq!(granted.as_deref(), case["expect"].as_str(), "{}", case["case"]);
    }
}

#[test]
fn a_label_is_no_longer_than_it_may_be() {
    for (length, fits) in [(256, true), (257, false), (10_000, false)] {
        let model = "m".repeat(length);
        let case = json!({"argv": ["vllm", "serve", "a/b"], "labels": {"llm.model": model}});
        let found = recognize(&container(&case));
        assert_eq!(found.models == [model], fits, "{length} bytes");
        assert_eq!(found.notes.is_empty(), fits, "{length} bytes");
    }
}

#[test]
fn names_of_routes() {
    let long = "n".repeat(80);
    for (name, label, expected) in [
        ("/vllm-llama", "", "vllm-llama"),
        ("/vllm-llama", "fast", "fast"),
        ("/vllm-llama", "not/fast", "vllm-llama"),
        ("/my engine/1", "", "my-engine-1"),
        ("/.hidden", "", "hidden"),
        ("/v1", "", "engine-v1"),
        ("/", "", "engine"),
        (&format!("/{long}"), "", &long[..64]),
    ] {
        let case = json!({"labels": {"llm.route": label}, "inspect": {"Name": name}});
        assert_eq!(route_name(&container(&case)), expected, "{name} {label}");
    }
}
