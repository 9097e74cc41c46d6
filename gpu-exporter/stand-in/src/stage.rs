//! What the library remembers between calls: the script as last read, who has opened it, and what it has
//! given out.

mod read;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

use crate::script::{Gpu, Script};
use read::Stamp;

static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::new()));

/// The library's memory.
pub(crate) struct Stage {
    /// The script but for its GPUs.
    pub(crate) script: Script,
    gpus: Vec<Arc<Gpu>>,
    stamp: Option<Stamp>,
    log: Option<File>,
    began: Instant,
    /// How often it was opened without being closed.
    pub(crate) opened: u32,
    /// Goes up whenever it is opened anew: what was given out before is stale.
    epoch: u16,
    /// How many XID events were told.
    pub(crate) told: usize,
    /// GPUs that each set of events was registered for.
    pub(crate) sets: BTreeMap<usize, Vec<usize>>,
    /// What each sample of GPM was taken of, and when.
    pub(crate) samples: BTreeMap<usize, Option<Sample>>,
    given: usize,
}

/// A sample of GPM that was taken.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) gpu: usize,
    pub(crate) at: Instant,
}

impl Stage {
    fn new() -> Self {
        Self {
            script: Script::default(),
            gpus: Script::default().gpus.into_iter().map(Arc::new).collect(),
            stamp: None,
            log: None,
            began: Instant::now(),
            opened: 0,
            epoch: 0,
            told: 0,
            sets: BTreeMap::new(),
            samples: BTreeMap::new(),
            given: 0,
        }
    }

    /// The stage with the script as it is now.
    pub(crate) fn now() -> MutexGuard<'static, Self> {
        let mut stage = STAGE.lock();
        stage.refresh();
        stage
    }

    /// Notes that it was opened once more.
    pub(crate) fn open(&mut self) {
        if self.opened == 0 {
            self.epoch = self.epoch.wrapping_add(1);
        }
        self.opened += 1;
    }

    /// Notes that it was closed once; the last time, everything given out is taken back.
    pub(crate) fn close(&mut self) {
        self.opened -= 1;
        if self.opened == 0 {
            self.sets.clear();
            self.samples.clear();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.gpus.len()
    }

    /// The GPU with this index as it is at this moment.
    pub(crate) fn gpu(&self, index: usize) -> Option<Arc<Gpu>> {
        let gpu = self.gpus.get(index)?;
        let elapsed = self.began.elapsed().as_secs_f64();
        Some(match self.script.wave_seconds {
            Some(period) => Arc::new(gpu.at(elapsed, period)),
            None => Arc::clone(gpu),
        })
    }

    pub(crate) fn index_of(&self, uuid: &[u8]) -> Option<usize> {
        self.gpus.iter().position(|gpu| gpu.uuid.as_bytes() == uuid)
    }

    /// A number for this GPU that is good until the library is opened anew or the script says otherwise.
    pub(crate) fn handle(&self, index: usize) -> usize {
        usize::from(self.epoch) << 16 | usize::from(self.script.handles) << 8 | (index + 1)
    }

    /// The GPU that such a number is of, if it is still good.
    pub(crate) fn index(&self, handle: usize) -> Option<usize> {
        let index = (handle & 0xff).checked_sub(1)?;
        (self.handle(index) == handle && index < self.gpus.len()).then_some(index)
    }

    /// A number for something else that is given out.
    pub(crate) fn give(&mut self) -> usize {
        self.given += 1;
        self.given
    }
}
