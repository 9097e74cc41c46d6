//! Refusals and errors in the words of each engine.

mod request;

pub(crate) use request::{
    MAX_MODEL_LEN, background_not_stored, bad_form, bad_json, context_length, no_file, no_handler,
    no_subtitles, stream_options, unknown_model, unknown_response,
};

use crate::api::Api;
use crate::engine::{Engine, Name};
use crate::fault::{BodyFlavour, ErrorShape};
use crate::frame::Frame;
use crate::json::{Obj, spaced};
use crate::reply::{Reply, TEXT, reason};

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
        Api::Speech if engine.is(Name::Vllm) => {
            let data = Obj::new().str("type", "speech.audio.error");
            let data = data.raw("error", words.fields(code.to_owned()));
            Frame::named("speech.audio.error", data.end())
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
