use std::cell::{Cell as Shared, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use hdrhistogram::Histogram;

use super::*;
use crate::cells::{Pace, Work};
use crate::load::Counted;
use crate::results::made_up;

const THREE: [Contender; 3] = [Contender::Direct, Contender::Bare, Contender::Weir];
const MEBIBYTE: u64 = 1 << 20;

/// A stage that writes down what is done on it, and on which a window goes wrong where it is told to.
#[derive(Default)]
struct Fake {
    log: Rc<RefCell<Vec<String>>>,
    /// Windows so far, of all contenders.
    windows: Rc<Shared<u32>>,
    /// Ticks that were stolen so far, of 100 in each window.
    stolen: Rc<Shared<u64>>,
    /// By number, from 1.
    stolen_from: BTreeSet<u32>,
    with_errors: BTreeSet<u32>,
    empty: BTreeSet<u32>,
    /// Loads, by number, that do not come about.
    refused: BTreeSet<u32>,
    loads: u32,
    not_installed: BTreeSet<Contender>,
    /// How often one was started.
    started: u32,
}

struct FakeProxy {
    contender: Contender,
    log: Rc<RefCell<Vec<String>>>,
    windows: Rc<Shared<u32>>,
    memory: Rc<Shared<u64>>,
}

struct FakeFlow {
    windows: Rc<Shared<u32>>,
    stolen: Rc<Shared<u64>>,
    memory: Rc<Shared<u64>>,
    steal: bool,
    errors: u64,
    requests: u64,
}

impl Stage for Fake {
    type Proxy = FakeProxy;
    type Flow = FakeFlow;
    /// Windows so far, and ticks that were stolen.
    type Mark = (u32, u64);

    async fn start(&mut self, contender: Contender) -> Result<FakeProxy, Failed> {
        if self.not_installed.contains(&contender) {
            return Err(Failed("there is no such program".to_owned()));
        }
        self.started += 1;
        self.log.borrow_mut().push(format!("start {contender:?}"));
        let (log, windows) = (Rc::clone(&self.log), Rc::clone(&self.windows));
        // No two processes are alike.
        let memory = Rc::new(Shared::new(u64::from(self.started) * MEBIBYTE));
        Ok(FakeProxy { contender, log, windows, memory })
    }

    async fn load(&mut self, _work: &Work, on: &FakeProxy) -> Result<FakeFlow, Failed> {
        self.loads += 1;
        let refused = self.refused.contains(&self.loads);
        if refused {
            return Err(Failed("connection refused".to_owned()));
        }
        self.log.borrow_mut().push(format!("load {:?}", on.contender));
        on.memory.set(on.memory.get() + 50 * MEBIBYTE);
        let window = self.windows.get() + 1;
        Ok(FakeFlow {
            windows: Rc::clone(&self.windows),
            stolen: Rc::clone(&self.stolen),
            memory: Rc::clone(&on.memory),
            steal: self.stolen_from.contains(&window),
            errors: u64::from(self.with_errors.contains(&window)) * 3,
            requests: if self.empty.contains(&window) { 0 } else { 1_000 },
        })
    }

    fn mark(&self) -> (u32, u64) {
        (self.windows.get(), self.stolen.get())
    }

    fn since(&self, (windows, stolen): &(u32, u64)) -> Around {
        let windows = self.windows.get() - windows;
        let stolen = self.stolen.get() - stolen;
        let upstream = Duration::from_millis(30) * windows;
        Around { upstream, steal: stolen as f64 / (100.0 * f64::from(windows)) }
    }

    async fn settle(&mut self) {
        self.log.borrow_mut().push("settle".to_owned());
    }
}

impl Proxy for FakeProxy {
    fn cpu(&self) -> Duration {
        Duration::from_millis(40) * self.windows.get()
    }

    fn resident_memory(&self) -> u64 {
        self.memory.get()
    }

    async fn end(self) {
        self.log.borrow_mut().push(format!("end {:?}", self.contender));
    }
}

impl Flow for FakeFlow {
    async fn window(&mut self, length: Duration) -> Result<Counted, Failed> {
        self.windows.set(self.windows.get() + 1);
        self.stolen.set(self.stolen.get() + if self.steal { 11 } else { 10 });
        let mut latency = Histogram::new(3).unwrap();
        latency.record_n(100_000, self.requests).unwrap();
        Ok(Counted {
            elapsed: length,
            generator_cpu: Duration::from_millis(20),
            requests: self.requests,
            events: 0,
            reads: 0,
            errors: self.errors,
            last_error: (self.errors > 0).then(|| "broken off".to_owned()),
            latency,
            first_event: Histogram::new(3).unwrap(),
            delay: Histogram::new(3).unwrap(),
        })
    }

    async fn stop(self) {
        self.memory.set(self.memory.get() - 40 * MEBIBYTE);
    }
}

#[derive(Debug, Default)]
struct Followed {
    lines: Vec<String>,
    /// Samples that there were when results were kept.
    kept: Vec<usize>,
}

impl Watcher for Followed {
    fn say(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    fn keep(&mut self, results: &Results) -> Result<(), ResultsError> {
        self.kept.push(results.samples.len());
        Ok(())
    }
}

fn cell(rounds: u32, memory: bool) -> Cell {
    let work = Work::Json { body: 1_024, pace: Pace::Saturated { connections: 16 } };
    Cell { name: "cell".to_owned(), work, length: Duration::from_secs(2), rounds, memory }
}

async fn run_on(stage: &mut Fake, cells: Vec<Cell>) -> (Results, Followed) {
    let mut results = Results { cells, ..made_up::results() };
    let mut followed = Followed::default();
    run(stage, &THREE, &mut results, &mut followed).await.unwrap();
    (results, followed)
}

/// What was done with it, in order.
fn of(stage: &Fake, what: &str) -> Vec<String> {
    let log = stage.log.borrow();
    log.iter().filter_map(|line| line.strip_prefix(what)).map(|who| who.trim().to_owned()).collect()
}

/// Rounds that have samples.
fn rounds(results: &Results) -> Vec<u32> {
    let rounds: BTreeSet<_> = results.samples.iter().map(|sample| sample.round).collect();
    rounds.into_iter().collect()
}

#[tokio::test]
async fn everybody_is_first_in_turn() {
    let mut stage = Fake::default();
    let (results, followed) = run_on(&mut stage, vec![cell(4, false)]).await;
    let turns = of(&stage, "load");
    let turns: Vec<_> = turns.chunks(3).map(|round| round.join(" ")).collect();
    assert_eq!(
        turns,
        ["Direct Bare Weir", "Bare Weir Direct", "Weir Direct Bare", "Direct Bare Weir"]
    );
    assert_eq!(results.samples.len(), 12);
    assert_eq!(followed.kept, [3, 6, 9, 12]);
    assert_eq!(followed.lines.len(), 4);
    assert!(followed.lines[0].starts_with("cell, round 1: 1 of 4 are there; "), "{followed:?}");
}

#[tokio::test]
async fn rounds_of_a_cell_are_far_apart_and_those_of_memory_behind_all_others() {
    // The second round of the first cell that is done.
    let mut stage = Fake { stolen_from: [10].into(), ..Fake::default() };
    let named = |name: &str, cell: Cell| Cell { name: name.to_owned(), ..cell };
    let cells = vec![
        named("memory", cell(1, true)),
        named("long", cell(3, false)),
        named("short", cell(1, false)),
        named("again", cell(2, false)),
    ];
    let (results, followed) = run_on(&mut stage, cells).await;
    let rounds: Vec<_> =
        followed.lines.iter().map(|line| line.split(':').next().unwrap()).collect();
    let expected = [
        "long, round 1",
        "short, round 1",
        "again, round 1",
        "long, round 2",
        "again, round 2",
        "long, round 3",
        "long, round 4",
        "memory, round 1",
    ];
    assert_eq!(rounds, expected);
    assert_eq!((results.dropped.len(), results.dropped[0].cell.as_str()), (1, "long"));
}

#[tokio::test]
async fn processes_are_shared_by_rounds_and_cells_but_not_by_those_of_memory() {
    let mut stage = Fake::default();
    run_on(&mut stage, vec![cell(2, false), cell(1, false), cell(2, true)]).await;
    let starts_and_ends: Vec<_> = {
        let log = stage.log.borrow();
        log.iter().filter(|line| !line.starts_with("load")).cloned().collect()
    };
    let mut expected = vec!["start Direct", "start Bare", "start Weir"];
    expected.extend(["end Direct", "end Bare", "end Weir"]);
    for alone in ["Direct", "Bare", "Weir", "Bare", "Weir", "Direct"] {
        expected.extend(match alone {
            "Direct" => ["start Direct", "settle", "end Direct"],
            "Bare" => ["start Bare", "settle", "end Bare"],
            _ => ["start Weir", "settle", "end Weir"],
        });
    }
    assert_eq!(starts_and_ends, expected);
}

#[tokio::test]
async fn memory_is_read_before_during_and_after() {
    let mut stage = Fake::default();
    let (results, _) = run_on(&mut stage, vec![cell(1, true)]).await;
    let memory: Vec<_> = results
        .samples
        .iter()
        .map(|sample| sample.memory.map(|memory| (memory.before, memory.open, memory.after)))
        .collect();
    let mebibytes =
        |before, open, after| Some((before * MEBIBYTE, open * MEBIBYTE, after * MEBIBYTE));
    assert_eq!(memory, [None, mebibytes(2, 52, 12), mebibytes(3, 53, 13)]);
    let idle: Vec<_> = results.idle_memory.into_iter().collect();
    assert_eq!(idle, [(Contender::Bare, 2 * MEBIBYTE), (Contender::Weir, 3 * MEBIBYTE)]);
}

#[tokio::test]
async fn a_sample_is_what_was_spent_in_its_window() {
    let (results, _) = run_on(&mut Fake::default(), vec![cell(1, false)]).await;
    let sample = &results.samples[1];
    assert_eq!((sample.contender, sample.round, sample.requests), (Contender::Bare, 1, 1_000));
    let spent = [
        sample.seconds,
        sample.cpu_seconds,
        sample.generator_cpu_seconds,
        sample.upstream_cpu_seconds,
        sample.steal,
    ];
    for (spent, expected) in spent.into_iter().zip([2.0, 0.04, 0.02, 0.03, 0.1]) {
        assert!((spent - expected).abs() < 1e-9, "{sample:?}");
    }
    let latency = sample.latency.unwrap();
    assert_eq!(latency.count, 1_000);
    assert!((latency.p50 - 1e-4).abs() < 1e-6, "{latency:?}");
    assert!(sample.delay.is_none() && sample.memory.is_none());
}

#[tokio::test]
async fn a_round_with_steal_is_dropped_and_repeated() {
    // The second round's second contender.
    let mut stage = Fake { stolen_from: [5].into(), ..Fake::default() };
    let (results, followed) = run_on(&mut stage, vec![cell(3, false)]).await;
    assert_eq!(rounds(&results), [1, 3, 4]);
    assert_eq!(results.samples.len(), 9);
    let why = "11.0 % steal while Weir was measured".to_owned();
    assert_eq!(results.dropped, [Dropped { cell: "cell".to_owned(), round: 2, why }]);
    // It was not gone on with.
    assert_eq!(stage.windows.get(), 3 + 2 + 3 + 3);
    assert!(followed.lines[1].starts_with("cell, round 2: dropped: 11.0 % steal"), "{followed:?}");
}

#[tokio::test]
async fn tries_are_bounded() {
    let mut stage = Fake { stolen_from: (1..100).collect(), ..Fake::default() };
    let (results, _) = run_on(&mut stage, vec![cell(3, false), cell(1, true)]).await;
    assert!(results.samples.is_empty());
    assert_eq!(
        results.dropped.iter().map(|it| it.round).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 1, 2]
    );
}

#[tokio::test]
async fn errors_drop_a_round_only_without_a_proxy() {
    // Direct's in round 1, Weir's in what is left.
    let mut stage = Fake { with_errors: [1, 3].into(), ..Fake::default() };
    let (results, _) = run_on(&mut stage, vec![cell(1, false)]).await;
    assert_eq!(results.dropped.len(), 1);
    assert_eq!(results.dropped[0].why, "3 requests failed without a proxy, the last: broken off");
    let errors: Vec<_> = results.samples.iter().map(|it| (it.contender, it.errors)).collect();
    assert_eq!(errors, [(Contender::Bare, 0), (Contender::Weir, 3), (Contender::Direct, 0)]);
}

#[tokio::test]
async fn who_is_not_installed_is_absent_and_who_fails_is_started_anew() {
    // Bare in round 1 (no load), Direct in round 2 (nothing comes back), which drops that one.
    let mut stage = Fake {
        not_installed: [Contender::Weir].into(),
        refused: [2].into(),
        empty: [3].into(),
        ..Fake::default()
    };
    let (results, followed) = run_on(&mut stage, vec![cell(2, false)]).await;
    assert_eq!(results.absent.len(), 1);
    assert_eq!(results.absent[&Contender::Weir], "there is no such program");
    let failure = Failure {
        cell: "cell".to_owned(),
        contender: Contender::Bare,
        round: 1,
        why: "connection refused".to_owned(),
    };
    assert_eq!(results.failures, [failure]);
    assert_eq!(results.dropped[0].why, "without a proxy: nothing came back");
    assert_eq!(rounds(&results), [1, 3]);
    let expected = ["Direct", "Bare", "Bare", "Direct"];
    assert_eq!(of(&stage, "start"), expected);
    assert_eq!(of(&stage, "end"), ["Bare", "Direct", "Direct", "Bare"]);
    assert!(followed.lines.iter().any(|line| line.contains("there is no such program")));
}
