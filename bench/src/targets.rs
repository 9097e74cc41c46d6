//! What Weir promises to cost at most, and whether it does.

mod verdict;

use self::verdict::{Found, Unit};
pub(crate) use self::verdict::{Outcome, Verdict};
use crate::cells::{
    self, JSON_1K_SATURATED, JSON_2M_SATURATED, JSON_16K_SATURATED, JSON_256K_SATURATED, PACED_1,
    PACED_20, PACED_100, STREAMS_1000, STREAMS_5000, Work,
};
use crate::contender::Contender;
use crate::contender::Contender::{Bare, BarePlain, Envoy, Nginx, Weir};
use crate::results::{Instructions, Quantiles, Results, Scrape};
use crate::statistics::{Rounds, measure};
use crate::words::grouped;

/// Junk requests that memory has to stand.
const JUNK: u64 = 1_000_000;
/// Junk requests after which nothing may grow: names are in their tables, and buffers are as large as they get.
const JUNK_SETTLED: u64 = 100_000;
/// Series that a scrape has to bring.
const SERIES: u64 = 10_000;

const KIBIBYTE: f64 = 1_024.0;
const MEBIBYTE: f64 = 1_024.0 * KIBIBYTE;

/// All targets, in the order in which they were set.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let targets = Targets { results };
    let mut all = vec![
        targets.cpu("CPU per request ÷ bare Pingora built alike", JSON_1K_SATURATED, Bare, 1.10),
        targets.cpu("the same ÷ plain bare Pingora", JSON_1K_SATURATED, BarePlain, 0.80),
        targets.cpu("CPU per paced event ÷ bare Pingora built alike", PACED_20, Bare, 1.05),
        targets.instructions_over("event-paced", "instructions per paced event over bare", 1_000.0),
        targets.instructions_ratio("request-1k", "1 KiB", 1.15),
        targets.instructions_ratio("request-256k", "256 KiB", 1.25),
    ];
    for cell in [JSON_16K_SATURATED, JSON_256K_SATURATED, JSON_2M_SATURATED] {
        all.push(targets.cpu("CPU per request ÷ bare Pingora built alike", cell, Bare, 1.05));
    }
    for (cell, limit) in [(JSON_1K_SATURATED, 0.70), (PACED_20, 0.95), (JSON_16K_SATURATED, 0.70)] {
        all.push(targets.cpu("CPU ÷ Envoy, which meters nothing", cell, Envoy, limit));
    }
    for (cell, limit) in [(JSON_1K_SATURATED, 2.0), (PACED_20, 1.2)] {
        all.push(targets.cpu("CPU ÷ nginx", cell, Nginx, limit));
    }
    all.extend([PACED_1, PACED_20, PACED_100].map(|cell| targets.delay(cell)));
    all.extend([STREAMS_1000, STREAMS_5000].map(|cell| targets.memory(cell)));
    all.extend([STREAMS_1000, STREAMS_5000].map(|cell| targets.memory_over(cell)));
    all.push(targets.idle());
    all.extend(targets.junk());
    all.extend(targets.scrape());
    all
}

struct Targets<'a> {
    results: &'a Results,
}

