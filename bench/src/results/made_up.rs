//! Results that nobody measured, for tests.

use super::*;
use crate::cells::{self, Work};

/// A run without a sample, of all cells.
pub(crate) fn results() -> Results {
    Results {
        date: "2026-11-22T10:00:00Z".to_owned(),
        quick: false,
        machine: Machine {
            processor: "A Processor".to_owned(),
            cores: 2,
            memory_bytes: 8_000_000_000,
            kernel: "6.1.0".to_owned(),
            pinned: Some(("1".to_owned(), "0".to_owned())),
            compiler: "rustc 1.95.0".to_owned(),
        },
        versions: BTreeMap::new(),
        cells: cells::full(),
        samples: Vec::new(),
        dropped: Vec::new(),
        failures: Vec::new(),
        absent: BTreeMap::new(),
        idle_memory: BTreeMap::new(),
        instructions: Vec::new(),
        junk: None,
        scrape: None,
    }
}

/// A second in which nothing happened.
pub(crate) fn sample(cell: &str, contender: Contender, round: u32) -> Sample {
    Sample {
        cell: cell.to_owned(),
        contender,
        round,
        seconds: 1.0,
        requests: 0,
        events: 0,
        reads: 0,
        errors: 0,
        last_error: None,
        cpu_seconds: 0.0,
        generator_cpu_seconds: 0.0,
        upstream_cpu_seconds: 0.0,
        steal: 0.0,
        latency: None,
        first_event: None,
        delay: None,
        memory: None,
    }
}

/// A second of a thousand requests, each of which took so many microseconds of the processor.
pub(crate) fn requests(cell: &str, contender: Contender, round: u32, each: f64) -> Sample {
    let cpu_seconds = each * 1_000.0 / 1e6;
    Sample { requests: 1_000, cpu_seconds, ..sample(cell, contender, round) }
}

/// A second of a thousand events, in one read each.
pub(crate) fn events(cell: &str, contender: Contender, round: u32, each: f64) -> Sample {
    let cpu_seconds = each * 1_000.0 / 1e6;
    Sample { events: 1_000, reads: 1_000, cpu_seconds, ..sample(cell, contender, round) }
}

/// Of so many microseconds, seen often enough.
pub(crate) fn quantiles(p50: f64, p99: f64) -> Option<Quantiles> {
    Some(Quantiles { count: 1_000, p50: p50 / 1e6, p99: p99 / 1e6 })
}

/// Scrapes of 10 ms that no event noticed.
pub(crate) fn scrape() -> Scrape {
    let seconds = Quantiles { count: 100, p50: 10e-3, p99: 12e-3 };
    let delay = Quantiles { count: 10_000, p50: 60e-6, p99: 400e-6 };
    Scrape {
        series: 10_250,
        bytes: 1_234_567,
        seconds,
        seconds_open_metrics: seconds,
        seconds_protobuf: seconds,
        seconds_with_streams: seconds,
        cpu_seconds: 9e-3,
        delay_without: delay,
        delay_with: delay,
    }
}

/// A whole run in which everybody takes what [`cost`] says, on a machine that slows down from round to round.
pub(crate) fn run() -> Results {
    let mut results = results();
    for cell in &results.cells {
        for round in 1..=cell.rounds {
            let slow = 1.0 + 0.1 * f64::from(round);
            let all = Contender::ALL
                .map(|contender| worked(cell, contender, round, cost(contender) * slow));
            results.samples.extend(all);
        }
    }
    results.idle_memory = Contender::ALL.map(|contender| (contender, 8_000_000)).into();
    results.versions.insert(Contender::Nginx, "nginx/1.22.1".to_owned());
    results.scrape = Some(scrape());
    results.junk = Some(Junk {
        requests: 1_000_000,
        errors: 0,
        readings: vec![
            (0, 8_000_000, 150),
            (100_000, 12_000_000, 800),
            (1_000_000, 12_500_000, 800),
        ],
    });
    let counted = |work: &str, contender, each| Instructions {
        work: work.to_owned(),
        contender,
        each,
        least: each,
        most: each,
    };
    results.instructions = vec![
        counted("request-1k", Contender::Bare, 80_000.0),
        counted("request-1k", Contender::Weir, 90_000.0),
    ];
    results
}

/// Microseconds for a request or an event.
fn cost(contender: Contender) -> f64 {
    match contender {
        Contender::Direct => 0.0,
        Contender::HaproxyTcp => 30.0,
        Contender::HaproxyHttp => 40.0,
        Contender::Nginx => 50.0,
        Contender::Envoy => 150.0,
        Contender::BarePlain => 130.0,
        Contender::Bare => 100.0,
        Contender::Weir => 112.0,
    }
}

fn worked(cell: &Cell, contender: Contender, round: u32, each: f64) -> Sample {
    // Times are what it costs, on top of 50 µs.
    let times = quantiles(50.0 + each, 500.0 + 10.0 * each);
    let kibibytes = |each: u64| 8_000_000 + each * 1_024 * cell.work.streams().unwrap_or(0) as u64;
    let open = kibibytes(if contender == Contender::Weir { 45 } else { 44 });
    let memory = Memory { before: 8_000_000, open, after: 9_000_000 };
    let memory = (cell.memory && contender != Contender::Direct).then_some(memory);
    match cell.work {
        Work::Json { .. } => {
            Sample { latency: times, ..requests(&cell.name, contender, round, each) }
        }
        Work::Streams { .. } => Sample {
            delay: times,
            first_event: times.filter(|_| !cell.memory),
            memory,
            ..events(&cell.name, contender, round, each)
        },
    }
}
