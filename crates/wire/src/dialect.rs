//! What an event or a body means, dialect by dialect.

mod audio;
mod choices;
mod generic;
mod messages;
pub(crate) mod pooled;
pub(crate) mod realtime;
mod responses;

use std::borrow::Cow;
use std::time::Duration;

use serde::de::MapAccess;

use crate::lenient::{Filled, Maybe, Object, Text, skip};
use crate::members::Members;
use crate::spans;
use crate::usage::Usage;
use crate::wanted::{Found, Wanted};
use crate::{Endpoint, EngineReport};

/// What one event, or a whole body, says.
#[derive(Debug, Default)]
pub(crate) struct Reading<'a> {
    /// It carries generated content that is reasoning.
    pub(crate) reasoning: bool,
    /// It carries generated content that is not reasoning: text, refusal, a tool call.
    pub(crate) answer: bool,
    /// Tool calls that are named here.
    pub(crate) calls: Vec<Call>,
    /// Choices that it speaks of, counted from the highest index.
    pub(crate) choices: u64,
    pub(crate) finish: Option<Cow<'a, str>>,
    /// The choices that finish here, a bit each (the first 64); other dialects have one, and need
    /// not say so.
    pub(crate) finishes: u64,
    /// The dialect's last event.
    pub(crate) terminal: bool,
    /// It is an error.
    pub(crate) error: bool,
    pub(crate) usage: Maybe<Usage>,
    pub(crate) model: Option<Cow<'a, str>>,
    /// The answer's own name.
    pub(crate) id: Option<Cow<'a, str>>,
    /// Apart from usage it says nothing: a client that did not ask for usage would not be sent it.
    pub(crate) bare: bool,
    /// The engine's own times.
    pub(crate) engine: Option<Box<EngineReport>>,
    pub(crate) fingerprint: Option<Cow<'a, str>>,
    /// Length of the audio that was heard, where it stands outside of usage.
    pub(crate) audio: Option<Duration>,
}

/// A tool call that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) choice: u64,
    /// Its place among the calls of its choice; vLLM 0.6 names a call in each of its events.
    pub(crate) index: Option<u64>,
}

impl Call {
    /// One that is named but once.
    const NEW: Self = Self { choice: 0, index: None };

    fn of_choice(self, choice: u64) -> Self {
        Self { choice, ..self }
    }
}

impl Reading<'_> {
    /// The same for longer than what was read is there; `None` where a name is so long that it would not have been
    /// kept.
    fn owned(self) -> Option<Reading<'static>> {
        let own = |text: Option<Cow<'_, str>>, most: Wanted| match text {
            // Written as `\u0061`, they would take six times as much.
            Some(text) if text.len() > most.limit / 6 => Err(()),
            text => Ok(text.map(|text| Cow::Owned(text.into_owned()))),
        };
        Some(Reading {
            finish: own(self.finish, ID).ok()?,
            model: own(self.model, MODEL).ok()?,
            id: own(self.id, ID).ok()?,
            fingerprint: own(self.fingerprint, ID).ok()?,
            ..self
        })
    }
}

/// Generated content, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) reasoning: bool,
    pub(crate) answer: bool,
}

impl Content {
    pub(crate) fn is_some(self) -> bool {
        self.reasoning || self.answer
    }
}

impl Reading<'_> {
    pub(crate) fn content(&self) -> Content {
        Content { reasoning: self.reasoning, answer: self.answer }
    }

    pub(crate) fn has_content(&self) -> bool {
        self.content().is_some()
    }

    /// The content of an event that says no more than that there is some, if any: once it has been
    /// taken down, taking it down again changes nothing but times.
    pub(crate) fn repeats(&self) -> Option<Content> {
        let usage_repeats = match &self.usage {
            Maybe::Absent | Maybe::Other => true,
            // LiteLLM's zeros, on an event that is passed on for its content.
            Maybe::Object(usage) => usage.is_blank() && self.has_content(),
        };
        let says_more = self.terminal
            || self.error
            || self.finish.is_some()
            || self.finishes != 0
            || !self.calls.is_empty()
            || self.engine.is_some()
            || self.audio.is_some();
        (usage_repeats && !says_more).then(|| self.content())
    }
}

