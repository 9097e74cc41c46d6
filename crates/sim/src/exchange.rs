//! One request being answered: what all ways of answering share.

mod stream;
mod whole;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::answer::{Script, Setting, Voice};
use crate::ask::{Api, Ask};
use crate::engine::Name;
use crate::error_body;
use crate::fault::{Fault, OVERSIZED_HEAD};
use crate::http_date::unix_seconds;
use crate::plan::Plan;
use crate::recorder::{Ending, Plot, Tracker};
use crate::reply::{Framing, Reply, ReplyHead};
use crate::request::Head;
use crate::socket::{Next, Socket};
use crate::upstream::Shared;

/// A request that was read, and all that its answer needs.
pub(crate) struct Exchange<'a> {
    pub(crate) socket: &'a mut Socket,
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) head: &'a Head,
    pub(crate) tracker: Tracker,
    pub(crate) plan: Plan,
    /// When the request's last byte was read.
    pub(crate) started: Instant,
    /// How much later everything comes.
    pub(crate) head_delay: Option<Duration>,
}

impl Exchange<'_> {
    /// Generates an answer, or refuses as the engine would.
    pub(crate) async fn generate(&mut self, api: Api, body: &[u8]) -> io::Result<Next> {
        let engine = &self.shared.engine;
        let ask = match Ask::read(api, body) {
            Ok(ask) => ask,
            Err(bad) => return self.reply(&error_body::bad_json(engine, api, &bad)).await,
        };
        if let Some(given) = ask.stream_options.as_ref().filter(|_| engine.refuses_stream_options())
        {
            return self.reply(&error_body::stream_options(engine, api, given)).await;
        }
        let model = match self.model(&ask) {
            Ok(model) => model,
            Err(unknown) => {
                let served = &self.shared.models;
                return self.reply(&error_body::unknown_model(engine, api, &unknown, served)).await;
            }
        };
        let setting = Setting {
            engine: engine.clone(),
            id: self.answer_id(),
            created: unix_seconds(),
            model,
            body_length: body.len() as u64,
        };
        let script = Script::new(api, ask, self.plan.clone(), setting);
        self.tracker.generates(Plot {
            input: script.input,
            cached: script.plan.cached_tokens.unwrap_or(0),
            finish: script.finish,
            since: self.started,
        });
        match Voice::of(api).filter(|_| script.ask.stream) {
            Some(voice) => self.stream(&script, voice).await,
            None => self.whole(&script).await,
        }
    }

    /// The model that answers: the one asked for, the first one if none was, or an error.
    fn model(&self, ask: &Ask) -> Result<String, String> {
        let served = &self.shared.models;
        let first = || served.first().map_or_else(|| "unknown".to_owned(), String::clone);
        match &ask.model {
            None => Ok(first()),
            Some(asked) if served.is_empty() || served.contains(asked) => Ok(asked.clone()),
            Some(_) if self.shared.engine.is(Name::LlamaCpp) => Ok(first()),
            Some(asked) => Err(asked.clone()),
        }
    }

    /// vLLM makes a client's request id part of the answer's.
    fn answer_id(&self) -> String {
        match self.head.header("x-request-id").filter(|_| self.shared.engine.is(Name::Vllm)) {
            Some(id) => id.to_owned(),
            None => self.shared.next_id(),
        }
    }

    /// Sends a complete answer.
    pub(crate) async fn reply(&mut self, reply: &Reply) -> io::Result<Next> {
        let next = self.next();
        let with_body = self.head.method != "HEAD";
        let bytes = reply.bytes(&self.shared.engine, next == Next::Close, with_body);
        self.tracker.status(reply.status);
        self.socket.send(&bytes).await?;
        self.tracker.end(Ending::Finished);
        Ok(next)
    }

    /// The head of a generated answer.
    fn ok_head(&self, content_type: &str, framing: Framing) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.plan.fault == Some(Fault::OversizedHead) {
            extra.push(("x-filler", "x".repeat(OVERSIZED_HEAD)));
        }
        let close = framing == Framing::UntilClose || self.next() == Next::Close;
        let engine = &self.shared.engine;
        ReplyHead { engine, status: 200, content_type, framing, close, extra }.bytes()
    }

    /// What the request wants to become of the connection.
    fn next(&self) -> Next {
        if self.head.keeps_alive() { Next::KeepOpen } else { Next::Close }
    }

    /// Ends a good answer.
    fn finished(&mut self) -> Next {
        self.tracker.end(Ending::Finished);
        // Nobody is told about this one.
        if self.plan.fault == Some(Fault::CloseKeepAlive) { Next::Close } else { self.next() }
    }

    /// Waits until `after` has passed since the request, the delay of the head left out.
    async fn wait(&mut self, after: Duration) -> io::Result<()> {
        let due = self.started + self.head_delay.unwrap_or_default() + after;
        self.socket.wait_until(due).await
    }
}
