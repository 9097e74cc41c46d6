//! The members of a request's body, be it JSON or a form, compressed or not.

use serde::de::DeserializeOwned;

use crate::coding::Decoder;
use crate::form::Form;
use crate::members::Members;
use crate::wanted::{Found, Wanted};
use crate::{Endpoint, Limits, RequestHead, endpoint};

/// Raw bytes that a name may take: every byte of it could be written as `\u00XX`.
const MODEL_RAW: usize = 8 << 10;

/// Only whether it is there matters.
const fn mark(name: &'static str) -> Wanted {
    Wanted { name, limit: 0 }
}

/// A member that is wanted, by its place in the list of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Model,
    Stream,
    StreamOptions,
    N,
    Echo,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Seed,
    // The rest tells the kinds of `/invocations` apart.
    Messages,
    Prompt,
    PromptEmbeds,
    Query,
    Queries,
    Documents,
    Text1,
    Data1,
    Input,
}

const WANTED_BY_SHAPE: &[Wanted] = &[
    Wanted { name: "model", limit: MODEL_RAW },
    Wanted { name: "stream", limit: 16 },
    Wanted { name: "stream_options", limit: 4 << 10 },
    Wanted { name: "n", limit: 32 },
    Wanted { name: "echo", limit: 16 },
    Wanted { name: "max_tokens", limit: 32 },
    Wanted { name: "max_completion_tokens", limit: 32 },
    Wanted { name: "max_output_tokens", limit: 32 },
    Wanted { name: "temperature", limit: 32 },
    Wanted { name: "top_p", limit: 32 },
    Wanted { name: "top_k", limit: 32 },
    Wanted { name: "frequency_penalty", limit: 32 },
    Wanted { name: "presence_penalty", limit: 32 },
    Wanted { name: "seed", limit: 32 },
    mark("messages"),
    mark("prompt"),
    mark("prompt_embeds"),
    mark("query"),
    mark("queries"),
    mark("documents"),
    mark("text_1"),
    mark("data_1"),
    mark("input"),
];

/// Where the path tells the API.
const WANTED: &[Wanted] = WANTED_BY_SHAPE.split_at(Field::Messages as usize).0;

const WANTED_OF_FORM: &[Wanted] = WANTED_BY_SHAPE.split_at(Field::StreamOptions as usize).0;

/// A body that is read while it passes by.
#[derive(Debug)]
pub(super) struct Fields {
    shape: Shape,
    coding: Option<Box<Decoder>>,
    /// The name of the coding.
    coded: Option<Box<str>>,
    /// It can't be read, or not any further: what was found before is not to be relied on.
    encoded: bool,
}

#[derive(Debug)]
enum Shape {
    Json(Members),
    /// Rare, and larger.
    Form(Box<Form>),
}

impl Fields {
    pub(super) fn of(head: &RequestHead<'_>, limits: &Limits) -> Self {
        let form = head.content_type.and_then(|kind| Form::of(kind, WANTED_OF_FORM));
        let wanted = if head.is_by_shape() { WANTED_BY_SHAPE } else { WANTED };
        let coded = head.coding();
        let coding = coded.map(|name| Decoder::of_request(name, limits.decoded_request_bytes));
        Self {
            // Python's servers read JSON whatever the content type says (`curl -d` says form), but
            // for multipart.
            shape: match form {
                None => Shape::Json(Members::new(wanted)),
                Some(form) => Shape::Form(Box::new(form)),
            },
            encoded: matches!(coding, Some(None)),
            coding: coding.flatten().map(Box::new),
            coded: coded.map(Box::from),
        }
    }

    /// Forgets what it has read.
    pub(super) fn restart(&mut self, limits: &Limits) {
        self.shape.restart();
        let limit = limits.decoded_request_bytes;
        let coding = self.coded.as_deref().and_then(|coding| Decoder::of_request(coding, limit));
        self.coding = coding.map(Box::new);
        self.encoded = self.coded.is_some() && self.coding.is_none();
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        if self.encoded {
            return;
        }
        let shape = &mut self.shape;
        match &mut self.coding {
            None => shape.push(piece),
            Some(coding) => self.encoded = coding.decode(piece, |plain| shape.push(plain)).is_err(),
        }
    }

    /// The body has ended, and all has been asked: gives back what reading it took.
    pub(super) fn end(&mut self) {
        self.coding = None;
        self.shape.restart();
    }

    /// The JSON, where the body is plain JSON, into which something can be put.
    pub(super) fn plain_json(&self) -> Option<&Members> {
        match &self.shape {
            Shape::Json(members) if self.coded.is_none() => Some(members),
            Shape::Json(_) | Shape::Form(_) => None,
        }
    }

    /// Whether the body can't be decoded.
    pub(super) fn is_encoded(&self) -> bool {
        self.encoded
    }

    /// Whether the body is there whole.
    pub(super) fn is_complete(&self) -> bool {
        match &self.shape {
            Shape::Json(members) => members.is_complete(),
            Shape::Form(form) => form.is_complete(),
        }
    }

    pub(super) fn is_there(&self, field: Field) -> bool {
        !self.get(field).is_absent()
    }

    /// Whether it is `true`: in a form, in any of the words that Python's servers take for it.
    pub(super) fn is_true(&self, field: Field) -> bool {
        let Found::Value(raw) = self.get(field) else { return false };
        match &self.shape {
            Shape::Json(_) => raw == b"true",
            Shape::Form(_) => {
                let words: [&[u8]; 6] = [b"true", b"1", b"on", b"yes", b"t", b"y"];
                words.iter().any(|word| raw.trim_ascii().eq_ignore_ascii_case(word))
            }
        }
    }

