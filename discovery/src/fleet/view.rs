//! What others want to know of the fleet, as plain data.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Url;

use super::{Fleet, Member};
use crate::engine::EngineView;
use crate::recognize::Role;
use crate::watch::Subject;

const IDLE: &str = "there is no container runtime where one is looked for (name its address by --docker or \
                    DOCKER_HOST), and nothing is configured by hand";

impl Fleet {
    /// Why it can't be told yet, or any more, what there is; `Ok` if it can.
    ///
    /// # Errors
    /// In words for the operator.
    pub fn is_known(&self) -> Result<(), String> {
        if self.listed == Some(false) {
            let why = self.containers_error.as_deref().unwrap_or("asking for the first time");
            return Err(format!("it is not known which containers there are: {why}"));
        }
        if self.is_idle {
            return Err(IDLE.to_owned());
        }
        if self.is_settled {
            return Ok(());
        }
        let unasked = self.members.values().find(|member| member.is_unasked());
        let name = unasked.map_or("everything", |member| &member.name);
        Err(format!("{name} is asked for the first time"))
    }

    /// All engines that run, or ended less than `tombstone` ago. Those named by hand are reached wherever their
    /// containers are.
    pub fn engines(&self, now: Instant, tombstone: Duration) -> Vec<EngineView> {
        let is_there = |member: &&Member| {
            member.is_engine() && member.is_kept(now, tombstone) && !member.is_replaced
        };
        let view = |member: &Member| {
            let mut view = member.view();
            let is_its_own = |one: &&Member| {
                member.container.is_none() && one.claimed_by.as_ref() == Some(&member.name)
            };
            for claimed in self.members.values().filter(is_there).filter(is_its_own) {
                let EngineView { reached_at, addresses, .. } = claimed.view();
                view.reached_at.extend(reached_at);
                view.addresses.extend(addresses);
            }
            view
        };
        let engines = self.members.values().filter(is_there);
        engines.filter(|member| !member.is_claimed()).map(view).collect()
    }

    /// Members of a role that run, or ended less than `tombstone` ago, with where they are, or were, reached.
    /// An address that somebody else has taken since is nobody's any more.
    pub fn reached(&self, role: Role, now: Instant, tombstone: Duration) -> Vec<(&Member, Url)> {
        let of_those = |runs: bool| {
            self.members
                .values()
                .filter(move |member| member.runs() == runs && member.is_kept(now, tombstone))
                .filter_map(|member| Some((member, member.place()?)))
        };
        let taken: BTreeSet<_> = of_those(true).map(|(_, url)| url).collect();
        let gone =
            of_those(false).filter(|(member, url)| !member.is_replaced && !taken.contains(url));
        let all = of_those(true).chain(gone);
        all.filter(|(member, _)| member.is(role) && !member.is_claimed()).collect()
    }
}

impl Member {
    /// Where it answered last, else where it should.
    pub fn place(&self) -> Option<Url> {
        let places = &self.subject.as_ref().or(self.last_subject.as_ref())?.places;
        let reached = self.asked.lock().reached.clone();
        let answered = places.iter().find(|place| Some(*place) == reached.as_ref());
        answered.or_else(|| places.first()).cloned()
    }

    /// Whether an engine named by hand stands for it.
    pub(crate) const fn is_claimed(&self) -> bool {
        self.claimed_by.is_some()
    }

    /// Whether it was not asked yet.
    pub(super) fn is_unasked(&self) -> bool {
        self.subject.as_ref().is_some_and(Subject::is_asked) && !self.asked.lock().was_asked
    }

    fn view(&self) -> EngineView {
        let places = self.subject.as_ref().or(self.last_subject.as_ref());
        let urls = places.map(|it| it.places.as_slice()).unwrap_or_default();
        let mut reached_at: BTreeSet<(String, u16)> = urls
            .iter()
            .filter_map(|url| {
                let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
                Some((host, url.port_or_known_default()?))
            })
            .collect();
        let mut addresses: BTreeSet<_> =
            reached_at.iter().filter_map(|(host, _)| host.parse().ok()).collect();
        if let (Some(container), Some(recognition)) = (&self.container, &self.recognition) {
            for network in container.networks.values() {
                addresses.extend(network.addresses.iter().copied());
                let hosts = network.addresses.iter().map(ToString::to_string);
                let names = network.aliases.iter().cloned().chain([container.name.clone()]);
                reached_at.extend(hosts.chain(names).map(|host| (host, recognition.port)));
            }
            let published =
                container.ports.iter().filter(|port| port.container == recognition.port);
            for (host, port) in published.flat_map(|port| &port.published) {
                let hosts = ["localhost", "127.0.0.1", "host.docker.internal"].map(str::to_owned);
                reached_at
                    .extend(hosts.into_iter().chain([host.to_string()]).map(|host| (host, *port)));
            }
        }
        EngineView {
            container: self.name.clone(),
            container_id: self.id().to_owned(),
            route: self.route.clone(),
            models: self.models(),
            version: self.version(),
            reached_at,
            addresses,
        }
    }
}