/// The data was not JSON of the shape that the dialect speaks.
#[derive(Debug)]
pub(crate) struct Malformed;

/// Reads the JSON of an event. Its text is checked once as a whole, not string by string.
fn json<'a, T: serde::Deserialize<'a>>(data: &'a [u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(data).map_err(|_| Malformed)?;
    serde_json::from_str(text).map_err(|_| Malformed)
}

/// A family of endpoints whose answers read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI chat completions and completions: `choices`.
    Choices {
        /// The prompt is repeated and nothing is generated (`echo` with `max_tokens: 0`).
        echo_only: bool,
    },
    /// OpenAI responses.
    Responses,
    /// Anthropic messages.
    Messages,
    /// Transcriptions, translations and speech.
    Audio,
    /// One object, and nothing generated: embeddings, rerank, score, classify, pooling.
    Pooled,
    /// An API that is not known.
    Generic,
}

impl Dialect {
    pub(crate) fn of(endpoint: Endpoint, echo_only: bool) -> Option<Self> {
        match endpoint {
            Endpoint::ChatCompletions | Endpoint::Completions => Some(Self::Choices { echo_only }),
            Endpoint::Responses => Some(Self::Responses),
            Endpoint::Messages => Some(Self::Messages),
            Endpoint::Transcriptions | Endpoint::Translations | Endpoint::Speech => {
                Some(Self::Audio)
            }
            Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::Score
            | Endpoint::Classify
            | Endpoint::Pooling => Some(Self::Pooled),
            Endpoint::Other => Some(Self::Generic),
            // The messages of a WebSocket are read by `realtime`.
            Endpoint::Realtime => None,
        }
    }

    /// Whether there are good answers that are no JSON: subtitles, sound, bare vectors.
    pub(crate) fn has_opaque_bodies(self) -> bool {
        matches!(self, Self::Audio | Self::Pooled | Self::Generic)
    }

    /// Reads one event of a stream.
    pub(crate) fn read_event<'a>(
        self,
        name: &[u8],
        data: &'a [u8],
    ) -> Result<Reading<'a>, Malformed> {
        // OpenAI's last word; vLLM 0.11.1 to 0.18 and LiteLLM add it to other dialects too.
        if data.trim_ascii() == b"[DONE]" {
            let terminal = matches!(self, Self::Choices { .. } | Self::Audio);
            return Ok(Reading { terminal, ..Reading::default() });
        }
        match self {
            Self::Choices { echo_only } => choices::event(data, echo_only),
            Self::Responses => responses::event(name, data),
            Self::Messages => messages::event(name, data),
            Self::Audio => audio::event(name, data),
            Self::Pooled => Ok(Reading::default()),
            Self::Generic => generic::event(data),
        }
    }

    /// Members, at whatever depth, of whose text [`Self::read_event`] wants to know no more than whether
    /// there is any, and of whose number nothing: events that differ in these only are not parsed. What
    /// is to be read from one of them some day must be taken out here.
    pub(crate) fn open_members(self) -> &'static [&'static str] {
        match self {
            Self::Choices { .. } => choices::OPEN,
            Self::Responses => responses::OPEN,
            Self::Messages => messages::OPEN,
            Self::Audio => audio::OPEN,
            Self::Generic => generic::OPEN,
            Self::Pooled => &[],
        }
    }

    /// The members of a body that [`Self::read_body`] needs.
    pub(crate) fn body_members(self) -> &'static [Wanted] {
        match self {
            Self::Choices { .. } => choices::BODY,
            Self::Responses => responses::BODY,
            Self::Messages => messages::BODY,
            Self::Audio => audio::BODY,
            Self::Pooled => pooled::BODY,
            Self::Generic => generic::BODY,
        }
    }

    /// Reads a body that is here in one piece; `None` where it is not, or has to be read member by member: it is no
    /// good JSON, or names in it are longer than is kept.
    pub(crate) fn read_whole_body(self, body: &[u8]) -> Option<Box<Reading<'static>>> {
        /// As much as comes in one piece of a socket.
        const LONGEST: usize = 64 << 10;
        let Self::Choices { .. } = self else { return None };
        if body.len() > LONGEST || body.trim_ascii_end().last() != Some(&b'}') {
            return None;
        }
        choices::whole(body)?.owned().map(Box::new)
    }

    /// Reads a whole body.
    pub(crate) fn read_body(self, members: &Members) -> Reading<'_> {
        let mut reading = match self {
            Self::Choices { .. } => choices::body(members),
            Self::Responses => responses::body(members),
            Self::Messages => messages::body(members),
            Self::Audio => audio::body(members),
            Self::Pooled => pooled::body(members),
            Self::Generic => Reading::default(),
        };
        if reading.usage == Maybe::Absent {
            reading.usage = member(members, "usage").unwrap_or(Maybe::Other);
        }
        reading.model = text(members, "model");
        reading.id = text(members, "id");
        reading.error |= is_error(members);
        reading
    }
}

