//! All that is watched: containers, and engines named by hand. Pure but for what asking engines leaves in
//! `Asked`; `fleet/tasks.rs` sees to it that they are asked.

mod claims;
mod gone;
mod member;
mod plan;
mod tasks;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::address;
use crate::config::{EngineConfig, Watching};
use crate::container::Container;
use crate::follow::Containers;

pub use member::{Life, Member};
pub(crate) use tasks::Tasks;

/// Longest time that lists wait for engines that do not answer.
const SETTLING: Duration = Duration::from_secs(10);

/// All that is watched, by key: a container's id, or `hand/` and a name.
#[derive(Debug, Default)]
pub struct Fleet {
    members: BTreeMap<String, Member>,
    /// Why it is not known which containers there are.
    containers_error: Option<String>,
    /// Whether containers are asked for, and were listed.
    listed: Option<bool>,
    /// Whether there is nothing that could be asked.
    is_idle: bool,
    /// Since when it is known what there is.
    known_since: Option<Instant>,
    /// Whether everything that there was then has been asked once, or had the time for it.
    is_settled: bool,
}

/// What containers and configuration say, at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Which containers there are; `None`: they are not asked for.
    pub containers: Option<&'a Containers>,
    /// Whether there is no runtime to ask for them where one is looked for, and nothing else is configured.
    pub is_idle: bool,
    /// What is configured.
    pub watching: &'a Watching,
    /// Where discovery itself is.
    pub place: &'a address::Place,
    /// Now.
    pub now: Instant,
}

impl Fleet {
    /// Takes what is said now.
    pub fn update(&mut self, said: &Said<'_>) {
        let nothing = BTreeMap::new();
        let by_id = said.containers.map_or(&nothing, |containers| &containers.by_id);
        for container in by_id.values() {
            self.member(&container.id).is_now(container, said.now);
        }
        self.listed = said.containers.map(|containers| containers.listed);
        self.is_idle = said.is_idle;
        if let Some(containers) = said.containers {
            self.containers_error.clone_from(&containers.error);
            self.note_oom_kills(containers);
            if containers.listed {
                self.note_removed(by_id, said.now);
            }
        }
        self.members.retain(|_, member| !member.is_forgotten(said.now, said.watching.tombstone));
        self.take_named_by_hand(said);
        plan::addresses(&mut self.members, by_id, said);
        plan::routes(&mut self.members, said);
        self.settle(said.now);
    }

    /// Before that, lists would lack what only asking tells. What comes later is listed as it becomes known.
    fn settle(&mut self, now: Instant) {
        if self.listed == Some(false) {
            return;
        }
        let since = *self.known_since.get_or_insert(now);
        self.is_settled |=
            now.duration_since(since) >= SETTLING || !self.members.values().any(Member::is_unasked);
    }

    /// All, by key.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    fn member(&mut self, key: &str) -> &mut Member {
        self.members.entry(key.to_owned()).or_default()
    }

    fn note_oom_kills(&mut self, containers: &Containers) {
        for (id, kills) in &containers.oom_kills {
            if let Some(member) = self.members.get_mut(id) {
                member.oom_kills = *kills;
            }
        }
    }

    fn note_removed(&mut self, by_id: &BTreeMap<String, Container>, now: Instant) {
        for (key, member) in &mut self.members {
            if member.container.is_some() && !by_id.contains_key(key) {
                member.is_removed(now);
            }
        }
    }

    /// Engines with a URL are members of their own; those without lend theirs to the container of that name.
    fn take_named_by_hand(&mut self, said: &Said<'_>) {
        let engines = &said.watching.engines;
        self.members.retain(|_, member| {
            let is_it = |engine: &EngineConfig| engine.url.is_some() && engine.name == member.name;
            member.container.is_some() || engines.iter().any(is_it)
        });
        for engine in engines.iter().filter(|engine| engine.url.is_some()) {
            self.member(&format!("hand/{}", engine.name)).is_by_hand(engine);
        }
    }
}
