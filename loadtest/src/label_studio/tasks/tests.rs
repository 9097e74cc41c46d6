use serde_json::{Value, json};

use super::{gold_tasks, tasks};
use crate::label_studio::LABELING_CONFIG;
use crate::report::{Content, Environment, Figures, Report, Request, RunStatus, SCHEMA, Tester};
use crate::scenario::Scenario;

pub(in crate::label_studio) fn report() -> Report {
    Report {
        schema: SCHEMA,
        id: "20261122T140501-3fa9c2".to_owned(),
        name: "nightly".to_owned(),
        status: RunStatus::Finished,
        started_at: "2026-11-22T14:05:01Z".to_owned(),
        ended_at: None,
        written_at: "2026-11-22T14:06:01Z".to_owned(),
        target: "http://127.0.0.1:9800/".to_owned(),
        scenario: Scenario { name: "quick".to_owned(), ..Scenario::default() },
        environment: Environment::default(),
        summary: Figures::default(),
        models: [].into(),
        stages: Vec::new(),
        search: None,
        timeline: Vec::new(),
        gpus: None,
        proxy: None,
        tester: Tester::default(),
        warnings: Vec::new(),
        requests: vec![Request {
            number: 7,
            duration: 1.5,
            time_to_first_token: Some(0.25),
            output_tokens: Some(12),
            ..Request::default()
        }],
        contents: Vec::new(),
    }
}

pub(in crate::label_studio) fn content(prompt: u64, model: &str, request: u64) -> Content {
    Content {
        request,
        model: model.to_owned(),
        prompt_number: prompt,
        prompt: format!("Question {prompt}?"),
        answer: format!("Answer {request}."),
        ..Content::default()
    }
}

fn said(text: &str) -> Value {
    json!({"id": "answer", "from_name": "answer", "to_name": "prompt", "type": "textarea", "value": {"text": [text]}})
}

#[test]
fn answers_to_a_prompt_stand_side_by_side() {
    let gold = Content { gold: true, reasoning: "Hm.".to_owned(), ..content(3, "qwen", 7) };
    let cut = Content { cut: true, ..content(3, "llama", 9) };
    let all = tasks(&report(), &[gold, cut]);
    let expected = json!({
        "data": {
            "task": "20261122T140501-3fa9c2/3/0",
            "run": "20261122T140501-3fa9c2",
            "run_name": "nightly",
            "started_at": "2026-11-22T14:05:01Z",
            "target": "http://127.0.0.1:9800/",
            "scenario": "quick",
            "prompt_number": 3,
            "turn": 0,
            "prompt": "Question 3?",
            "models": ["llama", "qwen"],
            "requests": [9, 7],
            "gold": 1,
            "answers": [
                {"id": "9", "title": "llama (cut)", "body": "Answer 9.", "model": "llama", "request": 9, "cut": true,
                 "gold": false},
                {"id": "7", "title": "qwen", "body": "Answer 7.", "model": "qwen", "request": 7, "cut": false,
                 "gold": true, "reasoning": "Hm.", "duration": 1.5, "time_to_first_token": 0.25, "output_tokens": 12},
            ],
        },
        "predictions": [
            {"model_version": "llama", "result": [said("Answer 9.")]},
            {"model_version": "qwen", "result": [said("Answer 7.")]},
            {"model_version": "gold stars", "result": [
                {"id": "rank", "from_name": "rank", "to_name": "answers", "type": "ranker",
                 "value": {"ranker": {"_": ["9"], "gold": ["7"]}}},
                said("Answer 7."),
            ]},
        ],
    });
    assert_eq!(all, [expected]);
}

#[test]
fn prompts_and_turns_are_tasks_of_their_own() {
    let turn = Content { turn: 1, ..content(0, "llama", 4) };
    let contents = [content(10, "llama", 3), turn, content(0, "llama", 1), content(2, "llama", 2)];
    let all = tasks(&report(), &contents);
    let keys: Vec<_> = all.iter().map(|task| task["data"]["task"].as_str().unwrap()).collect();
    let run = report().id;
    assert_eq!(keys, ["0/0", "0/1", "2/0", "10/0"].map(|key| format!("{run}/{key}")));
    assert!(tasks(&report(), &[]).is_empty());
}

#[test]
fn too_many_answers_for_one_task_are_several() {
    let contents: Vec<_> = (0..41).map(|request| content(5, "llama", request)).collect();
    let all = tasks(&report(), &contents);
    let parts: Vec<_> = all
        .iter()
        .map(|task| {
            let answers = task["data"]["answers"].as_array().unwrap();
            (task["data"]["task"].as_str().unwrap(), answers.len())
        })
        .collect();
    let run = report().id;
    let expected = [("5/0", 20), ("5/0/1", 20), ("5/0/2", 1)];
    let expected = expected.map(|(key, count)| (format!("{run}/{key}"), count));
    assert_eq!(parts.len(), 3);
    for ((key, count), expected) in parts.into_iter().zip(&expected) {
        assert_eq!((key, count), (expected.0.as_str(), expected.1));
    }
}

#[test]
fn an_answer_without_text_is_no_prediction_and_a_nul_is_replaced() {
    let empty = Content { answer: String::new(), ..content(0, "llama", 1) };
    let nul = Content { answer: "a\0b".to_owned(), ..content(0, "qwen", 2) };
    let [task] = tasks(&report(), &[empty, nul]).try_into().unwrap();
    assert_eq!(task["data"]["answers"].as_array().unwrap().len(), 2);
    let expected = json!([{"model_version": "qwen", "result": [said("a\u{fffd}b")]}]);
    assert_eq!(task["predictions"], expected);
}

/// What the labeling configuration shows is in the data, and what the predictions name is in the configuration.
#[test]
fn tasks_fit_the_labeling_configuration() {
    let [task] =
        tasks(&report(), &[Content { gold: true, ..content(0, "llama", 1) }]).try_into().unwrap();
    let shown: Vec<_> = LABELING_CONFIG.split("value=\"$").skip(1).collect();
    assert_eq!(shown.len(), 2);
    for rest in shown {
        let member = rest.split('"').next().unwrap();
        assert!(!task["data"][member].is_null(), "{member}");
    }
    for prediction in task["predictions"].as_array().unwrap() {
        for region in prediction["result"].as_array().unwrap() {
            let name = |member: &str| region[member].as_str().unwrap();
            let control = format!("name=\"{}\" toName=\"{}\"", name("from_name"), name("to_name"));
            let config = LABELING_CONFIG.to_lowercase();
            let tag = format!("<{} {}", name("type"), control.to_lowercase());
            assert!(config.contains(&tag), "{tag}");
        }
    }
    assert!(LABELING_CONFIG.contains("<Bucket name=\"gold\""));
}

#[test]
fn a_gold_task_has_the_other_answers_too() {
    let gold = Content { gold: true, ..content(3, "qwen", 7) };
    let all = [gold, content(3, "llama", 9), content(4, "qwen", 8)];
    let (every, gold) = (tasks(&report(), &all), gold_tasks(&report(), &all));
    assert_eq!((every.len(), gold.as_slice()), (2, &every[..1]));
    assert_eq!(gold[0]["data"]["models"], json!(["llama", "qwen"]));
    assert_eq!(gold_tasks(&report(), &all[1..]), Vec::<Value>::new());
}
