//! One request being answered: what all ways of answering share.

mod generate;
mod outbox;
mod realtime;
mod stored;
mod stream;
mod whole;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::coding::{Coding, Encoder};
use crate::fault::{Fault, OVERSIZED_HEAD};
use crate::plan::Plan;
use crate::recorder::{Ending, Tracker};
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
    /// Sends a complete answer.
    pub(crate) async fn reply(&mut self, reply: &Reply) -> io::Result<Next> {
        let next = self.next();
        let with_body = self.head.method != "HEAD";
        let coding = self.coding().filter(|_| !reply.body.is_empty());
        let reply = match coding {
            Some(coding) => &reply.coded(coding)?,
            None => reply,
        };
        let bytes = reply.bytes(&self.shared.engine, next == Next::Close, with_body);
        self.tracker.status(reply.status);
        self.socket.send(&bytes).await?;
        self.tracker.end(Ending::Finished);
        Ok(next)
    }

    /// The coding of this answer: the plan's, or the engine's, if the request accepts it.
    fn coding(&self) -> Option<Coding> {
        let accepted = self.head.header("accept-encoding").unwrap_or_default();
        let engines = self.shared.engine.coding();
        self.plan.coding.or_else(|| engines.filter(|coding| coding.is_accepted_by(accepted)))
    }

    /// The encoder of an answer in pieces.
    fn encoder(&self) -> io::Result<Option<Encoder>> {
        self.coding().map(Encoder::new).transpose()
    }

    /// The head of a generated answer.
    fn ok_head(
        &self,
        content_type: &str,
        framing: Framing,
        mut extra: Vec<(&'static str, String)>,
    ) -> Vec<u8> {
        extra.extend(self.coding().map(|coding| ("content-encoding", coding.as_str().to_owned())));
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
