//! What the process says of itself while it is under load: memory and file descriptors, scrape by
//! scrape.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use weir_sim::Scrape;

use crate::talk;

/// One scrape.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Duration,
    resident: usize,
    active: f64,
}

/// Every scrape of a run.
pub(crate) struct Samples {
    admin: SocketAddr,
    began: Instant,
    taken: Vec<Sample>,
    started: f64,
}

impl Samples {
    pub(crate) fn of(admin: SocketAddr) -> Self {
        Self { admin, began: Instant::now(), taken: Vec::new(), started: 0.0 }
    }

    /// Scrapes; counters may only rise.
    pub(crate) fn take(&mut self) -> Scrape {
        let scrape = talk::scrape(self.admin);
        let started = scrape.sum("llm_requests_started_total", &[]).unwrap_or(0.0);
        assert!(started >= self.started, "{started} started, {} before", self.started);
        self.started = started;
        self.taken.push(Sample {
            at: self.began.elapsed(),
            resident: resident(&scrape),
            active: scrape.sum("llm_active_requests", &[]).unwrap_or(0.0),
        });
        scrape
    }

    /// Most memory that was held between these parts of the run (0 to 1).
    pub(crate) fn resident(&self, from: f64, to: f64) -> usize {
        let whole = self.taken.last().unwrap().at.as_secs_f64();
        let within =
            |sample: &&Sample| (from * whole..=to * whole).contains(&sample.at.as_secs_f64());
        self.taken.iter().filter(within).map(|sample| sample.resident).max().unwrap()
    }

    /// Most requests that were under way in a scrape.
    pub(crate) fn most_active(&self) -> f64 {
        self.taken.iter().map(|sample| sample.active).fold(0.0, f64::max)
    }

    pub(crate) fn count(&self) -> usize {
        self.taken.len()
    }
}

/// Bytes that the process holds.
pub(crate) fn resident(scrape: &Scrape) -> usize {
    scrape.value("process_resident_memory_bytes", &[]).unwrap() as usize
}

pub(crate) fn descriptors(scrape: &Scrape) -> usize {
    scrape.value("process_open_fds", &[]).unwrap() as usize
}
