//! Where each member is reached, and what its route is called. Pure.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;

use super::member::Scraped;
use super::{Member, Said, claims, gone};
use crate::address;
use crate::config::EngineConfig;
use crate::container::Container;
use crate::recognize::{self, Role};
use crate::watch::Subject;

/// Digits of an id in short, as runtimes show it.
const SHORT_ID: usize = 12;

/// Finds out what is to be watched, and where.
pub(super) fn addresses(
    members: &mut BTreeMap<String, Member>,
    by_id: &BTreeMap<String, Container>,
    said: &Said<'_>,
) {
    let find = |name: &str| {
        let named = || by_id.values().find(|container| container.name == name);
        // Whose name is that of another's id in short is not that one.
        let short = || by_id.values().find(|container| container.id.starts_with(name));
        by_id.get(name).or_else(named).or_else(|| short().filter(|_| name.len() >= SHORT_ID))
    };
    for engine in &said.watching.engines {
        if let Some(member) = members.get_mut(&format!("hand/{}", engine.name)) {
            member.subject = by_hand(engine, said);
        }
    }
    for (id, container) in by_id {
        let Some(member) = members.get_mut(id) else { continue };
        member.subject = contained(member, container, said, &find);
        if let Some(subject) = &member.subject {
            member.last_subject = Some(subject.clone());
            member.claimed_by = claimant(subject, said);
        }
        if container.is_running() {
            member.scraped = scraped(member, container, said, &find);
        }
        member.is_routed = routed(&member.name, said);
    }
    for (_, member) in members.iter_mut().filter(|(key, _)| !by_id.contains_key(*key)) {
        if member.container.is_some() {
            member.subject = None;
        }
    }
    claims::settle(members, said);
    leave_to_others(members);
    gone::replaced(members, by_id, said);
}

/// Where an engine is known to be, none is guessed: on the host's network, a port says little about who
/// answers there.
fn leave_to_others(members: &mut BTreeMap<String, Member>) {
    let subjects = || members.values().filter_map(|member| member.subject.as_ref());
    let known: BTreeSet<Url> = subjects()
        .filter(|subject| subject.is_certain)
        .flat_map(|subject| subject.places.iter().cloned())
        .collect();
    for subject in members.values_mut().filter_map(|member| member.subject.as_mut()) {
        if !subject.is_certain {
            subject.places.retain(|place| !known.contains(place));
        }
    }
}

fn by_hand(engine: &EngineConfig, said: &Said<'_>) -> Option<Subject> {
    let url = engine.url.clone()?;
    Some(Subject {
        source: engine.name.clone(),
        started_at: None,
        role: Role::Vllm,
        is_certain: true,
        places: vec![url],
        unreachable: None,
        credentials: engine.credentials.clone(),
        tls_ca_file: engine.tls_ca_file.clone(),
        tls_verify: engine.tls_verify,
        interval: said.watching.interval,
        timeout: said.watching.timeout,
    })
}

/// What is to be watched in a container that runs.
fn contained<'a>(
    member: &Member,
    container: &'a Container,
    said: &Said<'_>,
    find: &dyn Fn(&str) -> Option<&'a Container>,
) -> Option<Subject> {
    let recognition = member.recognition.as_ref()?;
    let is_reached = matches!(recognition.role, Role::Vllm | Role::Litellm | Role::Weir);
    if !container.is_running() || recognition.skip.is_some() || !is_reached {
        return None;
    }
    let scheme = if recognition.https { "https" } else { "http" };
    let found = address::candidates(container, recognition.port, said.place, find);
    let unreachable = found.as_ref().err().map(ToString::to_string);
    let places = found
        .unwrap_or_default()
        .into_iter()
        // Requests would go round in a circle.
        .filter(|at| !said.watching.engine_listeners.contains(&(at.host.clone(), at.port)))
        .filter_map(|address| Url::parse(&format!("{scheme}://{address}")).ok());
    let known = named(&container.name, said);
    let is_taken = |engine: &EngineConfig| engine.url.is_some() && engine.name == container.name;
    let source = match said.watching.engines.iter().any(is_taken) {
        true => format!("{}-{}", container.name, &container.id[..container.id.len().min(8)]),
        false => container.name.clone(),
    };
    Some(Subject {
        source,
        started_at: container.state.started_at,
        role: recognition.role,
        is_certain: recognition.certain,
        places: places.collect(),
        unreachable,
        credentials: known.map(|known| known.credentials.clone()).unwrap_or_default(),
        tls_ca_file: known.and_then(|known| known.tls_ca_file.clone()),
        // A certificate for an address that changes with each start can hardly be had.
        tls_verify: known.is_some_and(|known| known.tls_verify),
        interval: said.watching.interval,
        timeout: said.watching.timeout,
    })
}

