//! One answer of a session: paced, booked, and broken off where the plan says so.

use std::io;

use tokio::time::Instant;

use super::Session;
use crate::answer::{Piece, Script};
use crate::api::Api;
use crate::ask::Ask;
use crate::fault::Fault;
use crate::frame::Cargo;
use crate::recorder::Plot;
use crate::socket::Next;
use crate::websocket::{PING, close, frame};

impl Session<'_, '_> {
    /// Answers what was said since the last time. Returns what becomes of the connection, if it is
    /// over then.
    pub(super) async fn turn(&mut self) -> io::Result<Option<Next>> {
        let model = self.model.clone().unwrap_or_default();
        let ask = Ask { model: Some(model.clone()), stream: true, choices: 1, ..Ask::default() };
        let said = std::mem::take(&mut self.since_answer);
        let script = self.exchange.script(Api::Realtime, ask, model, said);
        let started = Instant::now();
        self.exchange.tracker.generates(Plot::of(&script, started));
        if let Some(open) = self.dialect.open(&script) {
            self.send(&open).await?;
        }
        let pieces = script.pieces();
        let fault = script.plan.fault.clone().filter(|fault| fault.cuts_after().is_some());
        let cut_at = fault.as_ref().and_then(Fault::cuts_after).unwrap_or(usize::MAX);
        let (now, left) = pieces.split_at(cut_at.min(pieces.len()));
        if let Some(next) = self.send_pieces(&script, now, started).await? {
            return Ok(Some(next));
        }
        if let Some(fault) = fault {
            return self.break_off(&script, &fault, left.first()).await;
        }
        for text in self.dialect.close(&script) {
            self.send(&text).await?;
        }
        let usage = Some(self.dialect.usage(&script));
        self.exchange.tracker.sent(Cargo { usage, ..Cargo::default() });
        Ok(None)
    }

    async fn send_pieces(
        &mut self,
        script: &Script,
        pieces: &[Piece],
        started: Instant,
    ) -> io::Result<Option<Next>> {
        let plan = &script.plan;
        let comment_every = plan.comment_every.map(|every| every.max(1));
        let mut index = 0;
        for (number, group) in (0_u32..).zip(pieces.chunks(plan.events_per_write.max(1))) {
            let due = started + plan.ttft + plan.gap.saturating_mul(number);
            if let Some(next) = self.wait_until(due).await? {
                return Ok(Some(next));
            }
            let (mut bytes, mut cargo) = (Vec::new(), Cargo::default());
            for piece in group {
                if comment_every.is_some_and(|every| index % every == 0) {
                    bytes.extend(frame(PING, b"keep-alive"));
                }
                index += 1;
                let text = script.text(piece);
                if let Some(delta) = self.dialect.delta(script, &text) {
                    bytes.extend(self.text_frame(&delta)?);
                }
                cargo.content_events += u64::from(!text.is_empty());
                cargo.add_tokens(piece.tokens(), false);
            }
            self.exchange.socket.send(&bytes).await?;
            self.exchange.tracker.sent(cargo);
        }
        Ok(None)
    }

    /// Ends the answer as `fault` says; `next` is what would have followed.
    async fn break_off(
        &mut self,
        script: &Script,
        fault: &Fault,
        next: Option<&Piece>,
    ) -> io::Result<Option<Next>> {
        match fault {
            Fault::ResetMidEvent { .. } => {
                let text = next.map(|piece| script.text(piece)).unwrap_or_default();
                let delta = self.dialect.delta(script, &text).unwrap_or_default();
                let bytes = self.text_frame(&delta)?;
                self.exchange.socket.send(&bytes[..bytes.len() / 2]).await?;
                Ok(Some(self.cut(Next::Reset)))
            }
            Fault::Stall { .. } => Err(self.exchange.socket.wait_for_leave().await),
            Fault::CloseMidStream { .. } => Ok(Some(self.cut(Next::Close))),
            Fault::InBandError { .. } => {
                self.is_faulty = true;
                let message = "EngineCore encountered an issue.";
                self.refuse("processing_error", message).await?;
                Ok(None)
            }
            _ => {
                self.exchange.socket.send(&close(1000)).await?;
                Ok(Some(self.cut(Next::Close)))
            }
        }
    }
}
