//! The loop that reads the GPUs at a fixed cadence, and never gets stuck.
//!
//! Reading is done by a thread of its own (`reader`), because a call into the driver can hang for as long
//! as it likes. What to do next is decided by `plan`, which knows neither threads nor clocks; what is
//! published and logged, by `report`.

mod known;
mod plan;
mod reader;
mod report;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::source::asking::Asking;
use crate::source::{GpuSource, SourceError};
use crate::state::Published;
use plan::{Plan, Step};
use reader::{Answer, Reader};
use report::Report;

/// Opens a source. It is called on the thread that reads, and again whenever the source is of no more
/// use; by several threads at once if an opening hangs. What it asks, then and later, it notes before.
pub type Open = Box<dyn Fn(&Arc<Asking>) -> Result<Box<dyn GpuSource>, SourceError> + Send + Sync>;

/// When to read, and how long that may take.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    /// From one read to the next. Reads that would have begun while another one ran are left out.
    pub interval: Duration,
    /// For which one read may block. Opening a source may take 30 s at least: without the persistence
    /// daemon, the driver wakes one GPU after the other, for a second or two each.
    pub timeout: Duration,
}

/// A loop that runs until it is dropped.
#[derive(Debug)]
pub struct Sampler {
    inbox: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// What the loop waits for.
#[derive(Debug)]
enum Message {
    /// Of the reader with this number.
    Answer(u64, Answer),
    Stop,
}

impl Sampler {
    /// Starts to read on threads of its own, and writes what comes of it to `published`.
    pub fn start(open: Open, cadence: Cadence, published: Arc<Published>) -> io::Result<Self> {
        let (inbox, messages) = channel();
        let readers = Readers { open: Arc::new(open), inbox: inbox.clone(), started: 0 };
        let thread = std::thread::Builder::new()
            .name("weir-sampler".to_owned())
            .spawn(move || run(readers, cadence, Report::new(published), &messages))?;
        Ok(Self { inbox, thread: Some(thread) })
    }
}

impl Drop for Sampler {
    /// Waits for the loop, but for no reader: that one may hang.
    fn drop(&mut self) {
        let stopped = self.inbox.send(Message::Stop);
        let ended = self.thread.take().map(JoinHandle::join);
        if stopped.is_err() || matches!(ended, Some(Err(_))) {
            tracing::error!("The thread that samples the GPUs panicked.");
        }
    }
}

/// Makes readers, each with its number.
struct Readers {
    open: Arc<Open>,
    inbox: Sender<Message>,
    started: u64,
}

impl Readers {
    fn start(&mut self) -> io::Result<Reader> {
        self.started += 1;
        Reader::start(self.started, Arc::clone(&self.open), self.inbox.clone())
    }
}

fn run(mut readers: Readers, cadence: Cadence, mut report: Report, messages: &Receiver<Message>) {
    let mut plan = Plan::new(cadence, Instant::now());
    let mut reader = None;
    loop {
        match plan.step(Instant::now()) {
            Step::Read => match ask(&mut reader, &mut readers) {
                Ok(()) => {}
                Err(error) => {
                    report.failed(&no_thread(&error));
                    plan.answered(Instant::now(), false);
                }
            },
            Step::GiveUp(allowed) => {
                let asked = reader.as_ref().and_then(Reader::asks_for);
                report.failed(&SourceError::TimedOut { allowed, asked });
            }
            // Dropped and not joined: it ends by itself when the driver lets it go.
            Step::Abandon => reader = None,
            Step::Wait(until) => match next(messages, until) {
                Some(Message::Stop) => return,
                Some(Message::Answer(number, answer)) => {
                    let current = reader.as_ref().is_some_and(|reader: &Reader| reader.is(number));
                    answered(&mut plan, &mut report, current, answer);
                }
                None => {}
            },
        }
    }
}

fn ask(reader: &mut Option<Reader>, readers: &mut Readers) -> io::Result<()> {
    let reader = match reader {
        Some(reader) => reader,
        None => reader.insert(readers.start()?),
    };
    reader.ask();
    Ok(())
}

fn answered(plan: &mut Plan, report: &mut Report, current: bool, answer: Answer) {
    let now = Instant::now();
    match answer {
        Answer::Gone => plan.abandoned_ended(),
        _ if !current => {}
        Answer::Opened => plan.opened(now),
        Answer::Spent => plan.closed(now),
        Answer::Read(result, took) => {
            // What comes too late is not what the GPUs do now.
            if plan.answered(now, result.is_ok()) {
                match result {
                    Ok(snapshot) => report.succeeded(snapshot, took),
                    Err(error) => report.failed(&error),
                }
            }
        }
    }
}

/// The next message; nothing if it is time to do something else.
fn next(messages: &Receiver<Message>, until: Option<Instant>) -> Option<Message> {
    let Some(until) = until else { return messages.recv().ok() };
    match messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(message) => Some(message),
        Err(RecvTimeoutError::Timeout) => None,
        // Cannot be: `Readers` has a sender. If it were, to stop is better than to spin.
        Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
    }
}

fn no_thread(error: &io::Error) -> SourceError {
    SourceError::Failed { call: "starting a thread to read the GPUs", detail: error.to_string() }
}
