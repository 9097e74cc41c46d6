use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ApiBase, Deployment, Deployments, LONGEST, MOST, MOST_NAMES};

fn read(answer: &Value) -> Deployments {
    Deployments::read(serde_json::from_value(answer.clone()).unwrap())
}

fn row(edge_model: &str, params: &Value, info: &Value) -> Value {
    json!({"model_name": edge_model, "litellm_params": params, "model_info": info})
}

fn one(params: &Value, info: &Value) -> Deployment {
    let Deployments { mut list, left_out } = read(&json!({"data": [row("a", params, info)]}));
    assert_eq!((list.len(), left_out), (1, 0));
    list.remove(0)
}

#[test]
fn the_provider_is_told_from_the_model() {
    for (model, explicit, known, provider, name) in [
        ("hosted_vllm/llama", None, Some("hosted_vllm"), Some("hosted_vllm"), "llama"),
        ("openai/Qwen/Qwen3-8B", None, None, Some("openai"), "Qwen/Qwen3-8B"),
        ("vllm/llama", None, None, Some("vllm"), "llama"),
        ("hosted_vllm/openai/gpt-oss-20b", None, None, Some("hosted_vllm"), "openai/gpt-oss-20b"),
        (
            "openai/gpt-oss-20b",
            Some("hosted_vllm"),
            None,
            Some("hosted_vllm"),
            "openai/gpt-oss-20b",
        ),
        ("hosted_vllm/llama", Some("hosted_vllm"), None, Some("hosted_vllm"), "llama"),
        ("Qwen/Qwen3-8B", Some("openai"), Some("openai"), Some("openai"), "Qwen/Qwen3-8B"),
        ("Qwen/Qwen3-8B", None, None, None, "Qwen/Qwen3-8B"),
        ("gpt-4o", None, Some("openai"), Some("openai"), "gpt-4o"),
        ("groq/llama-3", None, Some("groq"), Some("groq"), "llama-3"),
        ("hosted_vllm/", None, None, None, "hosted_vllm/"),
    ] {
        let params = json!({"model": model, "custom_llm_provider": explicit});
        let deployment = one(&params, &json!({"litellm_provider": known}));
        let found = (deployment.provider.as_deref(), deployment.model.as_str());
        assert_eq!(found, (provider, name), "{model}, {explicit:?}, {known:?}");
    }
}

#[test]
fn an_address_has_nothing_secret() {
    for (text, shown) in [
        ("http://user:pw@Host:8000/v1/?key=x#y", "http://host:8000/v1"),
        ("http://10.0.0.1/v1", "http://10.0.0.1:80/v1"),
        ("https://vllm.example/", "https://vllm.example:443"),
        ("http://[fd00::1]:8000/v1", "http://[fd00::1]:8000/v1"),
    ] {
        assert_eq!(ApiBase::parse(text).unwrap().to_string(), shown);
    }
    for text in
        ["", "llama:8000", "unix:///run/x", "os.environ/BASE", "http://", &"x".repeat(9_000)]
    {
        assert_eq!(ApiBase::parse(text), None, "{text:?}");
    }
    assert_eq!(ApiBase::parse(&format!("http://a/{}", "x".repeat(300))), None);
}

/// As LiteLLM 1.106.2 answers, with a key in it that newer versions take out.
#[test]
fn keys_are_not_kept() {
    let params = json!({
        "model": "hosted_vllm/llama", "api_base": "http://u:sk-1@127.0.0.1:8000/v1?k=sk-2",
        "api_key": "sk-3", "extra_headers": {"authorization": "sk-4"}, "use_in_pass_through": false,
    });
    let info =
        json!({"id": "0a1b", "db_model": false, "key": "sk-5", "litellm_provider": "hosted_vllm"});
    let deployment = one(&params, &info);
    assert_eq!(deployment.model_id.as_deref(), Some("0a1b"));
    assert!(!format!("{deployment:?}").contains("sk-"), "{deployment:?}");
}

