//! A thread that owns a source, and may hang in it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::{Message, Open};
use crate::snapshot::Snapshot;
use crate::source::SourceError;

/// What a reader says.
#[derive(Debug)]
pub(super) enum Answer {
    /// The source is open; reading it follows.
    Opened,
    /// What came of a read, and how long that took, opening left out.
    Read(Result<Snapshot, SourceError>, Duration),
    /// It had been dropped and has ended; the last that it says.
    Gone,
}

/// Dropping it lets the thread end, when it can.
#[derive(Debug)]
pub(super) struct Reader {
    number: u64,
    asks: Sender<()>,
}

impl Reader {
    pub(super) fn start(number: u64, open: Arc<Open>, inbox: Sender<Message>) -> io::Result<Self> {
        let (asks, asked) = channel();
        std::thread::Builder::new()
            .name(format!("weir-read-{number}"))
            .spawn(move || read_when_asked(number, &open, &asked, &inbox))?;
        Ok(Self { number, asks })
    }

    pub(super) fn is(&self, number: u64) -> bool {
        self.number == number
    }

    /// To read once; what comes of it goes to the inbox.
    pub(super) fn ask(&self) {
        // The thread ends only after `self` has been dropped.
        let _ = self.asks.send(());
    }
}

fn read_when_asked(number: u64, open: &Open, asked: &Receiver<()>, inbox: &Sender<Message>) {
    // If nobody takes what is said, the loop has ended, and with it `asked`.
    let say = |answer| drop(inbox.send(Message::Answer(number, answer)));
    let mut source = None;
    while asked.recv().is_ok() {
        let mut began = Instant::now();
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let open = match &mut source {
                Some(open) => open,
                None => {
                    let opened = source.insert(open()?);
                    say(Answer::Opened);
                    began = Instant::now();
                    opened
                }
            };
            open.read()
        }));
        let result = attempt.unwrap_or(Err(SourceError::Panicked));
        if result.is_err() {
            source = None;
        }
        say(Answer::Read(result, began.elapsed()));
    }
    // Closing the driver may hang as well; only then has the thread ended.
    drop(source);
    say(Answer::Gone);
}
