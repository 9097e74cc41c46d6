//! One stream after another, each of so many events or without end.

use std::rc::Rc;

use super::connection::{Connection, Failure};
use super::generator::Shared;
use crate::clock::now;
use crate::upstream::event::{self, DONE, FINISH};

/// One connection, and the streams on it.
pub(super) struct Streams {
    shared: Rc<Shared>,
    /// Of each stream; `None`: the first one does not end.
    events: Option<u32>,
    /// If it can be used again.
    connection: Option<Connection>,
    /// Whether an event has come.
    is_ready: bool,
}

impl Streams {
    pub(super) fn new(shared: &Rc<Shared>, events: Option<u32>) -> Self {
        Self { shared: Rc::clone(shared), events, connection: None, is_ready: false }
    }

    /// For ever, from `start` on.
    pub(super) async fn run(mut self, start: u64) {
        self.shared.timer.until(start).await;
        loop {
            if let Err(failure) = self.ask().await {
                self.shared.failed(failure).await;
            }
        }
    }

    /// A stream to its end.
    async fn ask(&mut self) -> Result<(), Failure> {
        let mut connection = self.shared.connection(self.connection.take()).await?;
        let mut events = Events::new(self.events);
        let began = now();
        let mut head = connection.ask(&self.shared.request).await?;
        let mut used = self.count(&mut events, connection.payload(&mut head.body)?, began)?;
        connection.used(used);
        while !head.body.is_over() {
            let payload = connection.more_payload(&mut head.body).await?;
            used = self.count(&mut events, payload, began)?;
            connection.used(used);
        }
        if events.next != Next::Nothing {
            return Err(Failure::Unlike("it ends before its last event"));
        }
        let mut counted = self.shared.counted.borrow_mut();
        counted.requests += 1;
        counted.latency.saturating_record(now() - began);
        self.connection = Some(connection).filter(|_| !head.closes);
        Ok(())
    }

    /// Counts what one read brought; returns how much of it is done with.
    fn count(&mut self, events: &mut Events, payload: &[u8], began: u64) -> Result<usize, Failure> {
        let mut counted = self.shared.counted.borrow_mut();
        let (now, before) = (now(), events.came);
        let used = events.take(payload, |written| {
            counted.delay.saturating_record(now.saturating_sub(written));
        })?;
        if events.came > before {
            counted.events += events.came - before;
            counted.reads += 1;
            if before == 0 {
                counted.first_event.saturating_record(now - began);
            }
            if !self.is_ready {
                self.is_ready = true;
                self.shared.ready();
            }
        }
        Ok(used)
    }
}

/// How far a stream came.
struct Events {
    /// `None`: it has no end.
    expected: Option<u64>,
    came: u64,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Events with content, then the one that says why it ends.
    Content,
    Done,
    Nothing,
}

impl Events {
    fn new(expected: Option<u32>) -> Self {
        Self { expected: expected.map(u64::from), came: 0, next: Next::Content }
    }

    /// Reads all whole events, and tells when those with content were written; returns how many bytes they have.
    fn take(&mut self, bytes: &[u8], mut written: impl FnMut(u64)) -> Result<usize, Failure> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            if let Some(time) = event::stamped(rest) {
                if self.next != Next::Content {
                    return Err(Failure::Unlike("an event with content after the last one"));
                }
                written(time);
                self.came += 1;
                used += event::LENGTH;
            } else if let Some(length) = self.ending(rest)? {
                used += length;
            } else {
                return Ok(used);
            }
        }
    }

    /// The length of an event without content; `None`: it is not whole yet.
    fn ending(&mut self, rest: &[u8]) -> Result<Option<usize>, Failure> {
        let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") else {
            // No event is longer than those with content.
            return if rest.len() < event::LENGTH { Ok(None) } else { Err(UNKNOWN) };
        };
        let event = &rest[..end + 2];
        self.next = match self.next {
            Next::Content if event == FINISH && self.expected == Some(self.came) => Next::Done,
            Next::Content if event == FINISH => {
                return Err(Failure::Unlike("it has another number of events"));
            }
            Next::Done if event == DONE => Next::Nothing,
            _ => return Err(UNKNOWN),
        };
        Ok(Some(event.len()))
    }
}

const UNKNOWN: Failure =
    Failure::Unlike("an event that the upstream did not send, or was not asked for");
