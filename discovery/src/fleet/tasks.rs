//! The tasks that ask engines: one for each that is to be watched.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::Fleet;
use crate::asked::Asked;
use crate::recognize::Role;
use crate::source::{SourceKind, Sources};
use crate::watch::{Subject, Watch};

/// Those that run, by key.
#[derive(Debug)]
pub(crate) struct Tasks {
    sources: Arc<Sources>,
    running: BTreeMap<String, Task>,
}

/// Ends with it.
#[derive(Debug)]
struct Task {
    subject: Subject,
    asked: Arc<Mutex<Asked>>,
    handle: AbortHandle,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Tasks {
    pub(crate) fn new(sources: Arc<Sources>) -> Self {
        Self { sources, running: BTreeMap::new() }
    }

    /// Starts and ends what has to be. Call it within a runtime.
    pub(crate) fn match_to(&mut self, fleet: &Fleet) {
        let wanted: BTreeMap<_, _> = fleet
            .members
            .iter()
            .filter_map(|(key, member)| Some((key, (member.subject.as_ref()?, &member.asked))))
            .filter(|(_, (subject, _))| subject.is_asked())
            .collect();
        self.running.retain(|key, task| {
            wanted.get(key).is_some_and(|(subject, asked)| {
                **subject == task.subject && Arc::ptr_eq(asked, &task.asked)
            })
        });
        self.sources.keep(SourceKind::Engine, |name| {
            let is_it = |subject: &Subject| subject.role == Role::Vllm && subject.source == name;
            wanted.values().any(|(subject, _)| is_it(subject))
        });
        for (key, (subject, asked)) in wanted {
            if self.running.contains_key(key) {
                continue;
            }
            let watch = Watch::new(subject.clone(), Arc::clone(asked), Arc::clone(&self.sources));
            let handle = tokio::spawn(watch.run()).abort_handle();
            let task = Task { subject: subject.clone(), asked: Arc::clone(asked), handle };
            self.running.insert(key.clone(), task);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task that is ended may be in the middle of saying how its engine does.
    #[test]
    fn what_is_said_of_an_engine_after_its_end_does_not_stay() {
        let sources = Arc::new(Sources::default());
        let mut tasks = Tasks::new(Arc::clone(&sources));
        sources.down(SourceKind::Engine, "gone", &"reset");
        sources.down(SourceKind::Docker, "docker", &"refused");
        tasks.match_to(&Fleet::default());
        let left: Vec<_> = sources.all().into_keys().map(|(kind, _)| kind).collect();
        assert_eq!(left, [SourceKind::Docker]);
    }
}
