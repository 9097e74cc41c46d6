//! What requests have to be.

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::lengths::{check as check_lengths, check_weights};
use super::{Findings, Scenario};
use crate::scenario::{Api, Lengths};

/// Tokens: beyond what any model takes.
const MOST_TOKENS: u32 = 2_000_000;
const MOST_TURNS: u32 = 1_000;
const MOST_GROUPS: u32 = 1_000_000;
const MOST_MODELS: usize = 1_000;
const MOST_MODEL_NAME: usize = 256;

/// Members of a body that the load tester sets itself, with what does it.
const OWN_MEMBERS: [(&str, &str); 13] = [
    ("model", "models"),
    ("messages", "prompt"),
    ("prompt", "prompt"),
    ("input", "prompt"),
    ("instructions", "prompt.shared_prefix"),
    ("system", "prompt.shared_prefix"),
    ("stream", "stream"),
    ("stream_options", "stream"),
    ("max_tokens", "output.tokens"),
    ("max_completion_tokens", "output.tokens"),
    ("max_output_tokens", "output.tokens"),
    ("ignore_eos", "output.ignore_eos"),
    ("api_key", "--key-file"),
];

/// Headers that say how the request travels.
const OWN_HEADERS: [&str; 6] =
    ["connection", "content-length", "content-type", "te", "transfer-encoding", "upgrade"];

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    let is = (0.0..=1.0).contains(&scenario.stream);
    findings.need(
        is,
        "stream",
        scenario.stream,
        "the part of the requests that is streamed, 0 to 1",
    );
    check_models(scenario, findings);
    check_prompt(scenario, findings);
    check_lengths(findings, "output.tokens", &scenario.output.tokens, MOST_TOKENS);
    let api = matches!(scenario.endpoint, Api::ChatCompletions | Api::Completions);
    let expected = "false: only chat_completions and completions have it";
    findings.need(api || !scenario.output.ignore_eos, "output.ignore_eos", true, expected);
    for (key, value) in &scenario.body {
        check_member(findings, key, value);
    }
    for (name, value) in &scenario.headers {
        check_header(findings, name, value);
    }
}

fn check_models(scenario: &Scenario, findings: &mut Findings) {
    let models = &scenario.models;
    findings.need_of(models.len() <= MOST_MODELS, "models", format!("at most {MOST_MODELS}"));
    for (index, model) in models.iter().enumerate() {
        let is = (1..=MOST_MODEL_NAME).contains(&model.name.len());
        let expected = format!("1 to {MOST_MODEL_NAME} bytes");
        findings.need_of(is, format!("models.{index}.name"), expected);
    }
    if !models.is_empty() {
        check_weights(findings, "models", models.iter().map(|model| model.weight));
    }
}

fn check_prompt(scenario: &Scenario, findings: &mut Findings) {
    let prompt = &scenario.prompt;
    let turns = &scenario.conversation.turns;
    check_lengths(findings, "prompt.tokens", &prompt.tokens, MOST_TOKENS);
    let is = prompt.shared_prefix <= MOST_TOKENS;
    findings.need(is, "prompt.shared_prefix", prompt.shared_prefix, format!("0 to {MOST_TOKENS}"));
    let is = (1..=MOST_GROUPS).contains(&prompt.prefix_groups);
    findings.need(is, "prompt.prefix_groups", prompt.prefix_groups, format!("1 to {MOST_GROUPS}"));
    check_lengths(findings, "conversation.turns", turns, MOST_TURNS);
    if prompt.file.is_some() {
        let single = *turns == Lengths::Fixed(1);
        let expected = "1 with prompt.file: put a conversation into messages";
        findings.need_of(single, "conversation.turns", expected);
        let expected = "nothing beside prompt.file: put it into the prompts";
        findings.need_of(prompt.shared_prefix == 0, "prompt.shared_prefix", expected);
    }
}

fn check_member(findings: &mut Findings, key: &str, value: &Value) {
    let own = OWN_MEMBERS.iter().find(|(name, _)| *name == key);
    let by = own.map(|(_, by)| *by).unwrap_or_default();
    let key = format!("body.{key}");
    findings.need_of(own.is_none(), &key, format!("no such member: {by} sets it"));
    // What TOML's nan and inf became.
    findings.need_of(!has_null(value), key, "no nan and no inf, which JSON does not have");
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Values are never shown: they may be secrets.
fn check_header(findings: &mut Findings, name: &str, value: &str) {
    let key = format!("headers.{name}");
    let Ok(parsed) = HeaderName::try_from(name) else {
        return findings.need_of(false, key, "a header's name");
    };
    let name = parsed.as_str();
    let is = !is_credential(name);
    findings.need_of(is, &key, "no credentials in a scenario: --key-file sends a key");
    let is = !OWN_HEADERS.contains(&name);
    findings.need_of(is, &key, "no such header: the load tester sets it");
    let is = HeaderValue::try_from(value).is_ok();
    findings.need_of(is, &key, "a header's value: one line of visible characters");
}

fn is_credential(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "auth",
        "authorization",
        "apikey",
        "cookie",
        "credential",
        "credentials",
        "password",
        "secret",
        "signature",
        "token",
    ];
    name.contains("api-key") || name.split(['-', '_']).any(|part| WORDS.contains(&part))
}
