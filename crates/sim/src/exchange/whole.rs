//! Sending an answer in one piece.

use std::io;

use crate::answer::{Script, whole};
use crate::error_body;
use crate::exchange::Exchange;
use crate::fault::{BodyFlavour, Fault};
use crate::frame::Cargo;
use crate::reply::{Framing, JSON, LAST_CHUNK};
use crate::socket::Next;

impl Exchange<'_> {
    pub(super) async fn whole(&mut self, script: &Script) -> io::Result<Next> {
        let steps = script.pieces().len().div_ceil(script.plan.events_per_write.max(1));
        let gaps = u32::try_from(steps.saturating_sub(1)).unwrap_or(u32::MAX);
        self.wait(script.plan.ttft + script.plan.gap.saturating_mul(gaps)).await?;
        if let Some(Fault::InBandError { .. }) = script.plan.fault {
            let flavour = BodyFlavour::Engine;
            let reply = error_body::refusal(&script.engine, script.api, 500, &flavour);
            return self.reply(&reply).await;
        }
        let mut body = whole(script).into_bytes();
        if let Some(Fault::EndWithoutFinish { .. }) = script.plan.fault {
            body.truncate(body.len() / 2);
        }
        let framing = match script.plan.chunked {
            true => Framing::open_ended(self.head.minor),
            false => Framing::Length(body.len()),
        };
        self.tracker.status(200);
        let mut bytes = self.ok_head(JSON, framing);
        if let Some(next) = self.break_off_whole(script, &bytes, &body).await? {
            return Ok(next);
        }
        framing.put(&mut bytes, &body);
        if framing == Framing::Chunked {
            bytes.extend_from_slice(LAST_CHUNK);
        }
        self.socket.send(&bytes).await?;
        if let Some(Fault::EndWithoutFinish { .. }) = script.plan.fault {
            let next = self.next();
            return Ok(self.cut(next));
        }
        self.tracker.sent(cargo(script));
        Ok(self.close_after(framing))
    }

    /// The faults that end it in the middle of the body.
    async fn break_off_whole(
        &mut self,
        script: &Script,
        head: &[u8],
        body: &[u8],
    ) -> io::Result<Option<Next>> {
        let half = match script.plan.fault {
            Some(Fault::ResetAfterHead) => &[],
            Some(
                Fault::ResetMidEvent { .. } | Fault::CloseMidStream { .. } | Fault::Stall { .. },
            ) => &body[..body.len() / 2],
            _ => return Ok(None),
        };
        let mut bytes = head.to_vec();
        match script.plan.chunked {
            // A chunk that promises more than comes.
            true => {
                bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                bytes.extend_from_slice(half);
            }
            false => bytes.extend_from_slice(half),
        }
        self.socket.send(&bytes).await?;
        match script.plan.fault {
            Some(Fault::Stall { .. }) => Err(self.socket.wait_for_leave().await),
            Some(Fault::CloseMidStream { .. }) => Ok(Some(self.cut(Next::Close))),
            _ => Ok(Some(self.cut(Next::Reset))),
        }
    }

    /// Ends a good answer; without framing, the connection's end is the body's.
    pub(super) fn close_after(&mut self, framing: Framing) -> Next {
        let next = self.finished();
        if framing == Framing::UntilClose { Next::Close } else { next }
    }
}

fn cargo(script: &Script) -> Cargo {
    let choices = script.ask.choices;
    Cargo {
        content_events: 0,
        output_tokens: (script.output * choices) as u64,
        reasoning_tokens: (script.reasoning * choices) as u64,
        usage: Some(script.usage()),
    }
}
