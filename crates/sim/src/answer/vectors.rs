//! `/v1/embeddings`, `/v2/embed` and `/pooling`: a fixed vector for every input.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Script, Whole};
use crate::api::Api;
use crate::ask::Encoding;
use crate::engine::Name;
use crate::json::{Obj, array, quote, spaced};

const VECTOR: [f32; 3] = [0.1, 0.2, 0.3];

pub(crate) fn whole(script: &Script) -> Whole {
    let usage = Some(script.usage());
    match script.ask.pooled.encoding {
        _ if script.api == Api::Embed => Whole::json(cohere(script), usage),
        _ if !script.engine.is(Name::Vllm) => Whole::json(not_vllm(script), usage),
        Encoding::Bytes | Encoding::BytesOnly if script.engine.vllm_since(0, 11, 0) => {
            bytes(script)
        }
        _ => Whole::json(vllm(script), usage),
    }
}

/// The `usage` of vLLM's answers that have no output.
fn vllm_usage(script: &Script) -> String {
    Obj::new()
        .raw("prompt_tokens", script.input)
        .raw("total_tokens", script.input)
        .raw("completion_tokens", 0)
        .nulls(&["prompt_tokens_details"])
        .when(script.engine.vllm_since(0, 28, 0), |o| o.nulls(&["completion_tokens_details"]))
        .end()
}

/// The list that vLLM makes of what it has for every item.
pub(super) fn vllm_list(script: &Script, prefix: &str, items: String) -> String {
    Obj::new()
        .str("id", &format!("{prefix}-{}", script.id))
        .str("object", "list")
        .raw("created", script.created)
        .str("model", &script.model)
        .raw("data", items)
        .raw("usage", vllm_usage(script))
        .end()
}

fn vllm(script: &Script) -> String {
    let (prefix, object, member) = match script.api {
        Api::Pooling if script.engine.vllm_before(0, 20, 0) => ("pool", "pooling", "data"),
        Api::Pooling => ("pooling", "pooling", "data"),
        _ => ("embd", "embedding", "embedding"),
    };
    let vector = vector(script);
    let items = (0..script.ask.pooled.items)
        .map(|index| Obj::new().raw("index", index).str("object", object).raw(member, &vector));
    vllm_list(script, prefix, array(items.map(Obj::end)))
}

fn vector(script: &Script) -> String {
    match script.ask.pooled.encoding {
        Encoding::Base64 => quote(&STANDARD.encode(little_endian())),
        _ => "[0.1,0.2,0.3]".to_owned(),
    }
}

fn little_endian() -> Vec<u8> {
    VECTOR.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn not_vllm(script: &Script) -> String {
    let usage = Obj::new()
        .raw("completion_tokens", 0)
        .raw("prompt_tokens", script.input)
        .raw("total_tokens", script.input)
        .nulls(&["completion_tokens_details", "prompt_tokens_details"])
        .end();
    let vector = vector(script);
    let item = |index| {
        Obj::new().raw("embedding", &vector).raw("index", index).str("object", "embedding").end()
    };
    Obj::new()
        .str("model", &script.model)
        .raw("data", array((0..script.ask.pooled.items).map(item)))
        .str("object", "list")
        .raw("usage", usage)
        .end()
}

fn cohere(script: &Script) -> String {
    let pooled = &script.ask.pooled;
    let vectors = array((0..pooled.items).map(|_| "[0.1,0.2,0.3]".to_owned()));
    let units = Obj::new().raw("input_tokens", script.input).raw("image_tokens", 0).end();
    let version = Obj::new().str("version", "2").end();
    let meta = Obj::new().raw("api_version", version).raw("billed_units", units).end();
    let texts = array(pooled.texts.iter().map(|text| quote(text)));
    Obj::new()
        .str("id", &format!("embd-{}", script.id))
        .raw("embeddings", Obj::new().raw("float", vectors).end())
        .raw("texts", texts)
        .raw("meta", meta)
        .str("response_type", "embeddings_by_type")
        .end()
}

/// Bare floats, with the rest of the answer in a header, if that is wanted.
fn bytes(script: &Script) -> Whole {
    let vector = little_endian();
    let (items, size) = (script.ask.pooled.items, vector.len());
    let is_told = script.ask.pooled.encoding == Encoding::Bytes;
    let headers = is_told.then(|| ("metadata", metadata(script, size))).into_iter().collect();
    let usage = is_told.then(|| script.usage());
    Whole {
        content_type: "application/octet-stream",
        body: vector.repeat(items),
        headers,
        chunked: true,
        ..Whole::json(String::new(), usage)
    }
}

fn metadata(script: &Script, size: usize) -> String {
    let item = |index| {
        Obj::new()
            .raw("index", index)
            .str("embed_dtype", "float32")
            .str("endianness", "native")
            .raw("start", index * size)
            .raw("end", (index + 1) * size)
            .raw("shape", array([VECTOR.len().to_string()]))
            .end()
    };
    let usage =
        Obj::new().raw("prompt_tokens", script.input).raw("total_tokens", script.input).end();
    let prefix = if script.api == Api::Pooling { "pooling" } else { "embd" };
    spaced(
        &Obj::new()
            .str("id", &format!("{prefix}-{}", script.id))
            .raw("created", script.created)
            .str("model", &script.model)
            .raw("data", array((0..script.ask.pooled.items).map(item)))
            .raw("usage", usage)
            .end(),
    )
}
