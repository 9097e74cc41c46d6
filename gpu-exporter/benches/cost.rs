//! What a scrape and a read cost. A scrape is all that a scraper can make the exporter do; a read is what
//! the loop does every second. How long a driver takes to answer is not in it: NVML is the tests' stand-in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark fails by panicking")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use weir_daemon::exposition::to_text;
use weir_daemon::reload::Reloads;
use weir_gpu_exporter::container::{Containers, Notice, shares};
use weir_gpu_exporter::exposition::{Exporter, LeftOut, openmetrics};
use weir_gpu_exporter::snapshot::{Process, Snapshot};
use weir_gpu_exporter::source::simulate::Simulation;
use weir_gpu_exporter::source::{GpuSource, nvml};
use weir_gpu_exporter::state::State;

#[expect(dead_code, reason = "the tests leave functions out of the library, a benchmark does not")]
#[path = "../tests/nvml/library.rs"]
mod library;

const ROUNDS: usize = 15;
const PROCESSES: u32 = 1_000;

fn main() {
    let mut report = Report::default();
    let one_each = Simulation::at(SystemTime::now(), Duration::from_secs(60));
    let crowded = with_processes(one_each.clone(), |gpu| gpu * PROCESSES..(gpu + 1) * PROCESSES);
    scrape(&mut report, "8 GPUs", &one_each);
    scrape(&mut report, "8 GPUs × 1,000 processes", &crowded);
    report.row("who has which part of 8 GPUs × 1,000 processes", &mut || {
        black_box(crowded.gpus.iter().map(shares).collect::<Vec<_>>());
    });
    let mut simulation = Simulation::start(None);
    report.row("read of the simulated source", &mut || {
        black_box(simulation.read().unwrap());
    });
    read_nvml(&mut report);
    look_up(&mut report);
    #[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
    {
        println!("{}", report.0);
    }
}

/// Rendering as OpenMetrics, and what is made of that for a scraper that wants text 0.0.4.
fn scrape(report: &mut Report, what: &str, snapshot: &Snapshot) {
    let snapshot = Some(Arc::new(snapshot.clone()));
    let state = State { snapshot, ..State::default() };
    let reloads = Reloads::default();
    let exporter = Exporter {
        source: "simulate",
        simulated: true,
        state: &state,
        left_out: LeftOut::default(),
        reloads,
    };
    let page = || openmetrics(state.snapshot.as_deref(), &exporter);
    let kibibytes = page().len() / 1024;
    report.row(&format!("scrape of {what} ({kibibytes} KiB), OpenMetrics"), &mut || {
        black_box(page());
    });
    report.row(&format!("scrape of {what}, text 0.0.4"), &mut || {
        black_box(to_text(&page()));
    });
}

/// A read through nvml-wrapper and the stand-in, and how much of it are calls that a driver answers.
fn read_nvml(report: &mut Report) {
    let folder = std::env::temp_dir().join(format!("weir-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    library::install(&folder);
    let open = nvml::opener(Some(folder.join(library::NAME)), &Arc::default());
    let mut source = open(&Arc::default()).unwrap();
    report.row("read of NVML, 8 GPUs, by a stand-in that answers at once", &mut || {
        black_box(source.read().unwrap());
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The containers of this machine's own processes: those that are seen for the first time, and those that
/// are known.
fn look_up(report: &mut Report) {
    let names = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    let empty = Simulation::at(SystemTime::now(), Duration::ZERO);
    let fresh = with_processes(empty, |gpu| if gpu == 0 { pids.clone() } else { Vec::new() });
    let number = pids.len();
    report.row(&format!("containers of {number} new processes"), &mut || {
        Containers::new("/proc", Notice::default()).fill(&mut fresh.clone());
    });
    let mut containers = Containers::new("/proc", Notice::default());
    report.row(&format!("containers of {number} known processes"), &mut || {
        containers.fill(&mut fresh.clone());
    });
}

fn with_processes<P: IntoIterator<Item = u32>>(
    mut snapshot: Snapshot,
    pids: impl Fn(u32) -> P,
) -> Snapshot {
    for gpu in &mut snapshot.gpus {
        let of_pid =
            |pid: u32| Process { pid, memory: Some(1 << 20), sm: Some(pid % 7), container: None };
        let processes = pids(gpu.identity.index).into_iter().map(of_pid).collect();
        gpu.reading.as_mut().unwrap().processes = Some(processes);
    }
    snapshot
}

/// Rows of a table.
struct Report(String);

impl Default for Report {
    fn default() -> Self {
        Self("| work | µs |\n|---|---|\n".to_owned())
    }
}

impl Report {
    /// The median of some rounds.
    fn row(&mut self, work: &str, run: &mut dyn FnMut()) {
        let mut times: Vec<_> = (0..ROUNDS).map(|_| time(run)).collect();
        times.sort();
        let microseconds = times[ROUNDS / 2].as_secs_f64() * 1e6;
        // Writing to a String does not fail.
        let _infallible = writeln!(self.0, "| {work} | {microseconds:.1} |");
    }
}

fn time(run: &mut dyn FnMut()) -> Duration {
    let started = Instant::now();
    let mut times = 0;
    while started.elapsed() < Duration::from_millis(5) {
        run();
        times += 1;
    }
    started.elapsed() / times
}
