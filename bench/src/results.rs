//! What was measured: what is written as JSON, and what the report is made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::cells::Cell;
use crate::contender::Contender;

/// All of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// RFC 3339, in UTC.
    pub(crate) date: String,
    /// Whether it was the short run.
    pub(crate) quick: bool,
    pub(crate) machine: Machine,
    /// Versions as the programs say them.
    pub(crate) versions: BTreeMap<Contender, String>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) samples: Vec<Sample>,
    /// Rounds that count for nothing.
    pub(crate) dropped: Vec<Dropped>,
    /// What one contender could not do in a round that counts for the others.
    pub(crate) failures: Vec<Failure>,
    /// Contenders that did not start, and why.
    pub(crate) absent: BTreeMap<Contender, String>,
    /// Resident bytes once it serves: after its start and one request.
    pub(crate) idle_memory: BTreeMap<Contender, u64>,
    /// Counted by callgrind.
    pub(crate) instructions: Vec<Instructions>,
    pub(crate) junk: Option<Junk>,
    pub(crate) scrape: Option<Scrape>,
}

/// Where it was measured. No name of the machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// As `/proc/cpuinfo` has it.
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
    pub(crate) kernel: String,
    /// Cores of the contender, and those of generator and upstream; `None`: not pinned.
    pub(crate) pinned: Option<(String, String)>,
    /// The compiler that built Weir and the bare Pingora.
    pub(crate) compiler: String,
}

/// One contender, one cell, one round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) cell: String,
    pub(crate) contender: Contender,
    pub(crate) round: u32,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    pub(crate) events: u64,
    pub(crate) reads: u64,
    pub(crate) errors: u64,
    pub(crate) last_error: Option<String>,
    /// Of the contender, in the window.
    pub(crate) cpu_seconds: f64,
    /// Of generator and of upstream.
    pub(crate) generator_cpu_seconds: f64,
    pub(crate) upstream_cpu_seconds: f64,
    /// Of all processor time in the window, what the hypervisor took.
    pub(crate) steal: f64,
    /// Of whole answers; `None` in cells of streams.
    pub(crate) latency: Option<Quantiles>,
    pub(crate) first_event: Option<Quantiles>,
    /// Of an event on its way from the upstream.
    pub(crate) delay: Option<Quantiles>,
    pub(crate) memory: Option<Memory>,
}

/// Seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Quantiles {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Resident bytes in a cell that reads them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Before the load, fresh.
    pub(crate) before: u64,
    /// While all streams are open.
    pub(crate) open: u64,
    /// Five seconds after the last one has gone.
    pub(crate) after: u64,
}

/// A round that counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dropped {
    pub(crate) cell: String,
    pub(crate) round: u32,
    pub(crate) why: String,
}

/// A contender that has no sample in a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) cell: String,
    pub(crate) contender: Contender,
    pub(crate) round: u32,
    pub(crate) why: String,
}

/// Instructions in user space that a contender takes for one piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// Such as `request-1k`, `request-256k`, `event-paced`, `event-burst-128`, `event-burst-2048`.
    pub(crate) work: String,
    pub(crate) contender: Contender,
    /// The median of all counts.
    pub(crate) each: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Requests that name models nobody has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Junk {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    /// Requests so far, resident bytes then, and lines of `/metrics`.
    pub(crate) readings: Vec<(u64, u64, u64)>,
}

/// `/metrics` while the proxy works.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Scrape {
    pub(crate) series: u64,
    pub(crate) bytes: u64,
    /// Seconds that a scrape took while nobody asked for anything else: in text 0.0.4 …
    pub(crate) seconds: Quantiles,
    /// … in OpenMetrics …
    pub(crate) seconds_open_metrics: Quantiles,
    /// … and in protocol buffers, with native histograms.
    pub(crate) seconds_protobuf: Quantiles,
    /// In OpenMetrics, while streams went through it.
    pub(crate) seconds_with_streams: Quantiles,
    /// Of a processor, for each of those.
    pub(crate) cpu_seconds: f64,
    /// Delay of those streams' events while nobody scraped, and while somebody did all the time.
    pub(crate) delay_without: Quantiles,
    pub(crate) delay_with: Quantiles,
}

/// Why results could not be kept, or read again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultsError {
    #[error("writing {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("reading {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not what `weir-bench run` writes as results.json", path.display())]
    Content { path: PathBuf, source: serde_json::Error },
}

impl Results {
    pub(crate) fn read(path: &Path) -> Result<Self, ResultsError> {
        let bytes = fs::read(path)
            .map_err(|source| ResultsError::Read { path: path.to_owned(), source })?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ResultsError::Content { path: path.to_owned(), source })
    }

    /// Whoever reads the file meanwhile, or after a crash, finds the old ones or these.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ResultsError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|source| ResultsError::Content { path: path.to_owned(), source })?;
        text.push(b'\n');
        let beside = path.with_extension("json.new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|source| ResultsError::Write { path: path.to_owned(), source })
    }
}

#[cfg(test)]
pub(crate) mod made_up;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_as_they_are_written() {
        let folder = std::env::temp_dir().join(format!("weir-results-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("results.json");
        let mut results = made_up::results();
        results.write(&path).unwrap();
        results.samples.push(made_up::events("paced-5ms-20", Contender::HaproxyTcp, 3, 40.5));
        results.idle_memory.insert(Contender::BarePlain, 7_000_000);
        results.absent.insert(Contender::Envoy, "it is not installed".to_owned());
        results.write(&path).unwrap();
        let again = Results::read(&path).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&results).unwrap());
        assert_eq!(again.samples[0].contender, Contender::HaproxyTcp);
        // Nothing lies about.
        let files = fs::read_dir(&folder).unwrap().count();
        fs::write(&path, "{}").unwrap();
        let other = Results::read(&path).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, 1);
        assert!(
            other.ends_with("results.json is not what `weir-bench run` writes as results.json")
        );
    }
}
