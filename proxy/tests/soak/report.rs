//! What came of a run: in words, and what of it must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use weir_sim::Scrape;

use crate::samples::{Samples, descriptors, resident};
use crate::tally::{Outcomes, Tally};
use crate::witness::Witness;

/// By what the memory under load may differ between the first third and the end: streams are
/// longer or shorter by chance, and the allocator keeps what it once had. What is kept of every
/// request shows in a long run: 100 bytes each are this much after 160,000 requests.
const GROWTH: usize = 16 << 20;

/// One request in so many may be answered 502 because of a stale connection: where the machine has
/// more to do than it can, Weir may notice only after the 100 ms in which it sends a request again.
const LATE: u64 = 500;

/// What is compared, and what is shown.
pub(crate) struct Report<'a> {
    pub(crate) took: Duration,
    pub(crate) reloads: usize,
    pub(crate) tally: &'a Tally,
    pub(crate) witness: &'a Witness,
    pub(crate) samples: &'a Samples,
    /// Before the crowd came.
    pub(crate) first: &'a Scrape,
    /// When every request had ended.
    pub(crate) last: &'a Scrape,
    /// When every connection was closed, too.
    pub(crate) idle: &'a Scrape,
}

impl Report<'_> {
    /// Requests that were sent and are not in the ledger; fewer than none are counted twice.
    fn lost(&self) -> i64 {
        self.tally.requests() as i64 - self.sum("llm_requests_started_total") as i64
    }

    /// Memory under load: when everything had happened once, and at the end.
    fn memory(&self) -> (usize, usize) {
        (self.samples.resident(0.2, 0.4), self.samples.resident(0.9, 1.0))
    }

    fn sum(&self, name: &str) -> u64 {
        self.last.sum(name, &[]).unwrap_or(0.0) as u64
    }

    /// The ledger's outcomes, by endpoint, that are not 0.
    fn outcomes(&self) -> Outcomes {
        let mut outcomes = Outcomes::new();
        for sample in self.last.matching("llm_requests_total", &[]).filter(|it| it.value > 0.0) {
            let label = |name| sample.label(name).unwrap().to_owned();
            *outcomes.entry((label("endpoint"), label("outcome"))).or_default() +=
                sample.value as u64;
        }
        outcomes
    }

    /// Where clients and ledger differ.
    fn differences(&self) -> Vec<String> {
        let (clients, ledger) = (self.tally.outcomes(), self.outcomes());
        let keys: BTreeSet<_> = clients.keys().chain(ledger.keys()).collect();
        let differs = keys.into_iter().filter(|key| clients.get(key) != ledger.get(key));
        let words = differs.map(|key| {
            let count = |of: &Outcomes| of.get(key).copied().unwrap_or(0);
            let (endpoint, outcome) = key;
            format!("{endpoint} {outcome}: clients {}, ledger {}", count(&clients), count(&ledger))
        });
        words.collect()
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let kib = |bytes: usize| format!("{} KiB", bytes >> 10);
        let seconds = self.took.as_secs_f64();
        let (requests, passed) = (self.tally.requests(), self.tally.unmetered());
        let rate = (requests + passed) as f64 / seconds;
        let (streams, active) = (self.tally.most_streams(), self.samples.most_active());
        let (twice, retries) = (self.witness.twice(), self.sum("weir_upstream_retries_total"));
        let (before, after) = self.memory();
        let (first, last) = (resident(self.first), resident(self.idle));
        vec![
            (
                "load held",
                format!(
                    "{rate:.0} requests/s for {seconds:.0} s, up to {active} at once, of which up \
                     to {streams} streams; {} reloads, {} scrapes",
                    self.reloads,
                    self.samples.count()
                ),
            ),
            ("requests", format!("{requests} to models, {passed} others")),
            ("ledger", format!("{} started", self.sum("llm_requests_started_total"))),
            ("lost", self.lost().to_string()),
            ("duplicated", self.witness.duplicated().len().to_string()),
            (
                "sent again",
                format!("{retries} by the rule, of which the upstream saw {twice} twice"),
            ),
            ("noticed late", format!("{} stale connections, after 100 ms", self.tally.late())),
            ("memory", format!("first {}, last {}, under load", kib(before), kib(after))),
            ("memory, idle", format!("first {}, last {}", kib(first), kib(last))),
            (
                "descriptors",
                format!("first {}, last {}", descriptors(self.first), descriptors(self.idle)),
            ),
        ]
    }

    /// What must hold.
    pub(crate) fn check(&self) {
        assert_eq!(self.lost(), 0, "requests that the ledger lacks, or has too many of");
        assert_eq!(self.tally.answered_by_nobody(), [""; 0], "answered, but seen by no upstream");
        assert_eq!(self.witness.duplicated(), [""; 0], "sent again against the rule");
        assert_eq!(self.differences(), [""; 0], "outcomes");
        let (late, requests) = (self.tally.late(), self.tally.requests());
        assert!(late <= 1 + requests / LATE, "{late} of {requests} met a stale connection");
        assert_eq!(self.sum("llm_active_requests"), 0);
        assert_eq!(self.sum("weir_passthrough_requests_total"), self.tally.unmetered());
        let retries = self.sum("weir_upstream_retries_total");
        assert!(self.witness.twice() <= retries, "{} twice, {retries}", self.witness.twice());
        assert_eq!(self.last.value("weir_config_last_reload_success", &[]), Some(1.0));
        let failures = [("result", "failure")];
        assert_eq!(self.last.value("weir_config_reloads_total", &failures), Some(0.0));
        let (before, after) = self.memory();
        assert!(after < before + GROWTH, "memory went from {before} to {after} bytes");
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, text) in self.lines() {
            writeln!(f, "{title:<17}{text}")?;
        }
        list(f, "faults injected", &self.tally.faults())?;
        let mut outcomes = BTreeMap::new();
        for ((_, outcome), count) in self.outcomes() {
            *outcomes.entry(outcome).or_insert(0) += count;
        }
        list(f, "outcomes", &outcomes)
    }
}

/// A sum, and what it consists of.
fn list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    counts: &BTreeMap<impl fmt::Display, u64>,
) -> fmt::Result {
    writeln!(f, "{title:<17}{}", counts.values().sum::<u64>())?;
    counts.iter().try_for_each(|(name, count)| writeln!(f, "{count:>17}  {name}"))
}
