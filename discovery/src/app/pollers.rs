//! The pollers of LiteLLM and LangFuse: one for each that there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tracing::error;

use crate::config::Watching;
use crate::fetch::{Credentials, Server};
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
        let wanted = wanted(&state.fleet.lock(), watching, Instant::now());
        if wanted != self.gateways {
            self.gateways_are(state, wanted);
        }
        if watching.langfuse != self.projects {
            self.projects_are(state, &watching.langfuse);
        }
        state.sources.keep(SourceKind::Langfuse, |name| {
            self.projects.iter().any(|project| project.name == name)
        });
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
/// answer is to be seen. Then without a key: whoever has the address next is not to have that, too.
fn wanted(fleet: &Fleet, watching: &Watching, now: Instant) -> BTreeMap<String, Wanted> {
    let by_hand = watching.litellm.iter().filter_map(|config| {
        let url = config.url.clone()?;
        Some((config.name.clone(), Wanted { config: config.clone(), url, container_id: None }))
    });
    let mut wanted: BTreeMap<_, _> = by_hand.collect();
    // Those that run come first: one may have the name of another that is no more.
    for (member, url) in fleet.reached(Role::Litellm, now, watching.tombstone) {
        let known = watching.litellm.iter().find(|config| config.name == member.name);
        let mut config = known.cloned().unwrap_or_else(|| LitellmConfig::of_found(&member.name));
        if !member.runs() {
            config.credentials = Credentials::None;
        }
        let found = Wanted { config, url, container_id: Some(member.id().to_owned()) };
        wanted.entry(member.name.clone()).or_insert(found);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Secret;
    use crate::fleet::tests::{Rig, TOMBSTONE, container, litellm};

    fn key() -> Credentials {
        Credentials::Bearer(Secret::File("key".into()))
    }

    fn rig() -> Rig {
        let mut rig = Rig::new();
        let config = LitellmConfig { credentials: key(), ..LitellmConfig::of_found("litellm") };
        rig.watching.litellm.push(config);
        rig
    }

    fn of(rig: &Rig) -> Option<(String, Credentials)> {
        let wanted = wanted(&rig.fleet, &rig.watching, rig.now).remove("litellm")?;
        Some((wanted.url.host_str()?.to_owned(), wanted.config.credentials))
    }

    #[test]
    fn one_that_is_made_anew_is_asked_instead_of_the_old_one() {
        for (old, new) in [('a', 'b'), ('b', 'a')] {
            let mut rig = rig();
            rig.has(litellm(old));
            rig.containers.by_id.clear();
            rig.has(litellm(new));
            let address = format!("172.17.0.{}", new.to_digit(16).unwrap());
            assert_eq!(of(&rig), Some((address, key())), "{old} then {new}");
        }
    }

    #[test]
    fn what_has_ended_is_shown_no_key_and_its_successor_is_not_asked() {
        let mut rig = rig();
        rig.has(litellm('a'));
        assert_eq!(of(&rig), Some(("172.17.0.10".to_owned(), key())));
        rig.stops('a');
        assert_eq!(of(&rig), Some(("172.17.0.10".to_owned(), Credentials::None)));
        let mut other = container("other", 'b', &["python3", "-m", "http.server", "4000"]);
        other.networks = litellm('a').networks;
        rig.has(other);
        assert_eq!(of(&rig), None);
        rig.later(TOMBSTONE);
        assert_eq!(of(&rig), None);
    }
}
