//! Sending an answer event by event, paced, and breaking it off where the plan says so.

use std::io;
use std::time::Duration;

use crate::answer::{Kind, Piece, Script, Voice};
use crate::error_body;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frame::{Cargo, Frame};
use crate::plan::LineEnd;
use crate::reply::{EVENT_STREAM, Framing, LAST_CHUNK, head_goes_first};
use crate::socket::Next;

/// Bytes that wait for the next write, and what they carry.
struct Outbox {
    framing: Framing,
    line_end: LineEnd,
    bytes: Vec<u8>,
    cargo: Cargo,
}

impl Outbox {
    fn put(&mut self, frames: impl IntoIterator<Item = Frame>) {
        for frame in frames {
            self.framing.put(&mut self.bytes, &frame.bytes(self.line_end));
            self.cargo.add(&frame);
        }
    }

    fn comment(&mut self) {
        let end = self.line_end.as_str();
        self.framing.put(&mut self.bytes, format!(": keep-alive{end}{end}").as_bytes());
    }

    /// The first half of an event: a chunk that promises more than comes.
    fn put_half(&mut self, frame: &Frame) {
        let event = frame.bytes(self.line_end);
        let mut whole = Vec::new();
        self.framing.put(&mut whole, &event);
        self.bytes.extend_from_slice(&whole[..whole.len() / 2]);
    }

    fn end(&mut self) {
        if self.framing == Framing::Chunked {
            self.bytes.extend_from_slice(LAST_CHUNK);
        }
    }
}

impl Exchange<'_> {
    pub(super) async fn stream(&mut self, script: &Script, mut voice: Voice) -> io::Result<Next> {
        let framing = Framing::open_ended(self.head.minor);
        let line_end = script.plan.line_end;
        let bytes = self.ok_head(EVENT_STREAM, framing);
        let mut out = Outbox { framing, line_end, bytes, cargo: Cargo::default() };
        self.tracker.status(200);
        if script.plan.fault == Some(Fault::ResetAfterHead) {
            self.flush(&mut out).await?;
            return Ok(self.cut(Next::Reset));
        }
        if script.plan.comment_every.is_some() {
            out.comment();
        }
        out.put(voice.early(script));
        if head_goes_first(&script.engine) || script.plan.comment_every.is_some() {
            self.flush(&mut out).await?;
        }
        let pieces = script.pieces();
        let fault = script.plan.fault.as_ref().filter(|fault| fault.cuts_after().is_some());
        let cut_at =
            fault.and_then(Fault::cuts_after).map_or(pieces.len(), |k| k.min(pieces.len()));
        self.wait(script.plan.ttft).await?;
        out.put(voice.open(script));
        self.send_pieces(script, &mut voice, &pieces[..cut_at], &mut out).await?;
        if let Some(fault) = fault {
            let next = pieces.get(cut_at).map(|piece| voice.piece(script, piece));
            return self.break_off(script, fault, next, out).await;
        }
        out.put(voice.close(script));
        out.end();
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
                    out.comment();
                }
                out.put(voice.piece(script, piece));
                out.cargo.add_tokens(piece.tokens(), piece.kind == Kind::Reasoning);
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
                let mut frames = next.unwrap_or_else(|| vec![Frame::data("{\"choices\":[]}")]);
                let half = frames.pop();
                out.put(frames);
                half.iter().for_each(|frame| out.put_half(frame));
                self.flush(&mut out).await?;
                Ok(self.cut(Next::Reset))
            }
            Fault::Stall { .. } => {
                self.flush(&mut out).await?;
                Err(self.socket.wait_for_leave().await)
            }
            Fault::CloseMidStream { .. } => {
                self.flush(&mut out).await?;
                Ok(self.cut(Next::Close))
            }
            _ => {
                if let Fault::InBandError { shape, then_done, .. } = fault {
                    out.put([error_body::in_band(&script.engine, script.api, *shape)]);
                    out.put(then_done.then(Frame::done));
                }
                out.end();
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
        Self {
            ttft: plan.ttft,
            gap: plan.gap,
            events_per_write: plan.events_per_write.max(1),
            comment_every: plan.comment_every.map(|every| every.max(1)),
        }
    }
}
