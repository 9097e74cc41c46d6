//! When clients leave, and what comes of it, in whichever way they do: a table of FAULTS.md.

/// A moment at which a client leaves.
pub(crate) struct Stage {
    /// When, in words.
    pub(crate) words: &'static str,
    pub(crate) outcome: &'static str,
    /// The `source` of the tokens that count as produced for nobody, if any do.
    pub(crate) abandoned: Option<&'static str>,
}

impl Stage {
    const fn new(words: &'static str, outcome: &'static str) -> Self {
        Self { words, outcome, abandoned: None }
    }

    const fn abandoning(self, source: &'static str) -> Self {
        Self { abandoned: Some(source), ..self }
    }
}

const BEFORE: &str = "client_closed_before_first_token";
const MIDWAY: &str = "client_closed_mid_stream";

pub(crate) const BODY: Stage = Stage::new("before all of its request has been sent", BEFORE);
pub(crate) const ROUTE: Stage = Stage::new("before the route of its request is found", BEFORE);
pub(crate) const HEAD: Stage = Stage::new("before the answer's head", BEFORE);
pub(crate) const TOKEN: Stage = Stage::new("before the first token", BEFORE);
pub(crate) const PART: Stage =
    Stage::new("in the middle of an answer that is not streamed", MIDWAY);
pub(crate) const EVENT: Stage =
    Stage::new("in the middle of an event", MIDWAY).abandoning("estimated");
pub(crate) const STREAM: Stage =
    Stage::new("between two events of a stream", MIDWAY).abandoning("estimated");
pub(crate) const FINISH: Stage =
    Stage::new("after the finish reason", "client_closed_after_finish");
pub(crate) const END: Stage = Stage::new("after the end of the answer", "success");

/// All of them, in the order in which they come.
pub(crate) const STAGES: [&Stage; 9] =
    [&BODY, &ROUTE, &HEAD, &TOKEN, &PART, &EVENT, &STREAM, &FINISH, &END];