/// Where its own metrics are, if it asks to be scraped.
fn scraped<'a>(
    member: &Member,
    container: &'a Container,
    said: &Said<'_>,
    find: &dyn Fn(&str) -> Option<&'a Container>,
) -> Option<Scraped> {
    let scrape = member.recognition.as_ref()?.scrape.as_ref()?;
    let found = address::candidates(container, scrape.port, said.place, find).ok()?;
    Some(Scraped { address: found.into_iter().next()?, path: scrape.path.clone() })
}

/// What is configured for the container of this name.
fn named<'a>(container: &str, said: &Said<'a>) -> Option<&'a EngineConfig> {
    said.watching.engines.iter().find(|engine| engine.url.is_none() && engine.name == container)
}

fn routed(container: &str, said: &Said<'_>) -> bool {
    named(container, said).is_none_or(|known| known.route)
}

/// The engine named by hand that is this container's: it is not watched twice.
fn claimant(subject: &Subject, said: &Said<'_>) -> Option<String> {
    let is_there = |url: &Url| {
        subject.places.iter().any(|place| {
            place.host() == url.host()
                && place.port_or_known_default() == url.port_or_known_default()
        })
    };
    if subject.role != Role::Vllm {
        return None;
    }
    let mut engines = said.watching.engines.iter();
    let engine = engines.find(|engine| engine.url.as_ref().is_some_and(is_there))?;
    Some(engine.name.clone())
}

/// Gives each engine the name of its route, each another one. A label gives nobody the name of another: of
/// those that would have the same, engines named by hand come first, then those that run, then containers that
/// are called so, then who has it already.
pub(super) fn routes(members: &mut BTreeMap<String, Member>, said: &Said<'_>) {
    let mut wishes = Vec::new();
    for (key, member) in members.iter_mut() {
        let before = member.route.take();
        let is_kept = member.is_kept(said.now, said.watching.tombstone);
        if !member.is_routed || member.is_claimed() || !is_kept || !member.is_engine() {
            continue;
        }
        let (name, started) = match &member.container {
            None => (member.name.clone(), None),
            Some(container) => (recognize::route_name(container), container.state.started_at),
        };
        // What has ended has the name that it had, or none.
        let name = before.clone().filter(|_| !member.runs()).unwrap_or(name);
        let is_its_own = name == member.name;
        let has_it = before.as_ref() == Some(&name);
        let rank = (member.container.is_some(), !member.runs(), !is_its_own, !has_it, started);
        wishes.push((rank, key.clone(), name));
    }
    wishes.sort();
    let mut taken = BTreeSet::new();
    for (_, key, name) in wishes {
        let Some(member) = members.get_mut(&key) else { continue };
        if !member.runs() {
            member.route = taken.insert(name.clone()).then_some(name);
            continue;
        }
        let id = member.id();
        let told_apart = format!("{}-{}", &name[..name.len().min(55)], &id[..id.len().min(8)]);
        let names = [name, told_apart, id.to_owned()];
        member.route = names.into_iter().find(|name| taken.insert(name.clone()));
    }
}
