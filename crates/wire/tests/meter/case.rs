//! One case of the corpus as its files describe it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use weir_wire::{End, Endpoint, Policy};

use crate::head::Head;

/// The content of `NAME.case.json`, see `tests/corpus/README.md`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    source: String,
    #[serde(default)]
    server: Server,
    versions: Option<String>,
    shows: Option<String>,
    method: Option<String>,
    target: Option<String>,
    #[serde(default)]
    usage: UsageName,
    #[serde(default)]
    end: EndName,
    cut_at: Option<usize>,
    request_cut_at: Option<usize>,
    #[serde(default)]
    no_answer: bool,
    like: Option<String>,
    events_per_read: Option<usize>,
    request_content_type: Option<String>,
    request_content_encoding: Option<String>,
    #[serde(default)]
    repeat: BTreeMap<String, Repeat>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UsageName {
    Exact,
    #[default]
    Observe,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndName {
    #[default]
    Complete,
    ClientClosed,
    ConnectFailed,
    UpstreamReset,
    UpstreamTimeout,
    UpstreamInvalid,
    Rejected,
    Shutdown,
    Internal,
}

impl EndName {
    fn end(self) -> End {
        match self {
            Self::Complete => End::Complete,
            Self::ClientClosed => End::ClientClosed,
            Self::ConnectFailed => End::ConnectFailed,
            Self::UpstreamReset => End::UpstreamReset,
            Self::UpstreamTimeout => End::UpstreamTimeout,
            Self::UpstreamInvalid => End::UpstreamInvalid,
            Self::Rejected => End::Rejected,
            Self::Shutdown => End::Shutdown,
            Self::Internal => End::Internal,
        }
    }
}

/// Whose answer it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// Nobody's in particular: a rule of the protocol, or of Weir.
    #[default]
    #[serde(rename = "any")]
    Any,
    #[serde(rename = "vLLM")]
    Vllm,
    #[serde(rename = "LiteLLM")]
    Litellm,
    #[serde(rename = "llama.cpp")]
    LlamaCpp,
    OpenAI,
    Anthropic,
    #[serde(rename = "SGLang")]
    Sglang,
    #[serde(rename = "TGI")]
    Tgi,
    Cohere,
    Azure,
}

/// What a placeholder stands for: bodies that are too large to be kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    text: String,
    times: usize,
}

/// An exchange whose outcome is known.
#[derive(Debug)]
pub(crate) struct Case {
    /// `endpoint/name`.
    pub(crate) name: String,
    /// The folder that it lies in.
    pub(crate) endpoint: Endpoint,
    pub(crate) server: Server,
    /// The versions of the server that answer so.
    pub(crate) versions: Option<String>,
    /// What it shows, in a line.
    pub(crate) shows: Option<String>,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) policy: Policy,
    pub(crate) end: End,
    pub(crate) content_type: String,
    pub(crate) content_encoding: Option<String>,
    /// The request's body, as far as it came.
    pub(crate) request: Vec<u8>,
    /// Whether the request's body came whole.
    pub(crate) request_is_whole: bool,
    pub(crate) answer: Option<Answer>,
    pub(crate) events_per_read: usize,
    /// Where the expectation lies.
    pub(crate) outcome: PathBuf,
}

/// The answer of a case.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    /// The body, as far as it came.
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing says.
    pub(crate) ended: bool,
}

