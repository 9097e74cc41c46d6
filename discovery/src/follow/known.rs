//! What is known of the containers, and what others see of it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::kills::Kills;
use crate::container::Container;

/// What a container runtime has said.
#[derive(Clone, Debug, Default)]
pub struct Containers {
    /// The containers by their ids. While the runtime can't be asked, those that were known last.
    pub by_id: BTreeMap<String, Container>,
    /// Whether a full list has been read, and all of it is still followed.
    pub listed: bool,
    /// Why the runtime can't be followed; with `listed`, why some containers are not up to date.
    pub error: Option<String>,
    /// Whether no runtime was to be found where one is looked for, no address being configured.
    pub absent: bool,
    /// How often the kernel has killed each for its use of memory since it is followed, by id.
    pub oom_kills: BTreeMap<String, u64>,
    /// Containers that are left out because there are too many.
    pub left_out: usize,
}

/// The same, while it changes.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) seen: Containers,
    kills: BTreeMap<String, Kills>,
    /// Whether a list has ever been read: what comes after that is new.
    has_list: bool,
}

impl Known {
    /// A list was read, and all that it names has been asked about.
    pub(super) fn list_is_complete(&mut self) {
        self.has_list = true;
        self.seen.absent = false;
        if !std::mem::replace(&mut self.seen.listed, true) {
            self.seen.error = None;
        }
    }

    /// The runtime can't be followed any more.
    pub(super) fn lost(&mut self, error: String, absent: bool) {
        self.seen.listed = false;
        self.seen.error = Some(error);
        self.seen.absent = absent;
    }

    /// A container's description was read.
    pub(super) fn put(&mut self, container: Container) {
        let is_new = self.has_list && !self.seen.by_id.contains_key(&container.id);
        let kills = self.kills.entry(container.id.clone()).or_default();
        kills.state(&container.state, is_new);
        self.seen.oom_kills.insert(container.id.clone(), kills.count());
        self.seen.by_id.insert(container.id.clone(), container);
    }

    /// The kernel has killed it.
    pub(super) fn killed(&mut self, id: &str, at: SystemTime) {
        let kills = self.kills.entry(id.to_owned()).or_default();
        kills.event(at);
        self.seen.oom_kills.insert(id.to_owned(), kills.count());
    }

    /// A container is gone.
    pub(super) fn remove(&mut self, id: &str) {
        self.seen.by_id.remove(id);
        self.seen.oom_kills.remove(id);
        self.kills.remove(id);
    }
}
