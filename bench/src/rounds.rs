//! Rounds: in each, all contenders do the same work one after the other, so that what happens to the machine happens to
//! all of them, and figures are compared within a round. All cells have a round before any has its next one, so that rounds
//! of one cell are far apart: a machine has bad minutes, which no count of stolen time tells of, and no cell shall have
//! only them.

mod progress;
mod sample;
mod stage;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use self::progress::Progress;
pub(crate) use self::stage::{Around, Failed, Flow, Proxy, Stage};
use crate::cells::Cell;
use crate::contender::Contender;
use crate::names::title;
use crate::results::{Dropped, Failure, Results, ResultsError, Sample};

/// Of the machine's time in a window, what the hypervisor may take.
pub(crate) const MOST_STEAL: f64 = 0.10;
/// A cell that wants so many rounds is tried so many times as often.
const TRIES: u32 = 2;

/// Who follows a run.
pub(crate) trait Watcher {
    fn say(&mut self, line: &str);
    /// What there is so far.
    fn keep(&mut self, results: &Results) -> Result<(), ResultsError>;
}

/// Measures `contenders` in all cells of `results`, into which it goes. Ended early (dropped), it leaves the rounds that
/// there were, and no process.
pub(crate) async fn run<S: Stage>(
    stage: &mut S,
    contenders: &[Contender],
    results: &mut Results,
    watcher: &mut impl Watcher,
) -> Result<(), ResultsError> {
    let cells = results.cells.clone();
    let mut progress = Progress::default();
    for cell in &cells {
        progress.plan(progress::round(cell, contenders.len()) * cell.rounds);
    }
    let serving = BTreeMap::new();
    let mut run =
        Run { stage, contenders, results, watcher, serving, progress, began: Instant::now() };
    // No contender idles while another one's memory is read.
    let (shared, alone): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| !cell.memory);
    for cells in [shared, alone] {
        run.cells(&cells).await?;
        run.end_all().await;
    }
    Ok(())
}

struct Run<'a, S: Stage, W> {
    stage: &'a mut S,
    contenders: &'a [Contender],
    results: &'a mut Results,
    watcher: &'a mut W,
    /// Who goes on to the next round.
    serving: BTreeMap<Contender, S::Proxy>,
    progress: Progress,
    began: Instant,
}

/// What a round that counts leaves.
#[derive(Default)]
struct Round {
    samples: Vec<Sample>,
    failures: Vec<Failure>,
}

impl<S: Stage, W: Watcher> Run<'_, S, W> {
    /// One round of each, and again.
    async fn cells(&mut self, cells: &[&Cell]) -> Result<(), ResultsError> {
        let mut good = vec![0; cells.len()];
        let tries = cells.iter().map(|cell| cell.rounds * TRIES).max().unwrap_or(0);
        for round in 1..=tries {
            for (cell, good) in cells.iter().zip(&mut good) {
                if *good < cell.rounds && round <= cell.rounds * TRIES {
                    self.next(cell, round, good).await?;
                }
            }
        }
        Ok(())
    }

    /// A round of a cell that has so many `good` ones.
    async fn next(&mut self, cell: &Cell, round: u32, good: &mut u32) -> Result<(), ResultsError> {
        let planned = progress::round(cell, self.contenders.len());
        if round > cell.rounds {
            self.progress.plan(planned);
        }
        let became = match self.round(cell, round).await {
            Ok(done) => {
                *good += 1;
                let failed: Vec<_> = done.failures.iter().map(said).collect();
                self.results.samples.extend(done.samples);
                self.results.failures.extend(done.failures);
                format!("{good} of {} are there{}", cell.rounds, failed.concat())
            }
            Err(why) => {
                let became = format!("dropped: {why}");
                self.results.dropped.push(Dropped { cell: cell.name.clone(), round, why });
                became
            }
        };
        self.progress.done(planned);
        self.watcher.keep(self.results)?;
        let left = minutes(self.progress.left(self.began.elapsed()));
        self.watcher.say(&format!("{}, round {round}: {became}; {left} left", cell.name));
        Ok(())
    }

    /// Ends early where it counts for nothing, and says why.
    async fn round(&mut self, cell: &Cell, round: u32) -> Result<Round, String> {
        let mut done = Round::default();
        for contender in order(self.contenders, round) {
            match self.one(cell, contender, round).await {
                Ok(None) => {}
                Ok(Some(sample)) => {
                    objection(&sample).map_or(Ok(()), Err)?;
                    done.samples.push(sample);
                }
                Err(failed) if contender == Contender::Direct => {
                    return Err(format!("without a proxy: {failed}"));
                }
                Err(Failed(why)) => {
                    let cell = cell.name.clone();
                    done.failures.push(Failure { cell, contender, round, why });
                }
            }
        }
        Ok(done)
    }

    /// `None` where it is absent from the whole run.
    async fn one(
        &mut self,
        cell: &Cell,
        contender: Contender,
        round: u32,
    ) -> Result<Option<Sample>, Failed> {
        let Some(proxy) = self.serve(contender).await? else { return Ok(None) };
        let taken = sample::take(self.stage, &proxy, cell, (contender, round)).await;
        // Whoever failed may do better as a new process.
        if cell.memory || taken.is_err() {
            proxy.end().await;
        } else {
            self.serving.insert(contender, proxy);
        }
        taken.map(Some)
    }

    /// The contender that serves since an earlier round, or a new one. Who cannot even start the first time will not
    /// later: it is not installed.
    async fn serve(&mut self, contender: Contender) -> Result<Option<S::Proxy>, Failed> {
        if self.results.absent.contains_key(&contender) {
            return Ok(None);
        }
        if let Some(proxy) = self.serving.remove(&contender) {
            return Ok(Some(proxy));
        }
        match self.stage.start(contender).await {
            Ok(proxy) => {
                if contender != Contender::Direct {
                    let memory = proxy.resident_memory();
                    self.results.idle_memory.entry(contender).or_insert(memory);
                }
                Ok(Some(proxy))
            }
            Err(failed) if self.results.idle_memory.contains_key(&contender) => Err(failed),
            Err(Failed(why)) => {
                self.watcher.say(&format!("Not measured: {}: {why}", title(contender)));
                self.results.absent.insert(contender, why);
                Ok(None)
            }
        }
    }

    async fn end_all(&mut self) {
        for (_, proxy) in std::mem::take(&mut self.serving) {
            proxy.end().await;
        }
    }
}

/// Who goes first changes with each round.
fn order(contenders: &[Contender], round: u32) -> Vec<Contender> {
    let mut order = contenders.to_vec();
    if !order.is_empty() {
        order.rotate_left((round as usize - 1) % contenders.len());
    }
    order
}

/// Why its round counts for nothing.
fn objection(sample: &Sample) -> Option<String> {
    if sample.steal > MOST_STEAL {
        let percent = sample.steal * 100.0;
        let who = title(sample.contender);
        return Some(format!("{percent:.1} % steal while {who} was measured"));
    }
    let broken = sample.contender == Contender::Direct && sample.errors > 0;
    broken.then(|| {
        let last = sample.last_error.as_deref().unwrap_or("nobody knows why");
        format!("{} requests failed without a proxy, the last: {last}", sample.errors)
    })
}

fn said(failure: &Failure) -> String {
    format!("; {} failed: {}", title(failure.contender), failure.why)
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests;
