//! Sending an answer event by event, paced, and breaking it off where the plan says so.

use std::io;
use std::time::Duration;

use super::outbox::Outbox;
use crate::answer::{Kind, Piece, Script, Voice};
use crate::error_body;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frame::{Cargo, Frame};
use crate::reply::{EVENT_STREAM, Framing, head_goes_first};
use crate::socket::Next;

impl Exchange<'_> {
    /// Sends the events of `voice`. `replay` is for those of a stored stream: how many of them are
    /// left out.
    pub(super) async fn stream(
        &mut self,
        script: &Script,
        mut voice: Voice,
        replay: Option<usize>,
    ) -> io::Result<Next> {
        let framing = Framing::open_ended(self.head.minor);
        let is_bare = script.is_bare_audio();
        let content_type = if is_bare { script.ask.audio.content_type } else { EVENT_STREAM };
        let head = self.ok_head(content_type, framing, Vec::new());
        let mut out = Outbox::new(head, framing, script.plan.line_end);
        (out.is_replay, out.skip) = (replay.is_some(), replay.unwrap_or(0));
        out.encoder = self.encoder()?;
        self.tracker.status(200);
        if let Some(next) = script.plan.fault.as_ref().and_then(Fault::after_head) {
            self.flush(&mut out).await?;
            return Ok(self.cut(next));
        }
        let comments = Pace::of(script).comment_every.is_some();
        if comments {
            out.comment()?;
        }
        out.put(voice.early(script))?;
        if head_goes_first(&script.engine) || comments {
            self.flush(&mut out).await?;
        }
        let pieces = script.pieces();
        let fault = script.plan.fault.as_ref().filter(|fault| fault.cuts_after().is_some());
        let cut_at =
            fault.and_then(Fault::cuts_after).map_or(pieces.len(), |k| k.min(pieces.len()));
        self.wait(script.plan.ttft).await?;
        out.put(voice.open(script))?;
        self.send_pieces(script, &mut voice, &pieces[..cut_at], &mut out).await?;
        if let Some(fault) = fault {
            let next = pieces.get(cut_at).map(|piece| voice.piece(script, piece));
            return self.break_off(script, fault, next, out).await;
        }
        out.put(voice.close(script))?;
        out.end()?;
        self.flush(&mut out).await?;
        Ok(self.close_after(framing))
    }

    /// Writes the pieces in their time; the last write is left in the outbox, for whatever
    /// follows shares it.
    async fn send_pieces(
        &mut self,
        script: &Script,
        voice: &mut Voice,
        pieces: &[Piece],
        out: &mut Outbox,
    ) -> io::Result<()> {
        let Pace { ttft, gap, events_per_write, comment_every } = Pace::of(script);
        for (number, group) in (0_u32..).zip(pieces.chunks(events_per_write)) {
            if number > 0 {
                self.flush(out).await?;
                self.wait(ttft + gap.saturating_mul(number)).await?;
            }
            for (index, piece) in (number as usize * events_per_write..).zip(group) {
                if comment_every.is_some_and(|every| index.is_multiple_of(every)) {
                    out.comment()?;
                }
                out.put(voice.piece(script, piece))?;
                out.add_tokens(piece.tokens(), piece.kind == Kind::Reasoning);
            }
        }
        Ok(())
    }

    async fn flush(&mut self, out: &mut Outbox) -> io::Result<()> {
        self.socket.send(&out.bytes).await?;
        out.bytes.clear();
        let cargo = std::mem::take(&mut out.cargo);
        if cargo != Cargo::default() {
            self.tracker.sent(cargo);
        }
        Ok(())
    }

    /// Ends the stream as `fault` says; `next` is the content that would have followed.
    async fn break_off(
        &mut self,
        script: &Script,
        fault: &Fault,
        next: Option<Vec<Frame>>,
        mut out: Outbox,
    ) -> io::Result<Next> {
        match fault {
            Fault::ResetMidEvent { .. } => {
                let none = || match script.is_bare_audio() {
                    true => Frame::bare(vec![0; 16]),
                    false => Frame::data("{\"choices\":[]}"),
                };
                let mut frames = next.unwrap_or_else(|| vec![none()]);
                let half = frames.pop();
                out.put(frames)?;
                half.iter().try_for_each(|frame| out.put_half(frame))?;
                self.flush(&mut out).await?;
                Ok(self.cut(Next::Reset))
            }
            Fault::Stall { .. } => {
                self.flush(&mut out).await?;
                Err(self.socket.wait_for_leave().await)
            }
            // There is no place for an error in bare audio.
            Fault::InBandError { .. } if script.is_bare_audio() => {
                self.flush(&mut out).await?;
                Ok(self.cut(Next::Close))
            }
            Fault::CloseMidStream { .. } => {
                self.flush(&mut out).await?;
                Ok(self.cut(Next::Close))
            }
            _ => {
                if let Fault::InBandError { shape, then_done, .. } = fault {
                    out.put([error_body::in_band(&script.engine, script.api, *shape)])?;
                    out.put(then_done.then(Frame::done))?;
                }
                out.end()?;
                self.flush(&mut out).await?;
                let next =
                    if out.framing == Framing::UntilClose { Next::Close } else { self.next() };
                Ok(self.cut(next))
            }
        }
    }
}

/// The part of the plan that paces a stream.
struct Pace {
    ttft: Duration,
    gap: Duration,
    events_per_write: usize,
    comment_every: Option<usize>,
}

impl Pace {
    fn of(script: &Script) -> Self {
        let plan = &script.plan;
        let comment_every = plan.comment_every.filter(|_| !script.is_bare_audio());
        Self {
            ttft: plan.ttft,
            gap: plan.gap,
            events_per_write: plan.events_per_write.max(1),
            comment_every: comment_every.map(|every| every.max(1)),
        }
    }
}
