//! The NVIDIA driver as a source. Only `library` names NVML; all else here is about plain numbers.

mod fields;
mod history;
mod library;
mod number;
mod processes;
mod reading;
mod refusal;
mod support;
mod throttle;
mod watch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::{GpuSource, SourceError};
use crate::sampler::Open;
use crate::snapshot::{Driver, Gpu, GpuError, Identity, Reading, Snapshot};
use fields::Numbering;
use history::History;
use library::{Library, Sample};
use reading::{Asking, MOST_LINKS};
use refusal::Refusal;
use support::{Stop, Support};
use watch::Watch;

/// As the driver's packages and the container toolkit name it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// Opens the driver's library, by its name or path if it is not the usual one. What must outlive an
/// initialisation, such as the counts of XIDs, is kept by what is returned: use one for all openings.
pub fn opener(library: Option<PathBuf>) -> Open {
    let library = library.unwrap_or_else(|| PathBuf::from(LIBRARY));
    let history = Arc::new(History::default());
    Box::new(move || Ok(Box::new(Nvml::open(&library, &history)?)))
}

/// NVML, initialised. When a read fails, it is dropped and opened anew.
struct Nvml {
    library: Arc<Library>,
    driver: Driver,
    numbering: Numbering,
    cards: Vec<Card>,
    history: Arc<History>,
    _watch: Option<Watch>,
}

/// What is kept of one GPU between reads.
struct Card {
    identity: Identity,
    support: Support,
    sample: Option<Sample>,
    links: u32,
}

impl Nvml {
    /// Loads the driver's library and initialises all GPUs.
    fn open(library: &Path, history: &Arc<History>) -> Result<Self, SourceError> {
        let library = Arc::new(Library::open(library)?);
        let mut cards = Vec::new();
        for index in 0..library.gpus()? {
            match library.device(index) {
                Ok(device) => cards.push(Card::new(device.identity(index))),
                Err(Refusal::NotAllowed) => {
                    tracing::debug!(gpu = index, "Not for this process to ask; it is left out.");
                }
                Err(Refusal::Source(error)) => return Err(error),
                // Lost already. That it is there must be seen.
                Err(_) => cards.push(Card::new(Identity { index, ..Identity::default() })),
            }
        }
        let named = |card: &Card| (card.identity.index, card.identity.uuid.clone());
        let watch = watch::watch(&library, cards.iter().map(named).collect(), history);
        let (driver, numbering) = (library.driver(), library.numbering());
        let history = Arc::clone(history);
        Ok(Self { library, driver, numbering, cards, history, _watch: watch })
    }

    fn tell_what_is_not_supported(&self) {
        let all: BTreeSet<_> =
            self.cards.iter().flat_map(|card| card.support.unsupported()).collect();
        let list = all.iter().copied().collect::<Vec<_>>().join(", ");
        if self.history.is_news(all) {
            tracing::info!(list, "A GPU or its driver cannot tell these; they are absent.");
        }
    }
}

impl GpuSource for Nvml {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let taken = SystemTime::now();
        let mut gpus = Vec::with_capacity(self.cards.len());
        for card in &mut self.cards {
            let reading = match card.read(&self.library, self.numbering) {
                Ok(reading) => Ok(reading),
                Err(Stop::Gpu(error)) => Err(error),
                Err(Stop::Source(error)) => return Err(error),
            };
            let xids = self.history.xids(&card.identity.uuid);
            gpus.push(Gpu { identity: card.identity.clone(), xids, reading });
        }
        self.tell_what_is_not_supported();
        // Handles that went stale, a driver that was reloaded: only a new initialisation helps.
        if !gpus.is_empty() && gpus.iter().all(|gpu| gpu.reading.is_err()) {
            let detail = self.cards.iter().find_map(|card| card.support.all_failed());
            let detail = detail.unwrap_or("they are lost, or need a reset").to_owned();
            return Err(SourceError::NoGpuAnswers { gpus: gpus.len(), detail });
        }
        Ok(Snapshot { taken, driver: Some(self.driver.clone()), gpus })
    }
}

impl Card {
    fn new(identity: Identity) -> Self {
        Self { identity, support: Support::default(), sample: None, links: MOST_LINKS }
    }

    fn read(&mut self, library: &Arc<Library>, numbering: Numbering) -> Result<Reading, Stop> {
        self.support.begin();
        let device = self.support.note("handle", library.device(self.identity.index));
        let device = device.and_then(|device| device.ok_or(Stop::Gpu(GpuError::Failed)));
        let read = device.and_then(|device| {
            if self.identity.uuid.is_empty() {
                self.identity = device.identity(self.identity.index);
            }
            // A handle alone is no sign of life.
            self.support.begin();
            let Self { support, sample, links, .. } = self;
            Asking { device, support, sample, links }.read(library, numbering)
        });
        if read.is_err() {
            self.sample = None;
        }
        read
    }
}