impl<'a> Targets<'a> {
    fn rounds(&self, cell: &str) -> Rounds<'a> {
        Rounds::of(self.results, cell)
    }

    /// As it was run, else as it would have been.
    fn work(&self, cell: &str) -> Option<Work> {
        let run = self.results.cells.iter().cloned();
        run.chain(cells::full()).find(|it| it.name == cell).map(|cell| cell.work)
    }

    fn load_point(&self, cell: &str) -> String {
        self.work(cell).map_or_else(|| cell.to_owned(), |work| work.to_string())
    }

    /// Processor time, as a ratio.
    fn cpu(&self, what: &str, cell: &str, reference: Contender, limit: f64) -> Verdict {
        let measure = self.work(cell).map(|work| measure::cpu(&work));
        let found = measure.and_then(|measure| self.rounds(cell).ratio(Weir, reference, measure));
        Verdict::new(what, &self.load_point(cell), Unit::Ratio, limit).found(found.map(Found::from))
    }

    fn instructions(&self, work: &str, contender: Contender) -> Option<f64> {
        let all = &self.results.instructions;
        let of = |it: &&Instructions| it.work == work && it.contender == contender;
        all.iter().find(of).map(|counted| counted.each)
    }

    fn instructions_over(&self, work: &str, what: &str, limit: f64) -> Verdict {
        let pair = self.instructions(work, Weir).zip(self.instructions(work, Bare));
        Verdict::new(what, "counted by callgrind", Unit::Instructions, limit)
            .found(pair.map(|(weir, bare)| Found::alone(weir - bare)))
    }

    fn instructions_ratio(&self, work: &str, body: &str, limit: f64) -> Verdict {
        let pair = self.instructions(work, Weir).zip(self.instructions(work, Bare));
        let load_point = format!("request bodies of {body}, counted by callgrind");
        Verdict::new("instructions per request ÷ bare", &load_point, Unit::Ratio, limit)
            .found(pair.map(|(weir, bare)| Found::alone(weir / bare)))
    }

    fn delay(&self, cell: &str) -> Verdict {
        let what = "delay per event over bare, p50 of the best rounds";
        let found = self.rounds(cell).best_added(Weir, Bare, measure::delay_p50);
        Verdict::new(what, &self.load_point(cell), Unit::Microseconds, 5e-6)
            .found(found.map(Found::alone))
    }

    fn memory(&self, cell: &str) -> Verdict {
        let measure = measure::memory_per_stream(self.streams(cell));
        let found = self.rounds(cell).over(Weir, measure);
        let (what, limit) = ("memory per open stream", 48.0 * KIBIBYTE);
        Verdict::new(what, &self.load_point(cell), Unit::Kibibytes, limit)
            .found(found.map(Found::from))
    }

    fn memory_over(&self, cell: &str) -> Verdict {
        let measure = measure::memory_per_stream(self.streams(cell));
        let found = self.rounds(cell).added(Weir, Bare, measure);
        let (what, limit) = ("memory per open stream over bare", 2.0 * KIBIBYTE);
        Verdict::new(what, &self.load_point(cell), Unit::KibibytesMore, limit)
            .found(found.map(Found::from))
    }

    fn streams(&self, cell: &str) -> usize {
        self.work(cell).and_then(|work| work.streams()).unwrap_or(0)
    }

    fn idle(&self) -> Verdict {
        let found = self.results.idle_memory.get(&Weir).map(|bytes| Found::alone(*bytes as f64));
        Verdict::new("resident memory, idle", "after one request", Unit::Megabytes, 20e6)
            .found(found)
    }

    /// Flat means: from some point on, memory does not grow and `/metrics` does not change its length.
    fn junk(&self) -> [Verdict; 2] {
        let junk = self.results.junk.as_ref().filter(|junk| junk.requests >= JUNK);
        let readings = junk.map_or(&[][..], |junk| &junk.readings);
        let settled = readings.iter().filter(|(requests, ..)| *requests >= JUNK_SETTLED);
        let (memory, lines): (Vec<u64>, Vec<u64>) =
            settled.map(|(_, memory, lines)| (*memory, *lines)).unzip();
        // One reading shows nothing.
        let several = memory.len() > 1;
        let most_over = |values: &[u64], from: Option<&u64>| {
            let (most, from) = values.iter().max().zip(from).filter(|_| several)?;
            Some(Found::alone(*most as f64 - *from as f64))
        };
        let load_point = format!(
            "from the {}th to the {}th request with a model nobody has",
            grouped(JUNK_SETTLED),
            grouped(JUNK)
        );
        [
            Verdict::new("growth of resident memory", &load_point, Unit::Mebibytes, 2.0 * MEBIBYTE)
                .found(most_over(&memory, memory.first())),
            Verdict::new("change of /metrics, lines", &load_point, Unit::Count, 0.0)
                .found(most_over(&lines, lines.iter().min())),
        ]
    }

    /// In each of the forms that are asked for. A worker that stops for a scrape would let events wait for what is left
    /// of it: with one scrape after the other, half of all events, for milliseconds. One in a hundred may be a millisecond
    /// later, as processors are shared.
    fn scrape(&self) -> [Verdict; 4] {
        let scrape = self.results.scrape.as_ref().filter(|scrape| scrape.series >= SERIES);
        let series = grouped(scrape.map_or(SERIES, |scrape| scrape.series));
        let form = |name: &str, quantiles: fn(&Scrape) -> Quantiles| {
            let found = scrape.map(|scrape| Found::alone(quantiles(scrape).p50));
            let load_point = format!("{series} series, {name}");
            Verdict::new("/metrics, p50", &load_point, Unit::Milliseconds, 20e-3).found(found)
        };
        let later = "events' delay p99 while scraped − while not";
        let beside = format!("{series} series, one scrape after the other");
        let noticed = scrape.map(|it| Found::alone(it.delay_with.p99 - it.delay_without.p99));
        [
            form("text", |scrape| scrape.seconds),
            form("OpenMetrics", |scrape| scrape.seconds_open_metrics),
            form("protocol buffers", |scrape| scrape.seconds_protobuf),
            Verdict::new(later, &beside, Unit::Milliseconds, 1e-3).found(noticed),
        ]
    }
}

#[cfg(test)]
mod tests;