/// What stands round an answer inside an event: Anthropic's `message`, OpenAI's `response`.
#[derive(Default)]
struct Envelope<'de> {
    model: Text<'de>,
    id: Text<'de>,
    status: Text<'de>,
    usage: Maybe<Usage>,
    report: Maybe<EngineReport>,
}

impl<'de> Object<'de> for Envelope<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.model = map.next_value()?,
            "id" => self.id = map.next_value()?,
            "status" => self.status = map.next_value()?,
            "usage" => self.usage = map.next_value()?,
            "metrics" => self.report = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// A part of an answer of which only the type matters: a content block, an output item.
#[derive(Default)]
struct Typed<'de> {
    kind: Text<'de>,
}

impl<'de> Object<'de> for Typed<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

const MODEL: Wanted = Wanted { name: "model", limit: 8 << 10 };
const ID: Wanted = Wanted { name: "id", limit: 1 << 10 };
const USAGE: Wanted = Wanted { name: "usage", limit: 64 << 10 };
const ERROR: Wanted = Wanted { name: "error", limit: 64 << 10 };
const METRICS: Wanted = Wanted { name: "metrics", limit: 4 << 10 };
const TIMINGS: Wanted = Wanted { name: "timings", limit: 4 << 10 };
const OBJECT: Wanted = Wanted { name: "object", limit: 256 };

/// A member of the body, absent where it is not there; `None` where it can't be read.
fn member<'a, T: Default + serde::Deserialize<'a>>(members: &'a Members, name: &str) -> Option<T> {
    let found = members.get(name);
    if found.is_absent() {
        return Some(T::default());
    }
    spans::read(found.value()?).ok()
}

fn text<'a>(members: &'a Members, name: &str) -> Option<Cow<'a, str>> {
    member::<Text<'a>>(members, name).and_then(|text| text.0)
}

/// The engine's own times: vLLM's `metrics`, llama.cpp's `timings`.
fn report(members: &Members) -> Option<Box<EngineReport>> {
    let report = |name| member::<Maybe<EngineReport>>(members, name)?.object();
    report("metrics").or_else(|| report("timings")).map(Box::new)
}

/// An error inside a 200: an `error` with something in it, or the flat object of vLLM up to
/// 0.10.0, `{"object":"error",…}`.
fn is_error(members: &Members) -> bool {
    let error = members.get("error") == Found::TooLarge
        || member::<Filled>(members, "error").is_some_and(|error| error.0);
    error || members.get("object").value() == Some(br#""error""#)
}
