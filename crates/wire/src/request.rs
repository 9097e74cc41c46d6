//! What a request says of itself, read while its body passes by, and where usage is asked for.

mod fields;
mod parameters;

use crate::guard::guarded;
use crate::trap::Trap;
use crate::{Addition, Endpoint, Forward, Limits, Policy, RequestHead, UsagePolicy};
use fields::{Field, Fields, TooLong};

pub(crate) use fields::model_in_target;
pub use parameters::Parameters;

const ASK: &[u8] = br#","stream_options":{"include_usage":true}"#;

/// White space that may follow the object while its closing brace is held back.
const TAIL_LIMIT: usize = 4 << 10;

/// What a request says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestFacts {
    /// The model it names. A name of more than [`Limits::model_bytes`] is cut there and ends in
    /// `…`, so that it is longer than any name that is known.
    pub model: Option<String>,
    /// Whether `stream` is literally `true`.
    pub stream: bool,
    /// Whether there is a `stream_options` member, whatever its value.
    pub has_stream_options: bool,
    /// Whether they ask for usage.
    pub include_usage: bool,
    /// Its numbers.
    pub parameters: Parameters,
    /// Whether the answer begins with the prompt (`echo`, completions only).
    pub echo: bool,
}

impl RequestFacts {
    fn read(fields: &Fields, limits: &Limits) -> Self {
        Self {
            model: model(fields, limits.model_bytes),
            stream: fields.is_true(Field::Stream),
            has_stream_options: fields.is_there(Field::StreamOptions),
            include_usage: fields.includes_usage(),
            parameters: Parameters::read(fields),
            echo: fields.is_true(Field::Echo),
        }
    }
}

fn model(fields: &Fields, limit: usize) -> Option<String> {
    let name = match fields.text(Field::Model) {
        Ok(name) => name?,
        Err(TooLong) => "…".repeat(limit / 3 + 1),
    };
    // To vLLM an empty name is none: it takes its default.
    (!name.is_empty()).then(|| cut_name(name, limit))
}

/// Cuts a name so that what is left is longer than any that is known.
pub(crate) fn cut_name(mut name: String, limit: usize) -> String {
    if name.len() > limit {
        name.truncate(name.floor_char_boundary(limit));
        name.push('…');
    }
    name
}

/// The request's body on its way.
#[derive(Debug)]
pub(crate) struct RequestSide {
    fields: Fields,
    limits: Limits,
    by_shape: bool,
    /// The API that the body tells, once that has ended.
    shape: Option<Endpoint>,
    /// Whether this request is one that usage may be asked for.
    may_ask: bool,
    /// Bytes from the closing brace on, held until the end tells whether anything follows.
    tail: Vec<u8>,
    asked: Option<Addition>,
    bytes: u64,
    facts: Option<RequestFacts>,
    invalid: bool,
    /// The meter failed: the body is not read any more.
    failed: bool,
    pub(crate) trap: Trap,
}

impl RequestSide {
    pub(crate) fn new(head: &RequestHead<'_>, policy: Policy) -> Self {
        let limits = policy.limits;
        let fields = Fields::of(head, &limits);
        let asks = head.takes_stream_options() && fields.plain_json().is_some();
        Self {
            fields,
            limits,
            by_shape: head.is_by_shape(),
            shape: None,
            may_ask: asks && policy.usage == UsagePolicy::Exact,
            tail: Vec::new(),
            asked: None,
            bytes: 0,
            facts: None,
            invalid: false,
            failed: false,
            trap: Trap::planted(),
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8], end: bool) -> Forward {
        if self.facts.is_some() && !self.failed {
            // It has ended: these are the same bytes, sent once more.
            return Forward::Unchanged;
        }
        let start = self.bytes;
        self.bytes += chunk.len() as u64;
        if self.failed {
            return Forward::Unchanged;
        }
        if let Some(forward) = guarded(|| self.read(chunk, start, end)) {
            return forward;
        }
        self.failed = true;
        self.forget_asking();
        self.facts = Some(RequestFacts::default());
        let mut out = std::mem::take(&mut self.tail);
        out.extend_from_slice(chunk);
        Forward::Replaced(out)
    }

    /// The body comes once more; one that had not ended is read from its beginning.
    pub(crate) fn restart(&mut self) {
        if self.facts.is_none() {
            self.fields.restart(&self.limits);
            self.tail.clear();
            self.bytes = 0;
        }
    }