#[test]
fn odd_rows_are_left_out() {
    let good = row("a", &json!({"model": "m"}), &json!({}));
    let rows = json!([
        good,
        7,
        null,
        "a",
        [],
        {},
        row("", &json!({"model": "m"}), &json!({})),
        row("new\nline", &json!({"model": "m"}), &json!({})),
        row(&"x".repeat(257), &json!({"model": "m"}), &json!({})),
        row("b", &json!({"model": 7}), &json!({})),
        row("b", &json!("m"), &json!({})),
        // What is odd beside the names leaves only itself out.
        row("c", &json!({"model": "m", "api_base": {}}), &json!(3)),
    ]);
    let read = read(&json!({"data": rows}));
    let names: Vec<_> = read.list.iter().map(|row| row.edge_model.as_str()).collect();
    assert_eq!((names, read.left_out), (vec!["a", "c"], 10));
}

#[test]
fn an_answer_without_a_list_is_none() {
    for text in [r#"{"data": 7}"#, r#"{"data": {}}"#, "{}", "[]", "7"] {
        assert!(serde_json::from_str::<super::ModelInfo>(text).is_err(), "{text}");
    }
    assert_eq!(read(&json!({"data": []})), Deployments::default());
    assert_eq!(read(&json!({"data": null})), Deployments::default());
}

/// 1.106.2 lists `openai/*` as 211 models with one id, in another order after each start.
#[test]
fn a_wildcard_does_not_fill_everything_and_shows_the_same_names_each_time() {
    let expanded = |index: usize| {
        let name = format!("openai/m{index:03}");
        row(&name, &json!({"model": name}), &json!({"id": "wild"}))
    };
    let mut rows: Vec<_> = (0..211).map(expanded).collect();
    rows.push(row("llama", &json!({"model": "hosted_vllm/llama"}), &json!({"id": "one"})));
    let first = read(&json!({"data": rows}));
    rows.reverse();
    assert_eq!(read(&json!({"data": rows})), first);
    assert_eq!((first.list.len(), first.left_out), (MOST_NAMES + 1, 211 - MOST_NAMES));
    assert_eq!(first.list[0].edge_model, "llama");
}

#[test]
fn there_is_a_most() {
    let rows: Vec<_> = (0..30_000)
        .map(|index| {
            row(&format!("m{index:05}"), &json!({"model": "m"}), &json!({"id": index.to_string()}))
        })
        .collect();
    let read = read(&json!({"data": rows}));
    assert_eq!((read.list.len(), read.left_out), (MOST, 30_000 - MOST));
}

proptest! {
    /// Whatever a gateway says of itself, what is kept of it is short, and has no control characters.
    #[test]
    fn whatever_is_said_is_bounded(
        names in proptest::collection::vec(("\\PC{0,300}|.{0,20}", "(openai/|vllm/)?.{0,20}", ".{0,20}"), 0..20),
        base in "(https?://)?([a-z]{1,9}|[0-9.:\\[\\]@/]{1,20})(:[0-9]{1,6})?[/?#@:].{0,300}",
    ) {
        let rows = names.iter().map(|(edge_model, model, id)| {
            row(edge_model, &json!({"model": model, "api_base": base}), &json!({"id": id}))
        });
        let read = read(&json!({"data": rows.collect::<Vec<_>>()}));
        prop_assert!(read.list.len() + read.left_out <= names.len());
        for deployment in read.list {
            let base = deployment.api_base.map(|base| base.to_string()).unwrap_or_default();
            let id = deployment.model_id.unwrap_or_default();
            for text in [&deployment.edge_model, &deployment.model, &id, &base] {
                prop_assert!(text.len() <= LONGEST && !text.contains(char::is_control), "{:?}", text);
            }
            prop_assert!(!base.contains(['@', '?', '#']) || !base.split('/').nth(2).unwrap().contains('@'));
        }
    }
}
