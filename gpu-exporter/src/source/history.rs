//! XIDs that were counted, and of which GPUs they are heard: kept for as long as the exporter runs, filled by
//! the thread that waits for them, and shown whether or not the GPUs can be read. The worst come when they
//! can't.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use crate::snapshot::{Snapshot, Xid};

/// Threads that wait for events and may hang in the driver, each of an initialisation before.
const MOST_WATCHERS: usize = 4;

/// Codes that are counted of one GPU; there are fewer than 200. A broken driver must not add up to more.
const MOST_CODES: usize = 256;

/// A thread that waits for events shows a sign of life much more often.
const HANGS: Duration = Duration::from_secs(5);

/// Of all GPUs.
#[derive(Debug, Default)]
pub struct History(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    xids: BTreeMap<String, BTreeMap<u64, Xid>>,
    ears: BTreeMap<String, Ear>,
    /// When a thread that waits for events last showed a sign of life.
    alive: Option<Instant>,
    told_of_hang: bool,
    watchers: usize,
    started: u64,
    newest: u64,
}

/// Whether the XIDs of a GPU are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Not known yet.
    Waiting,
    Hears,
    /// Not now.
    Deaf,
    /// It does not tell of any.
    Never,
}

impl History {
    /// Those of a GPU, by code.
    pub(crate) fn xids(&self, uuid: &str) -> BTreeMap<u64, Xid> {
        self.0.lock().xids.get(uuid).cloned().unwrap_or_default()
    }

    /// Whether XIDs of a GPU are heard; nothing if it tells of none, or if it is not known yet.
    pub(crate) fn watched(&self, uuid: &str) -> Option<bool> {
        self.0.lock().watched(uuid, Instant::now())
    }

    /// The snapshot with what has come to be known since it was taken.
    pub(crate) fn refreshed<'a>(&self, snapshot: &'a Snapshot) -> Cow<'a, Snapshot> {
        let (inner, now) = (self.0.lock(), Instant::now());
        let mut snapshot = Cow::Borrowed(snapshot);
        for at in 0..snapshot.gpus.len() {
            let gpu = &snapshot.gpus[at];
            let uuid = gpu.identity.uuid.clone();
            let xids = inner.xids.get(&uuid).filter(|xids| **xids != gpu.xids);
            let watched = inner.ears.get(&uuid).map(|_| inner.watched(&uuid, now));
            let watched = watched.filter(|watched| *watched != gpu.xid_watched);
            if let Some(xids) = xids {
                snapshot.to_mut().gpus[at].xids.clone_from(xids);
            }
            if let Some(watched) = watched {
                snapshot.to_mut().gpus[at].xid_watched = watched;
            }
        }
        snapshot
    }

    /// Somebody sets out to listen to these.
    pub(crate) fn begin<'a>(&self, uuids: impl Iterator<Item = &'a str>) {
        let mut inner = self.0.lock();
        inner.alive = Some(Instant::now());
        for uuid in uuids {
            inner.ears.entry(uuid.to_owned()).or_insert(Ear::Waiting);
        }
    }

    /// What became of that. Whether it was otherwise before.
    pub(crate) fn set(&self, uuid: &str, ear: Ear) -> bool {
        self.0.lock().ears.insert(uuid.to_owned(), ear) != Some(ear)
    }

    /// Whether whoever waits for events hangs in the driver, if the log has not been told so.
    pub(crate) fn hang_is_news(&self) -> Option<bool> {
        let mut inner = self.0.lock();
        let hangs = inner.hangs(Instant::now())
            && inner.ears.values().any(|ear| matches!(ear, Ear::Hears | Ear::Waiting));
        let news = hangs != inner.told_of_hang;
        inner.told_of_hang = hangs;
        news.then_some(hangs)
    }

    /// A place for one more thread that waits for events; nothing if too many hang.
    pub(crate) fn watcher(self: &Arc<Self>) -> Option<Watcher> {
        let mut inner = self.0.lock();
        if inner.watchers == MOST_WATCHERS {
            return None;
        }
        inner.watchers += 1;
        inner.started += 1;
        Some(Watcher { history: Arc::clone(self), number: inner.started })
    }
}

impl Inner {
    fn watched(&self, uuid: &str, now: Instant) -> Option<bool> {
        match self.ears.get(uuid)? {
            Ear::Never => None,
            Ear::Deaf => Some(false),
            Ear::Hears => Some(!self.hangs(now)),
            Ear::Waiting => self.hangs(now).then_some(false),
        }
    }

    fn hangs(&self, now: Instant) -> bool {
        self.alive.is_some_and(|alive| now.saturating_duration_since(alive) > HANGS)
    }
}

/// Who counts events. A source that hangs is left to itself and its watcher lives on, beside that of the
/// next source; the driver tells both, and only the newest that listens counts. The place is free again
/// when it is dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    history: Arc<History>,
    number: u64,
}

impl Watcher {
    /// It listens now; those before it no longer count.
    pub(crate) fn take_over(&self) {
        let mut inner = self.history.0.lock();
        inner.newest = inner.newest.max(self.number);
    }

    /// It does not hang.
    pub(crate) fn lives(&self) {
        let mut inner = self.history.0.lock();
        if self.number >= inner.newest {
            inner.alive = Some(Instant::now());
        }
    }

    /// What became of listening to a GPU; whether that is news.
    pub(crate) fn set(&self, uuid: &str, ear: Ear) -> bool {
        let outdated = self.number < self.history.0.lock().newest;
        !outdated && self.history.set(uuid, ear)
    }

    /// An event with an XID has come: how many with this code there are now of this GPU, or nothing if it
    /// is not counted.
    pub(crate) fn count(&self, uuid: &str, code: u64, at: SystemTime) -> Option<u64> {
        let mut inner = self.history.0.lock();
        if inner.newest != self.number {
            return None;
        }
        let codes = inner.xids.entry(uuid.to_owned()).or_default();
        if codes.len() == MOST_CODES && !codes.contains_key(&code) {
            return None;
        }
        let xid = codes.entry(code).or_insert(Xid { count: 0, last: at });
        *xid = Xid { count: xid.count + 1, last: at };
        Some(xid.count)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.history.0.lock().watchers -= 1;
    }
}

#[cfg(test)]
mod tests;
