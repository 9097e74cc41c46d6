//! The paths that do not generate: models, version, health, metrics, tokenize.

use crate::api::Api;
use crate::engine::{Engine, Name};
use crate::engine_metrics::{content_type, expose};
use crate::error_body::{self, MAX_MODEL_LEN, method_not_allowed, not_found};
use crate::http_date::unix_seconds;
use crate::json::{Obj, array};
use crate::reply::Reply;
use crate::request::Head;
use crate::upstream::Shared;

/// Answers a request that is not for an API.
pub(crate) fn answer(shared: &Shared, head: &Head, body: &[u8]) -> Reply {
    let engine = &shared.engine;
    let path = head.path();
    let reads = matches!(head.method.as_str(), "GET" | "HEAD");
    match path {
        "/tokenize" if head.method == "POST" => tokenize(engine, body),
        "/tokenize" => method_not_allowed("POST"),
        _ if Api::of_path(path).is_some_and(|api| api.method() == "POST") => {
            method_not_allowed("POST")
        }
        _ if !reads => not_found(),
        "/v1/models" => models(shared),
        "/version" if engine.is(Name::Vllm) => {
            Reply::json(200, Obj::new().str("version", engine.version()).end())
        }
        "/health" => health(engine),
        "/health/liveliness" if engine.is(Name::LiteLlm) => Reply::json(200, "\"I'm alive!\""),
        "/metrics" if engine.is(Name::LiteLlm) => redirect("/metrics/"),
        "/metrics" => metrics(shared),
        "/metrics/" if engine.is(Name::LiteLlm) => metrics(shared),
        _ => not_found(),
    }
}

fn models(shared: &Shared) -> Reply {
    let cards = shared.models.iter().map(|model| {
        let object = Obj::new().str("id", model).str("object", "model");
        let object = object.raw("created", unix_seconds());
        match shared.engine.kind() {
            Name::Vllm => object
                .str("owned_by", "vllm")
                .str("root", &format!("models/{model}"))
                .nulls(&["parent"])
                .raw("max_model_len", MAX_MODEL_LEN)
                .raw("permission", "[]"),
            Name::LiteLlm => object.str("owned_by", "openai"),
            Name::LlamaCpp => object.str("owned_by", "llamacpp"),
        }
        .end()
    });
    let cards = array(cards);
    let list = match shared.engine.is(Name::LiteLlm) {
        true => Obj::new().raw("data", cards).str("object", "list"),
        false => Obj::new().str("object", "list").raw("data", cards),
    };
    Reply::json(200, list.end())
}

fn health(engine: &Engine) -> Reply {
    match engine.kind() {
        Name::Vllm => Reply { content_type: "", ..Reply::json(200, "") },
        Name::LiteLlm => error_body::no_key(engine),
        Name::LlamaCpp => Reply::json(200, r#"{"status":"ok"}"#),
    }
}

fn metrics(shared: &Shared) -> Reply {
    let model = shared.models.first().map_or("unknown", String::as_str);
    let page = expose(&shared.engine, model, &shared.stats);
    Reply { content_type: content_type(&shared.engine), ..Reply::text(200, page) }
}

fn redirect(to: &str) -> Reply {
    let mut reply = Reply { content_type: "", ..Reply::json(307, "") };
    reply.extra.push(("location", to.to_owned()));
    reply
}

/// A token for every four bytes of the body; their numbers mean nothing.
fn tokenize(engine: &Engine, body: &[u8]) -> Reply {
    let count = (body.len() / 4).max(1);
    let tokens = array((0..count).map(|token| token.to_string()));
    let object = match engine.is(Name::LlamaCpp) {
        true => Obj::new().raw("tokens", tokens),
        false => Obj::new()
            .raw("count", count)
            .raw("max_model_len", MAX_MODEL_LEN)
            .raw("tokens", tokens)
            .nulls(&["token_strs"]),
    };
    Reply::json(200, object.end())
}
