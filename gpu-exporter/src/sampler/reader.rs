//! A thread that owns a source, and may hang in it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::{Message, Open};
use crate::snapshot::Snapshot;
use crate::source::SourceError;
use crate::source::asking::{Asking, Call};

/// What a reader says.
#[derive(Debug)]
pub(super) enum Answer {
    /// The source is open; reading it follows.
    Opened,
    /// What came of a read, and how long that took, opening left out.
    Read(Result<Snapshot, SourceError>, Duration),
    /// The source is to be opened anew by the next read. Said after what came of this one.
    Spent,
    /// It had been dropped and has ended; the last that it says.
    Gone,
}

/// Dropping it lets the thread end, when it can.
#[derive(Debug)]
pub(super) struct Reader {
    number: u64,
    asks: Sender<()>,
    asking: Arc<Asking>,
}

impl Reader {
    pub(super) fn start(number: u64, open: Arc<Open>, inbox: Sender<Message>) -> io::Result<Self> {
        let (asks, asked) = channel();
        let asking = Arc::<Asking>::default();
        let notes = Arc::clone(&asking);
        std::thread::Builder::new()
            .name(format!("weir-read-{number}"))
            .spawn(move || read_when_asked(number, &open, &notes, &asked, &inbox))?;
        Ok(Self { number, asks, asking })
    }

    pub(super) fn is(&self, number: u64) -> bool {
        self.number == number
    }

    /// What it asks the driver at the moment, if that is known.
    pub(super) fn asks_for(&self) -> Option<Call> {
        self.asking.last()
    }

    /// To read once; what comes of it goes to the inbox.
    pub(super) fn ask(&self) {
        // The thread ends only after `self` has been dropped.
        let _ = self.asks.send(());
    }
}

fn read_when_asked(
    number: u64,
    open: &Open,
    notes: &Arc<Asking>,
    asked: &Receiver<()>,
    inbox: &Sender<Message>,
) {
    // If nobody takes what is said, the loop has ended, and with it `asked`.
    let say = |answer| drop(inbox.send(Message::Answer(number, answer)));
    let mut source = None;
    while asked.recv().is_ok() {
        notes.clear();
        let mut began = Instant::now();
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let open = match &mut source {
                Some(open) => open,
                None => {
                    let opened = source.insert(open(notes)?);
                    say(Answer::Opened);
                    began = Instant::now();
                    opened
                }
            };
            let snapshot = open.read()?;
            Ok((snapshot, open.is_spent()))
        }));
        let result = attempt.unwrap_or(Err(SourceError::Panicked));
        let is_of_use = matches!(result, Ok((_, false)));
        let took = began.elapsed();
        let is_spent = result.is_ok() && !is_of_use;
        say(Answer::Read(result.map(|(snapshot, _)| snapshot), took));
        if is_spent {
            say(Answer::Spent);
        }
        // What was read is known by now: closing takes a while, and may hang.
        if !is_of_use {
            notes.note(None, "closing the driver's library");
            source = None;
            notes.clear();
        }
    }
    // Only then has the thread ended.
    drop(source);
    say(Answer::Gone);
}
