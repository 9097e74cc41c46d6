//! What a request can do wrong, in the words of each engine.

use super::Words;
use crate::api::Api;
use crate::ask::{BadForm, BadJson};
use crate::engine::{Engine, Name};
use crate::json::Obj;
use crate::reply::Reply;

/// The context length that [`context_length`] and the model card speak of.
pub(crate) const MAX_MODEL_LEN: u64 = 32_768;

/// The model is not served here.
pub(crate) fn unknown_model(engine: &Engine, api: Api, model: &str, served: &[String]) -> Reply {
    if engine.is(Name::LiteLlm) {
        let message = format!(
            "{{'error': '/chat/completions: Invalid model name passed in model={model}. Call \
             `/v1/models` to view available models for your key.'}}"
        );
        let words = Words { code: 400, kind: "None", message, param: Some("None") };
        return words.reply(engine, api);
    }
    let recent = engine.recent_vllm();
    let mut message = format!("The model `{model}` does not exist.");
    if recent {
        message.push_str(&format!(" Valid aliases: {}.", served.join(", ")));
    }
    let param = (!engine.flat_errors()).then_some("model");
    Words { code: 404, kind: "NotFoundError", message, param }.reply(engine, api)
}

/// The body is no JSON.
pub(crate) fn bad_json(engine: &Engine, api: Api, bad: &BadJson) -> Reply {
    let at = bad.offset;
    let place = format!("body.{at}");
    let recent = format!(
        "1 validation error:\n  {{'type': 'json_invalid', 'loc': '{place}', 'msg': 'JSON decode \
         error', 'input': '<dict of 0 items>', 'ctx': {{'error': 'Expecting value'}}}}"
    );
    let older = format!(
        "[{{'type': 'json_invalid', 'loc': ('body', {at}), 'msg': 'JSON decode error', 'input': \
         {{}}, 'ctx': {{'error': 'Expecting value'}}}}]"
    );
    let (kind, message, param) = match engine.kind() {
        Name::LiteLlm => ("invalid_request_error", "Invalid JSON payload".to_owned(), None),
        Name::LlamaCpp => {
            let message = format!("[json.exception.parse_error.101] parse error at {at}");
            ("invalid_request_error", message, None)
        }
        Name::Vllm if engine.recent_vllm() => ("Bad Request", recent, Some(place.as_str())),
        Name::Vllm if engine.flat_errors() => ("BadRequestError", older, None),
        Name::Vllm => ("Bad Request", older, None),
    };
    Words { code: 400, kind, message, param }.reply(engine, api)
}

/// The prompt is longer than the model's context.
pub(crate) fn context_length(engine: &Engine, api: Api, prompt: u64) -> Reply {
    let asked = prompt.max(MAX_MODEL_LEN + 1);
    let older = format!(
        "This model's maximum context length is {MAX_MODEL_LEN} tokens. However, you requested \
         {asked} tokens in the messages. Please reduce the length of the messages or completion."
    );
    let recent = format!(
        "This model's maximum context length is {MAX_MODEL_LEN} tokens. However, your prompt \
         contains at least {asked} input tokens. Please reduce the length of the input prompt. \
         (parameter=input_tokens, value={asked})"
    );
    let (kind, message, param) = match engine.kind() {
        Name::LiteLlm => {
            let message = format!(
                "litellm.ContextWindowExceededError: litellm.BadRequestError: \
                 ContextWindowExceededError: Hosted_vllmException - {older}"
            );
            ("invalid_request_error", message, None)
        }
        Name::LlamaCpp => {
            let message = "the request exceeds the available context size, try increasing it";
            ("exceed_context_size_error", message.to_owned(), None)
        }
        Name::Vllm if engine.recent_vllm() => ("BadRequestError", recent, Some("input_tokens")),
        Name::Vllm => ("BadRequestError", older, None),
    };
    Words { code: 400, kind, message, param }.reply(engine, api)
}

/// The body is no multipart form, in the words of FastAPI's parser.
pub(crate) fn bad_form(bad: &BadForm) -> Reply {
    Reply::json(400, Obj::new().str("detail", bad.0).end())
}

/// The form has no file.
pub(crate) fn no_file(engine: &Engine) -> Reply {
    let message = "1 validation error:\n  {'type': 'missing', 'loc': ('body', 'file'), 'msg': \
                   'Field required'}";
    bad_request(engine, message.to_owned())
}

/// vLLM makes no subtitles.
pub(crate) fn no_subtitles(engine: &Engine) -> Reply {
    let message = "Currently only support response_format: `text`, `json` or `verbose_json`";
    bad_request(engine, message.to_owned())
}

/// The body of `/invocations` has no shape that is known.
pub(crate) fn no_handler(engine: &Engine) -> Reply {
    bad_request(engine, "Cannot find suitable handler for request.".to_owned())
}

/// What is made in the background can't be thrown away.
pub(crate) fn background_not_stored(engine: &Engine) -> Reply {
    bad_request(engine, "background can only be used when `store` is true".to_owned())
}

/// No response is stored under this id.
pub(crate) fn unknown_response(engine: &Engine, id: &str) -> Reply {
    let message = format!("Response with id '{id}' not found.");
    let param = Some("response_id");
    let words = Words { code: 404, kind: "invalid_request_error", message, param };
    words.reply(engine, Api::Responses)
}

fn bad_request(engine: &Engine, message: String) -> Reply {
    let words = Words { code: 400, kind: "BadRequestError", message, param: None };
    words.reply(engine, Api::Chat)
}

/// `stream_options` is a member that this engine does not know.
pub(crate) fn stream_options(engine: &Engine, api: Api, given: &str) -> Reply {
    let message = format!(
        "[{{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs \
         are not permitted', 'input': {given}}}]"
    );
    let words = Words { code: 400, kind: "BadRequestError", message, param: None };
    words.reply(engine, api)
}
