//! The NVIDIA driver as a source. Only `library` names NVML; all else here is about plain numbers.

mod fields;
mod kept;
mod library;
mod mend;
mod number;
mod processes;
mod reading;
mod refusal;
mod support;
mod throttle;
mod watch;
mod wrap;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::asking::Asking;
use super::history::History;
use super::{GpuSource, SourceError};
use crate::sampler::Open;
use crate::snapshot::{Driver, Gpu, GpuError, Identity, Reading, Snapshot};
use fields::Numbering;
use kept::Kept;
use library::{Library, Sample};
use mend::Trouble;
use reading::{MOST_LINKS, Reader, Wraps};
use refusal::Refusal;
use support::{Stop, Support};
use watch::Watch;

/// As the driver's packages and the container toolkit name it.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// Opens the driver's library, by its name or path if it is not the usual one. XIDs go to `history`. What
/// must outlive an initialisation is kept by what is returned: use one for all openings.
pub fn opener(library: Option<PathBuf>, history: &Arc<History>) -> Open {
    let library = library.unwrap_or_else(|| PathBuf::from(LIBRARY));
    let kept = Arc::new(Kept::new(history));
    Box::new(move |asking| Ok(Box::new(Nvml::open(&library, &kept, asking)?)))
}

/// NVML, initialised. When a read fails, it is dropped and opened anew.
struct Nvml {
    library: Arc<Library>,
    driver: Driver,
    opening: u64,
    cards: Vec<Card>,
    kept: Arc<Kept>,
    asking: Arc<Asking>,
    spent: bool,
    _watch: Option<Watch>,
}

/// What is kept of one GPU between reads.
struct Card {
    identity: Identity,
    support: Support,
    sample: Option<Sample>,
    links: u32,
    /// It could not be asked once since the driver was initialised.
    was_down: bool,
}

impl Nvml {
    /// Loads the driver's library and initialises all GPUs.
    fn open(path: &Path, kept: &Arc<Kept>, asking: &Arc<Asking>) -> Result<Self, SourceError> {
        asking.note(None, "initialising NVML");
        let library = Arc::new(Library::open(path)?);
        asking.note(None, "counting the GPUs");
        let gpus = library.gpus()?;
        asking.note(None, "version of the driver");
        let driver = library.driver();
        let mut cards = Vec::new();
        for index in 0..gpus {
            asking.note(Some(index), "what it is");
            let (identity, was_down) = match library.device(index) {
                Ok(device) => (device.identity(index), false),
                Err(Refusal::NotAllowed) => {
                    tracing::debug!(gpu = index, "Not for this process to ask; it is left out.");
                    continue;
                }
                Err(Refusal::Source(error)) => return Err(error),
                // Lost already. That it is there must be seen.
                Err(_) => (Identity { index, ..Identity::default() }, true),
            };
            cards.push(Card::new(identity, was_down, asking));
        }
        asking.clear();
        let named = |card: &Card| (card.identity.index, card.identity.uuid.clone());
        let watch = watch::watch(&library, cards.iter().map(named).collect(), &kept.history);
        let (kept, asking, opening) = (Arc::clone(kept), Arc::clone(asking), kept.opening());
        Ok(Self { library, driver, opening, cards, kept, asking, spent: false, _watch: watch })
    }

    fn tell_what_is_not_supported(&self) {
        let all: BTreeSet<_> =
            self.cards.iter().flat_map(|card| card.support.unsupported()).collect();
        let list = all.iter().copied().collect::<Vec<_>>().join(", ");
        if self.kept.is_news(&all) {
            tracing::info!(list, "A GPU or its driver cannot tell these; they are absent.");
        }
    }

    /// The thread that hangs can't tell.
    fn tell_of_a_hang(&self) {
        match self.kept.history.hang_is_news() {
            Some(true) => tracing::warn!("Waiting for XIDs hangs in the driver; none is heard."),
            Some(false) => tracing::info!("Waiting for XIDs no longer hangs."),
            None => {}
        }
    }

    /// A driver that does not say its version at first may do so later.
    fn numbering(&mut self) -> Numbering {
        if self.driver.version.is_none() {
            self.asking.note(None, "version of the driver");
            self.driver = self.library.driver();
        }
        Numbering::of(self.driver.version.as_deref())
    }

    fn trouble(&mut self, gpus: &[Gpu]) -> Trouble {
        let mut trouble = if gpus.is_empty() { Trouble::Down } else { Trouble::None };
        for (card, gpu) in self.cards.iter_mut().zip(gpus) {
            if gpu.reading.is_err() {
                card.was_down = true;
                trouble = trouble.max(Trouble::Down);
            } else if card.was_down {
                trouble = Trouble::Returned;
            }
        }
        trouble
    }
}

impl GpuSource for Nvml {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let taken = SystemTime::now();
        let numbering = self.numbering();
        let mut gpus = Vec::with_capacity(self.cards.len());
        for card in &mut self.cards {
            let reading = match card.read(&self.library, numbering, &self.kept, self.opening) {
                Ok(reading) => Ok(reading),
                Err(Stop::Gpu(error)) => Err(error),
                Err(Stop::Source(error)) => return Err(error),
            };
            let uuid = &card.identity.uuid;
            let (xids, xid_watched) =
                (self.kept.history.xids(uuid), self.kept.history.watched(uuid));
            gpus.push(Gpu { identity: card.identity.clone(), xids, xid_watched, reading });
        }
        self.asking.clear();
        self.tell_what_is_not_supported();
        self.tell_of_a_hang();
        // Handles that went stale, a driver that was reloaded: only a new initialisation helps.
        if !gpus.is_empty() && gpus.iter().all(|gpu| gpu.reading.is_err()) {
            let detail = self.cards.iter().find_map(|card| card.support.all_failed());
            let detail = detail.unwrap_or("they are lost, or need a reset").to_owned();
            return Err(SourceError::NoGpuAnswers { gpus: gpus.len(), detail });
        }
        let trouble = self.trouble(&gpus);
        self.spent = self.kept.is_due(trouble);
        Ok(Snapshot { taken, driver: Some(self.driver.clone()), gpus })
    }

    fn is_spent(&self) -> bool {
        self.spent
    }
}

impl Card {
    fn new(identity: Identity, was_down: bool, asking: &Arc<Asking>) -> Self {
        let support = Support::new(identity.index, asking);
        Self { identity, support, sample: None, links: MOST_LINKS, was_down }
    }

    fn read(
        &mut self,
        library: &Arc<Library>,
        numbering: Numbering,
        kept: &Kept,
        opening: u64,
    ) -> Result<Reading, Stop> {
        self.support.begin();
        self.support.asking("handle");
        let device = self.support.note("handle", library.device(self.identity.index));
        let device = device.and_then(|device| device.ok_or(Stop::Gpu(GpuError::Failed)));
        let read = device.and_then(|device| {
            if self.identity.uuid.is_empty() {
                self.support.asking("what it is");
                self.identity = device.identity(self.identity.index);
            }
            // A handle alone is no sign of life.
            self.support.begin();
            let Self { identity, support, sample, links, .. } = self;
            let wraps = Wraps { kept, opening, uuid: &identity.uuid };
            Reader { device, support, sample, links, wraps }.read(library, numbering)
        });
        if read.is_err() {
            self.sample = None;
            kept.forget(&self.identity.uuid);
        }
        read
    }
}