    fn read(&mut self, chunk: &[u8], start: u64, end: bool) -> Forward {
        self.trap.step_on(chunk);
        self.fields.push(chunk);
        if end {
            self.invalid = self.bytes > 0 && !self.fields.is_complete();
            self.facts = Some(RequestFacts::read(&self.fields, &self.limits));
            self.shape = self.by_shape.then(|| self.fields.endpoint_by_shape());
        }
        let forward = if self.may_ask || !self.tail.is_empty() {
            self.hold_tail(chunk, start, end)
        } else {
            Forward::Unchanged
        };
        if end {
            self.fields.end();
        }
        forward
    }

    /// Holds the closing brace back until the body has ended, then puts the question before it.
    fn hold_tail(&mut self, chunk: &[u8], start: u64, end: bool) -> Forward {
        let Some(members) = self.fields.plain_json() else { return Forward::Unchanged };
        let Some(brace) = members.end() else { return Forward::Unchanged };
        let is_invalid = members.is_invalid();
        let keep = usize::try_from(brace.saturating_sub(start)).unwrap_or(chunk.len());
        let keep = if self.tail.is_empty() { keep.min(chunk.len()) } else { 0 };
        let back = &chunk[keep..];
        // All members are known now: what follows can only forbid to ask.
        let is_long = self.tail.len() + back.len() > TAIL_LIMIT;
        self.may_ask &= !is_invalid && !is_long && self.wants_usage();
        if self.may_ask && !end {
            self.tail.extend_from_slice(back);
            return Forward::spliced(keep, Vec::new(), chunk);
        }
        let question = if self.may_ask { ASK } else { &[] };
        self.asked = self.may_ask.then_some(Addition { at: brace as usize, bytes: ASK });
        let tail = std::mem::take(&mut self.tail);
        if question.is_empty() && tail.is_empty() {
            return Forward::Unchanged;
        }
        Forward::spliced(keep, [question, &tail, back].concat(), chunk)
    }

    fn wants_usage(&self) -> bool {
        let is_asked_for =
            self.fields.is_true(Field::Stream) && !self.fields.is_there(Field::StreamOptions);
        // Of what `/invocations` takes, chat and completions have stream options.
        let takes_it = || self.fields.endpoint_by_shape().has_stream_options();
        is_asked_for && (!self.by_shape || takes_it())
    }

    /// Whether the body tells the API.
    pub(crate) fn is_by_shape(&self) -> bool {
        self.by_shape
    }

    /// The API that the body tells, where the path leaves it open and the body has ended.
    pub(crate) fn endpoint_by_shape(&self) -> Option<Endpoint> {
        self.shape.filter(|_| !self.failed)
    }

    /// Whether usage can still be asked for, so that the body may grow.
    pub(crate) fn may_ask(&self) -> bool {
        self.may_ask && self.facts.is_none()
    }

    pub(crate) fn asked(&self) -> bool {
        self.asked.is_some()
    }

    /// The question for usage, if it was put.
    pub(crate) fn addition(&self) -> Option<Addition> {
        self.asked
    }

