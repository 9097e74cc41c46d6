//! Refusals and errors in the words of each engine.

use crate::ask::{Api, BadJson};
use crate::engine::{Engine, Name};
use crate::fault::{BodyFlavour, ErrorShape};
use crate::frame::Frame;
use crate::json::{Obj, spaced};
use crate::reply::{Reply, TEXT, reason};

/// The context length that [`context_length`] and the model card speak of.
pub(crate) const MAX_MODEL_LEN: u64 = 32_768;

/// What an error says, before an engine has given it a form.
struct Words<'a> {
    code: u16,
    kind: &'a str,
    message: String,
    param: Option<&'a str>,
}

impl Words<'_> {
    fn reply(&self, engine: &Engine, api: Api) -> Reply {
        Reply::json(self.code, self.body(engine, api))
    }

    fn body(&self, engine: &Engine, api: Api) -> String {
        if api == Api::Messages {
            return self.anthropic();
        }
        match engine.kind() {
            Name::LiteLlm => wrap(self.fields(format!("\"{}\"", self.code))),
            Name::LlamaCpp => wrap(
                Obj::new()
                    .raw("code", self.code)
                    .str("message", &self.message)
                    .str("type", self.kind)
                    .end(),
            ),
            Name::Vllm if engine.flat_errors() => self.flat(),
            Name::Vllm => wrap(self.fields(self.code.to_string())),
        }
    }

    fn fields(&self, code: String) -> String {
        self.members(Obj::new(), &code).end()
    }

    fn flat(&self) -> String {
        self.members(Obj::new().str("object", "error"), &self.code.to_string()).end()
    }

    fn members(&self, object: Obj, code: &str) -> Obj {
        object
            .str("message", &self.message)
            .str("type", self.kind)
            .opt_str("param", self.param)
            .raw("code", code)
    }

    fn anthropic(&self) -> String {
        let error = Obj::new().str("type", self.kind).str("message", &self.message).end();
        Obj::new().str("type", "error").raw("error", error).end()
    }
}

fn wrap(error: String) -> String {
    Obj::new().raw("error", error).end()
}

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

/// `stream_options` is a member that this engine does not know.
pub(crate) fn stream_options(engine: &Engine, api: Api, given: &str) -> Reply {
    let message = format!(
        "[{{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs \
         are not permitted', 'input': {given}}}]"
    );
    let words = Words { code: 400, kind: "BadRequestError", message, param: None };
    words.reply(engine, api)
}

/// The refusal that a plan asked for.
pub(crate) fn refusal(engine: &Engine, api: Api, code: u16, body: &BodyFlavour) -> Reply {
    let mut reply = match body {
        BodyFlavour::Engine => in_engines_words(engine, api, code),
        BodyFlavour::Plain => Reply::text(code, reason(code)),
        BodyFlavour::Html => {
            let title = format!("{code} {}", reason(code));
            let page = format!(
                "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}\
                 </h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
            );
            Reply { content_type: "text/html", ..Reply::json(code, page) }
        }
        BodyFlavour::Empty => Reply { content_type: TEXT, ..Reply::json(code, "") },
        BodyFlavour::Json(body) => Reply::json(code, body.as_str()),
    };
    if matches!(code, 429 | 503) {
        reply.extra.push(("retry-after", "1".to_owned()));
    }
    reply
}

fn in_engines_words(engine: &Engine, api: Api, code: u16) -> Reply {
    if code == 401 && engine.is(Name::Vllm) {
        return Reply::json(401, r#"{"error":"Unauthorized"}"#);
    }
    let litellm = engine.is(Name::LiteLlm);
    let kind = match code {
        401 => "auth_error",
        404 => "NotFoundError",
        429 if litellm => "throttling_error",
        429 => "RateLimitError",
        400..500 if litellm => "invalid_request_error",
        400..500 => "BadRequestError",
        503 => "ServiceUnavailableError",
        529 => "overloaded_error",
        _ if litellm => "internal_server_error",
        _ => "InternalServerError",
    };
    let message = if litellm {
        format!("litellm.APIError: APIError: Hosted_vllmException - the upstream says {code}")
    } else {
        format!("the plan says {code}")
    };
    Words { code, kind, message, param: None }.reply(engine, api)
}

/// LiteLLM keeps its real `/health` behind a key.
pub(crate) fn no_key(engine: &Engine) -> Reply {
    let message = "Authentication Error, No api key passed in.".to_owned();
    let words = Words { code: 401, kind: "auth_error", message, param: Some("None") };
    words.reply(engine, Api::Chat)
}

/// The event of an error inside a stream.
pub(crate) fn in_band(engine: &Engine, api: Api, shape: ErrorShape) -> Frame {
    let words = Words {
        code: 500,
        kind: "InternalServerError",
        message: "EngineCore encountered an issue.".to_owned(),
        param: None,
    };
    let litellm = engine.is(Name::LiteLlm);
    let code = if litellm { "\"500\"" } else { "500" };
    match api {
        Api::Messages => {
            let words = Words { kind: "api_error", ..words };
            let data = words.anthropic();
            Frame::named("error", if litellm { spaced(&data) } else { data })
        }
        Api::Responses if litellm => {
            let error = Obj::new().str("code", "server_error").str("message", &words.message).end();
            let response = Obj::new().str("status", "failed").raw("error", error).end();
            let data = Obj::new().str("type", "response.failed").raw("response", response);
            Frame::named("response.failed", data.end())
        }
        Api::Responses => {
            let data = Obj::new()
                .str("type", "error")
                .str("code", "server_error")
                .str("message", &words.message)
                .nulls(&["param"])
                .raw("sequence_number", 0);
            Frame::named("error", data.end())
        }
        _ => Frame::data(match shape {
            ErrorShape::Nested => wrap(words.fields(code.to_owned())),
            ErrorShape::OldNested => wrap(words.flat()),
            ErrorShape::Flat => words.flat(),
        }),
    }
}

/// FastAPI's answer to a path that it does not know.
pub(crate) fn not_found() -> Reply {
    Reply::json(404, r#"{"detail":"Not Found"}"#)
}

/// FastAPI's answer to a known path with another method.
pub(crate) fn method_not_allowed(allowed: &str) -> Reply {
    let mut reply = Reply::json(405, r#"{"detail":"Method Not Allowed"}"#);
    reply.extra.push(("allow", allowed.to_owned()));
    reply
}
