//! The thread that writes: whoever has a line only puts it into a queue, and never waits.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tracing::{error, info};
use weir_ledger::{Ledger, LogLine};

use super::line;
use super::repeats::{LeftOut, Repeats};
use super::target::Target;

/// Most lines that wait. A line has less than 3 KiB, mostly some 700 bytes.
const QUEUE: usize = 4096;

/// Lines are written together, up to so many bytes and one line.
const BATCH: usize = 64 << 10;

/// How often is looked for what was left out.
const TICK: Duration = Duration::from_secs(1);

/// The way to the thread.
pub(super) struct Writer {
    lines: SyncSender<Vec<u8>>,
    waiting: Arc<Mutex<Waiting>>,
    ledger: Ledger,
    /// Closed when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

/// Lines whose fate is not known yet.
#[derive(Debug, Default)]
struct Waiting {
    lines: u64,
    /// They have been given up, and counted as such.
    given_up: bool,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        target: Target,
        repeats: Arc<Mutex<Repeats>>,
        ledger: Ledger,
    ) -> io::Result<Self> {
        let (lines, queue) = sync_channel(QUEUE);
        let (ending, ended) = sync_channel(0);
        let waiting = Arc::<Mutex<Waiting>>::default();
        let thread = Thread {
            queue,
            target,
            repeats,
            ledger: ledger.clone(),
            waiting: Arc::clone(&waiting),
            batch: Vec::new(),
            fails: false,
        };
        let run = move || {
            thread.run();
            drop(ending);
        };
        std::thread::Builder::new().name("weir-access-log".to_owned()).spawn(run)?;
        Ok(Self { lines, waiting, ledger, ended: Mutex::new(ended) })
    }

    /// Whether there was room for the line.
    pub(super) fn offer(&self, line: Vec<u8>) -> bool {
        self.waiting.lock().lines += 1;
        let has_room = self.lines.try_send(line).is_ok();
        if !has_room {
            self.waiting.lock().lines -= 1;
        }
        has_room
    }

    /// Lets it write what waits, and waits for it, but no longer than that: what waits then is given up.
    pub(super) fn stop(self, patience: Duration) {
        drop(self.lines);
        let _closed = self.ended.into_inner().recv_timeout(patience);
        let mut waiting = self.waiting.lock();
        waiting.given_up = true;
        self.ledger.log_lines(LogLine::Dropped, std::mem::take(&mut waiting.lines));
    }
}

struct Thread {
    queue: Receiver<Vec<u8>>,
    target: Target,
    repeats: Arc<Mutex<Repeats>>,
    ledger: Ledger,
    waiting: Arc<Mutex<Waiting>>,
    batch: Vec<u8>,
    /// The last batch could not be written.
    fails: bool,
}

impl Thread {
    fn run(mut self) {
        let mut looked = Instant::now();
        loop {
            match self.queue.recv_timeout(TICK) {
                Ok(line) => self.batch.extend(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while self.batch.len() < BATCH
                && let Ok(line) = self.queue.try_recv()
            {
                self.batch.extend(line);
            }
            if looked.elapsed() >= TICK {
                looked = Instant::now();
                let due = self.repeats.lock().due(looked);
                self.take(&due);
            }
            self.write();
        }
        let rest = self.repeats.lock().rest();
        self.take(&rest);
        self.write();
    }

    fn take(&mut self, left_out: &[LeftOut]) {
        let now = SystemTime::now();
        self.waiting.lock().lines += left_out.len() as u64;
        left_out.iter().for_each(|it| self.batch.extend(line::of_left_out(it, now)));
    }

    fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        if self.waiting.lock().given_up {
            return self.batch.clear();
        }
        let (written, result) = self.target.write(&self.batch, Instant::now());
        let (there, lost) = self.batch.split_at(written);
        let mut waiting = self.waiting.lock();
        if !waiting.given_up {
            waiting.lines = waiting.lines.saturating_sub(lines(&self.batch));
            self.ledger.log_lines(LogLine::Written, lines(there));
            self.ledger.log_lines(LogLine::Dropped, lines(lost));
        }
        drop(waiting);
        self.batch.clear();
        let fails = result.is_err();
        // Once for as long as it lasts.
        match result {
            Err(error) if !self.fails => {
                error!(%error, "The access log can't be written; lines are dropped until it can.");
            }
            Ok(()) if self.fails => info!("The access log is written again."),
            _ => {}
        }
        self.fails = fails;
    }
}

/// Lines that end in it.
fn lines(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}
