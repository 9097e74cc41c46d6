//! `weir-bench instructions`: what a whole proxy process takes for a request and for an event, in instructions of user
//! space as callgrind counts them. They hardly change from run to run, whatever else the machine does.
//!
//! Which functions they are in: `cargo build --profile profiling -p weir-proxy` keeps their names; count that program with
//! `weir-bench instructions --weir target/profiling/weir-proxy --keep FOLDER`, and read what lies in the folder then with
//! `callgrind_annotate FILE`, or with `--inclusive=yes` for what a function takes with all that it calls.

mod callgrind;
mod piece;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::callgrind::{Callgrind, CallgrindError, Counted};
use self::piece::{Piece, Task};
use crate::client::{Client, ClientError};
use crate::contender::Contender;
use crate::load::request;
use crate::loopback::Loopback;
use crate::results::Instructions;
use crate::statistics::Spread;

/// Who can be counted.
pub(crate) const COUNTED: [Contender; 3] = [Contender::BarePlain, Contender::Bare, Contender::Weir];
/// What every request of the load names.
const MODEL: &str = "bench";
/// What the proxy does once an answer has been read to its end is done by then.
const SETTLED: Duration = Duration::from_millis(100);
/// How often a stream is tried of which events come together, since something else has the processor.
const ATTEMPTS: u32 = 5;
/// How long it is watched while nobody asks anything.
const IDLE: Duration = Duration::from_secs(3);

/// How much is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort<'a> {
    /// How often each piece of work; the median is reported.
    pub(crate) repeats: u32,
    /// Where the last of callgrind's files for each is to be kept.
    pub(crate) keep: Option<&'a Path>,
}

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstructionsError {
    #[error(transparent)]
    Callgrind(#[from] CallgrindError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(
        "for {work}, an answer had status {status} and {events} events with content instead of 200 and {wanted}"
    )]
    Answer { work: &'static str, status: u16, events: usize, wanted: u32 },
    #[error(
        "for {work}, {events} events came in {reads} reads, {ATTEMPTS} times: a proxy under callgrind does not keep up; run it \
         again when the machine has less to do"
    )]
    Merged { work: &'static str, events: u32, reads: u32 },
    #[error("keeping a dump as {}", path.display())]
    Keep { path: PathBuf, source: io::Error },
}

impl InstructionsError {
    /// Whether others can be counted.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Callgrind(CallgrindError::Contender(error)) if error.is_absence())
    }
}

/// Counts all pieces for Weir, or a bare Pingora.
pub(crate) async fn measure(
    stage: &Loopback,
    contender: Contender,
    effort: Effort<'_>,
) -> Result<Vec<Instructions>, InstructionsError> {
    let models = vec![MODEL.to_owned()];
    let mut callgrind = Callgrind::start(stage, contender, models).await?;
    let mut client = Client::connect(callgrind.proxy.address).await?;
    for piece in &piece::ALL {
        perform(&mut client, piece.name, &piece.task.short()).await?;
    }
    let idle = idle(&mut callgrind).await?;
    let mut counts = vec![Vec::new(); piece::ALL.len()];
    for _ in 0..effort.repeats {
        for (piece, counts) in piece::ALL.iter().zip(&mut counts) {
            counts.push(count(&mut callgrind, &mut client, piece, idle).await?);
            if let Some(keep) = effort.keep {
                self::keep(&callgrind.dump(), keep, contender, piece)?;
            }
        }
    }
    callgrind.proxy.end().await;
    let pieces = piece::ALL.iter().zip(counts);
    Ok(pieces.filter_map(|(piece, counts)| reported(contender, piece, counts)).collect())
}

/// Instructions in a second in which nobody asks anything: Pingora's timer ticks.
async fn idle(callgrind: &mut Callgrind) -> Result<f64, InstructionsError> {
    tokio::time::sleep(SETTLED).await;
    callgrind.mark().await?;
    tokio::time::sleep(IDLE).await;
    let Counted { instructions, elapsed } = callgrind.mark().await?;
    Ok(instructions as f64 / elapsed.as_secs_f64())
}

/// Instructions for each of a piece, without what an idle proxy takes in the same time.
async fn count(
    callgrind: &mut Callgrind,
    client: &mut Client,
    piece: &Piece,
    idle: f64,
) -> Result<f64, InstructionsError> {
    let without = match &piece.without {
        Some(task) => task_count(callgrind, client, piece.name, task, idle).await?,
        None => 0.0,
    };
    let all = task_count(callgrind, client, piece.name, &piece.task, idle).await?;
    Ok((all - without) / f64::from(piece.count()))
}

/// What a task takes; again where events came together, which costs less.
async fn task_count(
    callgrind: &mut Callgrind,
    client: &mut Client,
    work: &'static str,
    task: &Task,
    idle: f64,
) -> Result<f64, InstructionsError> {
    let mut attempt = 1;
    loop {
        // A connection to the upstream that was idle for long may be closed, and opening another one costs.
        perform(client, work, &task.short()).await?;
        tokio::time::sleep(SETTLED).await;
        callgrind.mark().await?;
        let reads = perform(client, work, task).await?;
        tokio::time::sleep(SETTLED).await;
        let Counted { instructions, elapsed } = callgrind.mark().await?;
        if task.came_one_by_one(reads) {
            return Ok(instructions as f64 - idle * elapsed.as_secs_f64());
        }
        if attempt == ATTEMPTS {
            return Err(InstructionsError::Merged { work, events: task.events(), reads });
        }
        attempt += 1;
    }
}

/// Asks as often as the task says, one after the other; returns in how many reads the answers came.
async fn perform(
    client: &mut Client,
    work: &'static str,
    task: &Task,
) -> Result<u32, InstructionsError> {
    let mut reads = 0;
    let request = request::bytes(&task.work, client.address);
    for _ in 0..task.times {
        let answer = client.ask(&request).await?;
        let events = answer.count(br#""delta":{"content":"#);
        let (status, wanted) = (answer.status, task.events());
        if status != 200 || events != wanted as usize {
            return Err(InstructionsError::Answer { work, status, events, wanted });
        }
        reads += answer.reads;
    }
    Ok(reads)
}

fn keep(
    dump: &Path,
    keep: &Path,
    contender: Contender,
    piece: &Piece,
) -> Result<(), InstructionsError> {
    let path = keep.join(format!("{contender:?}-{}.callgrind", piece.name));
    let copied = fs::create_dir_all(keep).and_then(|()| fs::copy(dump, &path));
    copied.map(|_bytes| ()).map_err(|source| InstructionsError::Keep { path, source })
}

/// `None` if it was never counted.
fn reported(contender: Contender, piece: &Piece, counts: Vec<f64>) -> Option<Instructions> {
    let Spread { median, least, most } = Spread::of(counts)?;
    Some(Instructions { work: piece.name.to_owned(), contender, each: median, least, most })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::in_process;

    #[tokio::test]
    async fn answers_are_what_was_asked_for() {
        let upstream = in_process::start();
        let mut client = Client::connect(upstream.address).await.unwrap();
        for piece in piece::ALL.iter().filter(|piece| piece.name != "event-paced") {
            let task = Task { times: 2, ..piece.task };
            let reads = perform(&mut client, piece.name, &task).await.unwrap();
            assert!(reads >= 2, "{}: {reads}", piece.name);
            perform(&mut client, piece.name, &task.short()).await.unwrap();
        }
    }
}
