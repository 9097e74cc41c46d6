//! `/v1/embeddings`: a fixed vector for every input.

use super::Script;
use crate::engine::Name;
use crate::json::{Obj, array};

pub(crate) fn whole(script: &Script) -> String {
    let vllm = script.engine.is(Name::Vllm);
    let items = array((0..script.ask.inputs).map(|index| item(vllm, index)));
    if !vllm {
        let usage = Obj::new()
            .raw("completion_tokens", 0)
            .raw("prompt_tokens", script.input)
            .raw("total_tokens", script.input)
            .nulls(&["completion_tokens_details", "prompt_tokens_details"])
            .end();
        return Obj::new()
            .str("model", &script.model)
            .raw("data", items)
            .str("object", "list")
            .raw("usage", usage)
            .end();
    }
    let usage = Obj::new()
        .raw("prompt_tokens", script.input)
        .raw("total_tokens", script.input)
        .raw("completion_tokens", 0)
        .nulls(&["prompt_tokens_details"])
        .end();
    Obj::new()
        .str("id", &format!("embd-{}", script.id))
        .str("object", "list")
        .raw("created", script.created)
        .str("model", &script.model)
        .raw("data", items)
        .raw("usage", usage)
        .end()
}

fn item(vllm: bool, index: usize) -> String {
    let vector = "[0.1,0.2,0.3]";
    match vllm {
        true => Obj::new().raw("index", index).str("object", "embedding").raw("embedding", vector),
        false => Obj::new().raw("embedding", vector).raw("index", index).str("object", "embedding"),
    }
    .end()
}