    /// Whether `stream_options` asks for usage.
    pub(super) fn includes_usage(&self) -> bool {
        let Some(options) = self.get(Field::StreamOptions).value() else { return false };
        let mut members = Members::new(&[Wanted { name: "include_usage", limit: 16 }]);
        members.push(options);
        members.get("include_usage") == Found::Value(b"true")
    }

    /// A number that fits.
    #[inline]
    pub(super) fn number<N: DeserializeOwned + From<u32>>(&self, field: Field) -> Option<N> {
        let raw = self.get(field).value()?;
        small(raw).map(N::from).or_else(|| serde_json::from_slice(raw).ok())
    }

    /// A text; `Err` if it is too long to be kept.
    pub(super) fn text(&self, field: Field) -> Result<Option<String>, TooLong> {
        let raw = match self.get(field) {
            Found::Absent => return Ok(None),
            Found::TooLarge => return Err(TooLong),
            Found::Value(raw) => raw,
        };
        Ok(match &self.shape {
            Shape::Json(_) => plain(raw).or_else(|| serde_json::from_slice(raw).ok()),
            Shape::Form(_) => Some(String::from_utf8_lossy(raw).into_owned()),
        })
    }

    #[inline]
    fn get(&self, field: Field) -> Found<'_> {
        match &self.shape {
            Shape::Json(members) => members.at(field as usize),
            Shape::Form(form) => form.at(field as usize),
        }
    }

    /// What SageMaker's `/invocations` is asked for. vLLM takes the first of its APIs whose required
    /// members are there, in this order (`entrypoints/sagemaker/api_router.py`).
    pub(super) fn endpoint_by_shape(&self) -> Endpoint {
        let has = |field| self.is_there(field);
        if has(Field::Messages) {
            Endpoint::ChatCompletions
        } else if has(Field::Prompt) || has(Field::PromptEmbeds) {
            Endpoint::Completions
        } else if has(Field::Input) {
            Endpoint::Embeddings
        } else if has(Field::Query) && has(Field::Documents) {
            Endpoint::Rerank
        } else if has(Field::Text1) || has(Field::Queries) || has(Field::Data1) {
            Endpoint::Score
        } else {
            Endpoint::Other
        }
    }
}

/// A whole number of a few digits, as most are.
fn small(raw: &[u8]) -> Option<u32> {
    if raw.len() > 9 || (raw.len() > 1 && raw.starts_with(b"0")) {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    let (first, rest) = raw.split_first()?;
    rest.iter().try_fold(digit(first)?, |number, byte| Some(10 * number + digit(byte)?))
}

/// The text of a JSON string of printable ASCII without escapes, as most names are.
fn plain(raw: &[u8]) -> Option<String> {
    let text = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_plain = text.iter().all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(byte));
    if is_plain { String::from_utf8(text.to_vec()).ok() } else { None }
}

/// A text was longer than any that is kept.
pub(super) struct TooLong;

impl Shape {
    /// Forgets what it has read.
    fn restart(&mut self) {
        match self {
            Self::Json(members) => members.restart(),
            Self::Form(form) => form.restart(),
        }
    }

    fn push(&mut self, plain: &[u8]) {
        match self {
            Self::Json(members) => members.push(plain),
            Self::Form(form) => form.push(plain),
        }
    }
}

/// The model that a path or a query names.
///
/// Sources: Azure's `/openai/deployments/NAME/…`, which LiteLLM has too, with `/engines/NAME/…` (a
/// name may have slashes); realtime's `?model=NAME`, in Azure `?deployment=NAME`.
pub(crate) fn model_in_target(target: &str, is_realtime: bool) -> Option<String> {
    let name = if is_realtime {
        let target = target.split('#').next().unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == "model" || key == "deployment")?.1.into_owned()
    } else {
        let name = target
            .strip_prefix("/openai/deployments/")
            .or_else(|| target.strip_prefix("/v1/engines/"))
            .or_else(|| target.strip_prefix("/engines/"))?;
        let name = without_api(endpoint::without_query(name))?;
        percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
    };
    (!name.is_empty()).then_some(name)
}

/// What stands before the API at the end of a path. Docker's model runner has `/engines/v1/…`: no
/// name has such a part.
fn without_api(path: &str) -> Option<&str> {
    const APIS: &[&str] = &[
        "/chat/completions",
        "/completions",
        "/embeddings",
        "/responses",
        "/audio/transcriptions",
        "/audio/translations",
        "/audio/speech",
        "/images/generations",
    ];
    let path = path.trim_end_matches('/');
    let name = APIS.iter().find_map(|api| path.strip_suffix(api))?;
    let is_name = !name.split('/').any(|part| matches!(part, "" | "v1" | "v2"));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_names_the_model_in_the_path_and_realtime_in_the_query() {
        for (target, realtime, name) in [
            ("/openai/deployments/gpt%2D4o/chat/completions?api-version=1", false, Some("gpt-4o")),
            ("/openai/deployments/org/m/embeddings/", false, Some("org/m")),
            ("/engines/a%2Fb/completions", false, Some("a/b")),
            ("/v1/engines/davinci/completions", false, Some("davinci")),
            ("/v1/realtime?x=1&model=a+b%21", true, Some("a b!")),
            ("/openai/realtime?deployment=rt", true, Some("rt")),
            ("/v1/realtime?model=", true, None),
            ("/v1/chat/completions?model=x", false, None),
            ("/openai/deployments", false, None),
            ("/openai/deployments//chat/completions", false, None),
            ("/deployments/prod/v1/chat/completions", false, None),
            ("/engines/v1/chat/completions", false, None),
            ("/engines/llama.cpp/v1/chat/completions", false, None),
        ] {
            assert_eq!(model_in_target(target, realtime).as_deref(), name, "{target}");
        }
    }
}
