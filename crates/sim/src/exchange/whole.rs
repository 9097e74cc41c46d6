//! Sending an answer in one piece.

use std::io;

use crate::answer::{Script, Whole, whole};
use crate::error_body;
use crate::exchange::Exchange;
use crate::fault::{BodyFlavour, Fault};
use crate::frame::Cargo;
use crate::reply::{Framing, LAST_CHUNK};
use crate::socket::Next;

impl Exchange<'_> {
    pub(super) async fn whole(&mut self, script: &Script) -> io::Result<Next> {
        self.wait(script.duration()).await?;
        if let Some(Fault::InBandError { .. }) = script.plan.fault {
            let flavour = BodyFlavour::Engine;
            let reply = error_body::refusal(&script.engine, script.api, 500, &flavour);
            return self.reply(&reply).await;
        }
        let Whole { content_type, mut body, headers, chunked, usage, audio_seconds } =
            whole(script);
        if let Some(Fault::EndWithoutFinish { .. }) = script.plan.fault {
            body.truncate(body.len() / 2);
        }
        if let Some(coding) = self.coding() {
            body = coding.encode(&body)?;
        }
        let framing = match script.plan.chunked || chunked {
            true => Framing::open_ended(self.head.minor),
            false => Framing::Length(body.len()),
        };
        self.tracker.status(200);
        let mut bytes = self.ok_head(content_type, framing, headers);
        if let Some(next) = self.break_off_whole(script, framing, &bytes, &body).await? {
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
        let choices = script.ask.choices;
        self.tracker.sent(Cargo {
            content_events: 0,
            output_tokens: (script.output * choices) as u64,
            reasoning_tokens: (script.reasoning * choices) as u64,
            usage,
            audio_seconds,
        });
        Ok(self.close_after(framing))
    }

    /// The faults that end it in the middle of the body.
    async fn break_off_whole(
        &mut self,
        script: &Script,
        framing: Framing,
        head: &[u8],
        body: &[u8],
    ) -> io::Result<Option<Next>> {
        let half = match script.plan.fault {
            Some(Fault::ResetAfterHead | Fault::CloseAfterHead) => &[],
            Some(
                Fault::ResetMidEvent { .. } | Fault::CloseMidStream { .. } | Fault::Stall { .. },
            ) => &body[..body.len() / 2],
            _ => return Ok(None),
        };
        let mut bytes = head.to_vec();
        if framing == Framing::Chunked {
            // A chunk that promises more than comes.
            bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(half);
        self.socket.send(&bytes).await?;
        match script.plan.fault {
            Some(Fault::Stall { .. }) => Err(self.socket.wait_for_leave().await),
            Some(Fault::CloseMidStream { .. } | Fault::CloseAfterHead) => {
                Ok(Some(self.cut(Next::Close)))
            }
            _ => Ok(Some(self.cut(Next::Reset))),
        }
    }

    /// Ends a good answer; without framing, the connection's end is the body's.
    pub(super) fn close_after(&mut self, framing: Framing) -> Next {
        let next = self.finished();
        if framing == Framing::UntilClose { Next::Close } else { next }
    }
}
