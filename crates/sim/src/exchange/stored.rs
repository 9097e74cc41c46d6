//! `GET /v1/responses/{id}`: a stored response, whole or as its events once more.

use std::io;

use crate::answer::responses::{queued, whole};
use crate::answer::{Script, Voice};
use crate::error_body;
use crate::exchange::Exchange;
use crate::frame::Cargo;
use crate::plan::Plan;
use crate::reply::Reply;
use crate::socket::Next;
use crate::stored::Stored;

impl Exchange<'_> {
    /// Nothing of it is generated for this request: it books no tokens, only the usage told.
    pub(crate) async fn stored(&mut self, id: &str) -> io::Result<Next> {
        let engine = &self.shared.engine;
        let Some(stored) = self.shared.stored.get(id) else {
            return self.reply(&error_body::unknown_response(engine, id)).await;
        };
        if self.head.query("stream").is_some_and(|stream| matches!(stream, "true" | "1")) {
            return self.replay(&stored).await;
        }
        if !stored.is_complete() {
            return self.reply(&Reply::json(200, queued(&stored.script))).await;
        }
        let usage = Some(stored.script.usage());
        self.tracker.sent(Cargo { usage, ..Cargo::default() });
        self.reply(&Reply::json(200, whole(&stored.script))).await
    }

    /// The stored events at the pace of their making, with the faults of this request's plan.
    async fn replay(&mut self, stored: &Stored) -> io::Result<Next> {
        let plan = Plan {
            fault: self.plan.fault.clone(),
            events_per_write: self.plan.events_per_write,
            ..stored.script.plan.clone()
        };
        let mut ask = stored.script.ask.clone();
        ask.stream = true;
        let script = Script { plan, ask, ..Script::clone(&stored.script) };
        let after = self.head.query("starting_after").and_then(|number| number.parse().ok());
        let skip = after.map_or(0, |number: usize| number.saturating_add(1));
        self.started = stored.since;
        match Voice::of(&script) {
            Some(voice) => self.stream(&script, voice, Some(skip)).await,
            None => self.reply(&error_body::not_found()).await,
        }
    }
}