impl Case {
    /// Reads `NAME.case.json` and the files beside it.
    pub(crate) fn read(endpoint: Endpoint, spec_path: &Path) -> Self {
        let name = spec_path.file_name().unwrap().to_str().unwrap();
        let name = name.strip_suffix(".case.json").unwrap();
        let folder = spec_path.parent().unwrap();
        let text = fs::read(spec_path).unwrap();
        let spec: Spec = serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", spec_path.display()));
        assert!(!spec.source.is_empty(), "{name}: say where it comes from");
        let told = spec.server == Server::Any || spec.shows.is_some();
        assert!(told, "{name}: say what it shows of the server");
        let end = spec.end.end();
        let mut request = spec.part(folder, name, "req").unwrap_or_default();
        request.truncate(spec.request_cut_at.unwrap_or(usize::MAX));
        Self {
            name: format!("{endpoint}/{name}"),
            endpoint,
            server: spec.server,
            versions: spec.versions.clone(),
            shows: spec.shows.clone(),
            method: spec.method.clone().unwrap_or_else(|| usual_method(endpoint).into()),
            target: spec.target.clone().unwrap_or_else(|| usual_target(endpoint).into()),
            policy: match spec.usage {
                UsageName::Exact => Policy::exact(),
                UsageName::Observe => Policy::observe(),
            },
            end,
            request,
            request_is_whole: spec.request_cut_at.is_none(),
            answer: spec.answer(folder, name, end),
            events_per_read: spec.events_per_read.unwrap_or(1),
            content_type: spec.request_content_type.unwrap_or_else(|| "application/json".into()),
            content_encoding: spec.request_content_encoding,
            outcome: folder.join(format!("{name}.outcome.json")),
        }
    }

    /// The answer's body; empty where no answer came.
    pub(crate) fn body(&self) -> &[u8] {
        self.answer.as_ref().map_or(&[], |answer| &answer.body)
    }
}

fn usual_method(endpoint: Endpoint) -> &'static str {
    if endpoint == Endpoint::Realtime { "GET" } else { "POST" }
}

fn usual_target(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::ChatCompletions => "/v1/chat/completions",
        Endpoint::Completions => "/v1/completions",
        Endpoint::Responses => "/v1/responses",
        Endpoint::Messages => "/v1/messages",
        Endpoint::Embeddings => "/v1/embeddings",
        Endpoint::Rerank => "/v1/rerank",
        Endpoint::Score => "/v1/score",
        Endpoint::Classify => "/classify",
        Endpoint::Pooling => "/pooling",
        Endpoint::Transcriptions => "/v1/audio/transcriptions",
        Endpoint::Translations => "/v1/audio/translations",
        Endpoint::Speech => "/v1/audio/speech",
        Endpoint::Realtime => "/v1/realtime",
        Endpoint::Other => "/v1/unheard-of",
    }
}

impl Spec {
    fn answer(&self, folder: &Path, name: &str, end: End) -> Option<Answer> {
        if self.no_answer {
            return None;
        }
        let head = self.part(folder, name, "head").expect("a head, or `no_answer`");
        let mut body = self.part(folder, name, "body").unwrap_or_default();
        if let Some(at) = self.cut_at {
            assert!(at <= body.len(), "{name}: cut_at {at} is behind the end, {}", body.len());
            body.truncate(at);
        }
        let ended = self.cut_at.is_none() || end == End::Complete;
        Some(Answer { head: Head::read(&head), body, ended })
    }

    /// The file of this case, else that of the case it is like.
    fn part(&self, folder: &Path, name: &str, kind: &str) -> Option<Vec<u8>> {
        let of = |name: &str| fs::read(folder.join(format!("{name}.{kind}"))).ok();
        let mut bytes = of(name).or_else(|| of(self.like.as_deref()?))?;
        for (placeholder, repeat) in &self.repeat {
            bytes = replace(&bytes, placeholder.as_bytes(), &repeat.text.repeat(repeat.times));
        }
        Some(bytes)
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &str) -> Vec<u8> {
    let Some(at) = bytes.windows(from.len()).position(|window| window == from) else {
        return bytes.to_vec();
    };
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// Every case, in the order of their names.
pub(crate) fn every() -> Vec<Case> {
    let mut cases = Vec::new();
    for endpoint in Endpoint::ALL {
        let folder = root().join(endpoint.as_str());
        for entry in fs::read_dir(&folder).unwrap_or_else(|_| panic!("no case of {endpoint}")) {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().ends_with(".case.json") {
                cases.push(Case::read(endpoint, &path));
            }
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "no case in {}", root().display());
    cases
}

/// The folder of the corpus.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}