    pub(crate) fn forget_asking(&mut self) {
        self.asked = None;
        self.may_ask = false;
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The facts, once the body has ended.
    pub(crate) fn facts(&self) -> Option<&RequestFacts> {
        self.facts.as_ref()
    }

    /// The model that the body has named so far, which a later member may overrule.
    pub(crate) fn model_so_far(&self) -> Option<String> {
        match &self.facts {
            Some(facts) => facts.model.clone(),
            None => model(&self.fields, self.limits.model_bytes),
        }
    }

    /// Whether the meter failed on the body.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether the body was neither a JSON object nor a form.
    pub(crate) fn is_invalid(&self) -> bool {
        self.invalid
    }

    /// Whether the body is compressed in a way that can't be undone.
    pub(crate) fn is_encoded(&self) -> bool {
        self.fields.is_encoded()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the upstream gets, with the body cut in pieces of `size` bytes.
    fn forwarded(body: &str, size: usize) -> (String, RequestSide) {
        let head = RequestHead::json(Endpoint::ChatCompletions);
        let mut side = RequestSide::new(&head, Policy::exact());
        let mut out = Vec::new();
        let pieces: Vec<_> = body.as_bytes().chunks(size).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let forward = side.push(piece, index + 1 == pieces.len());
            out.extend_from_slice(&forward.bytes(piece));
        }
        (String::from_utf8(out).unwrap(), side)
    }

    fn check(body: &str, expected: &str) {
        for size in 1..=body.len() {
            let (out, side) = forwarded(body, size);
            assert_eq!(out, expected, "in pieces of {size}");
            assert_eq!(side.asked(), body != expected);
            assert_eq!(side.bytes(), body.len() as u64);
            assert!(!side.may_ask(), "its length is known");
        }
    }

    #[test]
    fn usage_is_asked_for_before_the_closing_brace() {
        check(
            r#"{"model":"a","stream":true}"#,
            r#"{"model":"a","stream":true,"stream_options":{"include_usage":true}}"#,
        );
        check(
            "{\"stream\" : true ,\"messages\":[{\"a\":\"}\"}] } \r\n",
            "{\"stream\" : true ,\"messages\":[{\"a\":\"}\"}] ,\"stream_options\":{\"include_usage\":true}} \r\n",
        );
    }

    #[test]
    fn what_says_otherwise_stays_as_it_is() {
        for body in [
            r#"{"model":"a"}"#,
            r#"{"model":"a","stream":false}"#,
            r#"{"model":"a","stream":1}"#,
            r#"{"model":"a","stream":"true"}"#,
            r#"{"stream":true,"stream_options":null}"#,
            r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
            r#"{"stream":true,"stream":false}"#,
            r#"{"messages":["\"stream\":true"]}"#,
            r#"{"stream":true} x"#,
            r#"{"stream":true}}"#,
            r#"{"stream":true"#,
            r#"[{"stream":true}]"#,
            "not json",
        ] {
            check(body, body);
        }
    }

    #[test]
    fn endless_white_space_is_not_held() {
        let body = format!("{{\"stream\":true}}{}", " ".repeat(10_000));
        let (out, side) = forwarded(&body, 100);
        assert_eq!(out, body);
        assert!(!side.asked() && side.tail.is_empty());
    }

    #[test]
    fn facts_come_from_anywhere_in_the_body() {
        let body = format!(
            r#"{{"messages":"{}","n":2,"max_tokens":5,"max_completion_tokens":7,"model":"x\n\"y","echo":true}}"#,
            "p".repeat(1 << 20)
        );
        let (_, side) = forwarded(&body, 65_536);
        let facts = side.facts().unwrap();
        assert_eq!(facts.model.as_deref(), Some("x\n\"y"));
        let Parameters { choices, max_tokens, .. } = facts.parameters;
        assert_eq!((choices, max_tokens, facts.echo), (Some(2), Some(7), true));
        assert!(!facts.stream && !side.is_invalid());
    }

    #[test]
    fn parameters_are_numbers_or_nothing() {
        let body = r#"{"temperature":0.7,"top_p":1,"top_k":-1,"frequency_penalty":-2e0,"seed":-9}"#;
        let (_, side) = forwarded(body, 3);
        let expected = Parameters {
            temperature: Some(0.7),
            top_p: Some(1.0),
            top_k: Some(-1.0),
            frequency_penalty: Some(-2.0),
            seed: Some(-9),
            ..Parameters::default()
        };
        assert_eq!(side.facts().unwrap().parameters, expected);
        let long = format!(r#"{{"temperature":0.{}}}"#, "1".repeat(100));
        for body in [
            r#"{"temperature":"0.7","top_p":null,"top_k":[1],"seed":1.5,"presence_penalty":true}"#,
            r#"{"temperature":1e999,"top_p":NaN,"seed":18446744073709551615,"n":-1}"#,
            r#"{"messages":[{"temperature":1,"seed":2}],"extra_body":{"top_k":3}}"#,
            &long,
        ] {
            let (_, side) = forwarded(body, 5);
            assert_eq!(side.facts().unwrap().parameters, Parameters::default(), "{body}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_marked() {
        for length in [257, 5_000, 1 << 20] {
            let (_, side) = forwarded(&format!(r#"{{"model":"{}"}}"#, "m".repeat(length)), 4096);
            let model = side.facts().unwrap().model.clone().unwrap();
            assert!(model.len() > 256 && model.len() < 300 && model.ends_with('…'), "{length}");
        }
    }
}
