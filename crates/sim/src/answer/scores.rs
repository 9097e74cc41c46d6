//! Rerank, score and classify: a fixed judgement of every item.

use super::Script;
use super::vectors::vllm_list;
use crate::engine::Name;
use crate::json::{Obj, array};

/// The later, the lower: ranked documents stay in their order.
fn score_of(index: usize) -> f64 {
    0.9 / (index + 1) as f64
}

pub(crate) fn rerank(script: &Script) -> String {
    let pooled = &script.ask.pooled;
    let wanted = pooled.top_n.unwrap_or(usize::MAX).min(pooled.items);
    let results = array((0..wanted).map(|index| ranked(script, index)));
    let id = match script.engine.vllm_since(0, 20, 0) {
        true => format!("score-{}", script.id),
        false => format!("rerank-{}", script.id),
    };
    match script.engine.kind() {
        Name::Vllm => {
            let usage = Obj::new()
                .when(script.engine.vllm_since(0, 13, 0), |o| o.raw("prompt_tokens", script.input))
                .raw("total_tokens", script.input);
            let object = Obj::new().str("id", &id).str("model", &script.model);
            object.raw("usage", usage.end()).raw("results", results)
        }
        Name::LiteLlm => {
            let units = Obj::new().raw("total_tokens", script.input).end();
            let tokens = Obj::new().raw("input_tokens", script.input).end();
            let meta = Obj::new().raw("billed_units", units).raw("tokens", tokens).end();
            Obj::new().str("id", &id).raw("results", results).raw("meta", meta)
        }
        Name::LlamaCpp => {
            let usage = Obj::new().raw("prompt_tokens", script.input);
            let usage = usage.raw("total_tokens", script.input).end();
            let object = Obj::new().str("model", &script.model).str("object", "list");
            object.raw("usage", usage).raw("results", results)
        }
    }
    .end()
}

fn ranked(script: &Script, index: usize) -> String {
    let text = script.ask.pooled.texts.get(index).map_or("", String::as_str);
    let document = Obj::new()
        .str("text", text)
        .when(script.engine.vllm_since(0, 11, 1), |document| document.nulls(&["multi_modal"]))
        .end();
    let object = Obj::new().raw("index", index);
    match script.engine.kind() {
        Name::Vllm => object.raw("document", document).raw("relevance_score", score_of(index)),
        Name::LiteLlm => object.raw("relevance_score", score_of(index)).raw("document", document),
        Name::LlamaCpp => object.raw("relevance_score", score_of(index)),
    }
    .end()
}

pub(crate) fn score(script: &Script) -> String {
    let item = |index| {
        Obj::new().raw("index", index).str("object", "score").raw("score", score_of(index)).end()
    };
    vllm_list(script, "score", array((0..script.ask.pooled.items).map(item)))
}

pub(crate) fn classify(script: &Script) -> String {
    let item = |index| {
        Obj::new()
            .raw("index", index)
            .str("label", "LABEL_0")
            .raw("probs", "[0.75,0.25]")
            .raw("num_classes", 2)
            .end()
    };
    vllm_list(script, "classify", array((0..script.ask.pooled.items).map(item)))
}
