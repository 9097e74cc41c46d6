//! The pollers of LiteLLM and LangFuse: one for each that there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tracing::error;

use crate::config::Watching;
use crate::fetch::Server;
use crate::fleet::Fleet;
use crate::langfuse::{self, Project};
use crate::litellm::{self, Gateway, LitellmConfig};
use crate::recognize::Role;
use crate::source::SourceKind;
use crate::state::State;

/// What the pollers that run were started with, by name.
#[derive(Debug, Default)]
pub(super) struct Pollers {
    gateways: BTreeMap<String, Wanted>,
    projects: Vec<Project>,
}

/// A gateway that is to be asked.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    config: LitellmConfig,
    url: reqwest::Url,
    container_id: Option<String>,
}

impl Pollers {
    /// Starts and ends what has to be. Call it within a runtime.
    pub(super) fn match_to(&mut self, state: &State, watching: &Watching) {
        let wanted = wanted(&state.fleet.lock(), watching);
        if wanted != self.gateways {
            self.gateways_are(state, wanted);
        }
        if watching.langfuse != self.projects {
            self.projects_are(state, &watching.langfuse);
        }
    }

    /// Those that are the same go on.
    fn gateways_are(&mut self, state: &State, wanted: BTreeMap<String, Wanted>) {
        let mut running = state.gateways.lock();
        running.retain(|(name, _, _)| wanted.get(name) == self.gateways.get(name));
        for (name, new) in &wanted {
            if running.iter().any(|(known, _, _)| known == name) {
                continue;
            }
            let server = match Server::new(new.config.reach(new.url.clone())) {
                Ok(server) => server,
                Err(error) => {
                    error!(%error, name, "The LiteLLM proxy can't be asked.");
                    continue;
                }
            };
            let interval = new.config.interval;
            let container_id = new.container_id.clone();
            let gateway = Gateway {
                name: name.clone(),
                container_id: container_id.clone(),
                server,
                interval,
            };
            let poller = litellm::Poller::start(gateway, Arc::clone(&state.sources));
            running.push((name.clone(), container_id, poller));
        }
        running.sort_by(|(one, _, _), (other, _, _)| one.cmp(other));
        drop(running);
        self.gateways = wanted;
    }

    fn projects_are(&mut self, state: &State, wanted: &[Project]) {
        let mut running = state.projects.lock();
        for old in self.projects.iter().filter(|old| !wanted.contains(old)) {
            running.retain(|(name, _)| *name != old.name);
            state.sources.forget(SourceKind::Langfuse, &old.name);
        }
        for project in wanted {
            if !running.iter().any(|(known, _)| *known == project.name) {
                let poller = langfuse::Poller::start(project.clone(), Arc::clone(&state.sources));
                running.push((project.name.clone(), poller));
            }
        }
        drop(running);
        self.projects = wanted.to_vec();
    }
}

/// Those that are configured with a URL, and those that were found, also after their end: that they do not
/// answer is to be seen.
fn wanted(fleet: &Fleet, watching: &Watching) -> BTreeMap<String, Wanted> {
    let now = Instant::now();
    let by_hand = watching.litellm.iter().filter_map(|config| {
        let url = config.url.clone()?;
        Some((config.name.clone(), Wanted { config: config.clone(), url, container_id: None }))
    });
    let mut wanted: BTreeMap<_, _> = by_hand.collect();
    for member in fleet
        .members()
        .filter(|member| member.is_kept(now, watching.tombstone) && member.is(Role::Litellm))
    {
        let Some(url) = member.place() else { continue };
        let known = watching.litellm.iter().find(|config| config.name == member.name);
        let config = known.cloned().unwrap_or_else(|| LitellmConfig::of_found(&member.name));
        let found = Wanted { config, url, container_id: Some(member.id().to_owned()) };
        wanted.entry(member.name.clone()).or_insert(found);
    }
    wanted
}
