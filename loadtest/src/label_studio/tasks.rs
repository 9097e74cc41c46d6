//! Tasks in Label Studio's format, of a run's prompts and answers. Pure.

#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::report::{Content, Report, Request};

/// The `model_version` of the prediction that stands for people's gold stars.
pub(super) const GOLD_STARS: &str = "gold stars";

/// More answers to one prompt are a task of their own: nobody can rank so many.
const MOST_ANSWERS: usize = 20;

/// One task for each prompt, its answers side by side; they fit [`super::LABELING_CONFIG`].
///
/// `data.task` names it: run, number of the prompt, turn, and part where there are too many answers for one task.
/// `predictions` hold what each model said, under its name, and what was marked as gold, under [`GOLD_STARS`]. They have
/// no score, since nobody gave one.
pub(crate) fn tasks(report: &Report, contents: &[Content]) -> Vec<Value> {
    let requests: HashMap<u64, &Request> =
        report.requests.iter().map(|request| (request.number, request)).collect();
    let mut prompts: BTreeMap<(u64, u32), Vec<&Content>> = BTreeMap::new();
    for content in contents {
        prompts.entry((content.prompt_number, content.turn)).or_default().push(content);
    }
    let mut tasks = Vec::new();
    for ((number, turn), mut answers) in prompts {
        answers.sort_by_key(|content| (&content.model, content.request));
        for (part, answers) in answers.chunks(MOST_ANSWERS).enumerate() {
            let mut key = format!("{}/{number}/{turn}", report.id);
            if part > 0 {
                key.push_str(&format!("/{part}"));
            }
            let data = data(report, &requests, &key, answers);
            tasks.push(json!({"data": data, "predictions": predictions(answers)}));
        }
    }
    tasks
}

/// Those of [`tasks`] in which somebody marked an answer as gold, the others of the same prompt included: what is good is
/// seen beside what is less so, and a later push of all tasks finds these to be whole.
pub(crate) fn gold_tasks(report: &Report, contents: &[Content]) -> Vec<Value> {
    let mut tasks = tasks(report, contents);
    tasks.retain(|task| task.pointer("/data/gold").and_then(Value::as_u64) > Some(0));
    tasks
}

/// What the task shows, and by what the Data Manager can filter.
fn data(
    report: &Report,
    requests: &HashMap<u64, &Request>,
    key: &str,
    answers: &[&Content],
) -> Value {
    let first = answers.first();
    let models: BTreeSet<_> = answers.iter().map(|content| &content.model).collect();
    let shown: Vec<_> =
        answers.iter().map(|content| answer(content, requests.get(&content.request))).collect();
    json!({
        "task": key,
        "run": report.id,
        "run_name": report.name,
        "started_at": report.started_at,
        "target": report.target,
        "scenario": report.scenario.name,
        "prompt_number": first.map(|content| content.prompt_number),
        "turn": first.map(|content| content.turn),
        "prompt": first.map(|content| text(&content.prompt)),
        "models": models,
        "requests": answers.iter().map(|content| content.request).collect::<Vec<_>>(),
        "gold": answers.iter().filter(|content| content.gold).count(),
        "answers": shown,
    })
}

/// An item of the list: `id`, `title` and `body` are what it shows.
fn answer(content: &Content, request: Option<&&Request>) -> Value {
    let cut = if content.cut { " (cut)" } else { "" };
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| item.insert(name.to_owned(), value);
    put("id", json!(id(content)));
    put("title", json!(format!("{}{cut}", content.model)));
    put("body", json!(text(&content.answer)));
    put("model", json!(content.model));
    put("request", json!(content.request));
    put("cut", json!(content.cut));
    put("gold", json!(content.gold));
    if !content.reasoning.is_empty() {
        put("reasoning", json!(text(&content.reasoning)));
    }
    if let Some(request) = request {
        put("duration", json!(request.duration));
        let known = [
            ("time_to_first_token", request.time_to_first_token.map(Value::from)),
            ("output_tokens", request.output_tokens.map(Value::from)),
            ("finish_reason", request.finish_reason.clone().map(Value::from)),
            ("trace_id", request.trace_id.clone().map(Value::from)),
        ];
        for (name, value) in known {
            value.map(|value| put(name, value));
        }
    }
    item.into()
}

fn predictions(answers: &[&Content]) -> Vec<Value> {
    let said = answers.iter().filter(|content| !content.answer.is_empty());
    let mut predictions: Vec<_> = said
        .map(
            |content| json!({"model_version": content.model, "result": [as_it_should_be(content)]}),
        )
        .collect();
    let (gold, rest): (Vec<&Content>, Vec<&Content>) =
        answers.iter().copied().partition(|content| content.gold);
    if let Some(best) = gold.first() {
        let ids =
            |contents: &[&Content]| contents.iter().map(|content| id(content)).collect::<Vec<_>>();
        // `_` is the list itself: what was not dragged anywhere.
        let rank = json!({
            "id": "rank",
            "from_name": "rank",
            "to_name": "answers",
            "type": "ranker",
            "value": {"ranker": {"_": ids(&rest), "gold": ids(&gold)}},
        });
        let result = [rank, as_it_should_be(best)];
        predictions.push(json!({"model_version": GOLD_STARS, "result": result}));
    }
    predictions
}

/// The text at the end of the task, as this answer.
fn as_it_should_be(content: &Content) -> Value {
    json!({
        "id": "answer",
        "from_name": "answer",
        "to_name": "prompt",
        "type": "textarea",
        "value": {"text": [text(&content.answer)]},
    })
}

fn id(content: &Content) -> String {
    content.request.to_string()
}

/// PostgreSQL, where Label Studio may keep it, takes no NUL.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
