//! Where each member is reached, and what its route is called. Pure.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;

use super::member::Scraped;
use super::{Member, Said};
use crate::address;
use crate::config::EngineConfig;
use crate::container::Container;
use crate::recognize::{self, Role};
use crate::watch::Subject;

/// Finds out what is to be watched, and where.
pub(super) fn addresses(
    members: &mut BTreeMap<String, Member>,
    by_id: &BTreeMap<String, Container>,
    said: &Said<'_>,
) {
    let find = |name: &str| {
        by_id.get(name).or_else(|| {
            by_id
                .values()
                .find(|container| container.name == name || container.id.starts_with(name))
        })
    };
    for engine in &said.watching.engines {
        if let Some(member) = members.get_mut(&format!("hand/{}", engine.name)) {
            member.container_id = None;
            member.subject = by_hand(engine, said);
        }
    }
    let mut claims = Vec::new();
    for (id, container) in by_id {
        let Some(member) = members.get_mut(id) else { continue };
        let claimed = match contained(member, container, said, &find) {
            Some(subject) => {
                let claimant = claimant(&subject, said);
                member.last_subject = Some(subject.clone());
                member.subject = claimant.is_none().then_some(subject);
                claimant
            }
            None => {
                member.subject = None;
                None
            }
        };
        if container.is_running() {
            member.scraped = scraped(member, container, said, &find);
        }
        member.is_routed = claimed.is_none() && routed(&member.name, said);
        claims.extend(claimed.map(|name| (format!("hand/{name}"), id.clone())));
    }
    leave_to_others(members);
    for (key, id) in claims {
        if let Some(member) = members.get_mut(&key) {
            member.container_id = Some(id);
        }
    }
    for (key, member) in members.iter_mut().filter(|(key, _)| !key.starts_with("hand/")) {
        if !by_id.contains_key(key) {
            member.subject = None;
        }
    }
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
        name: engine.name.clone(),
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
        .filter_map(|address| Url::parse(&format!("{scheme}://{address}")).ok());
    let known = named(&container.name, said);
    Some(Subject {
        name: container.name.clone(),
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
    let mut engines = said.watching.engines.iter();
    let engine = engines.find(|engine| engine.url.as_ref().is_some_and(is_there))?;
    Some(engine.name.clone())
}

/// Gives each engine the name of its route, each another one.
pub(super) fn routes(members: &mut BTreeMap<String, Member>) {
    let mut taken = BTreeSet::new();
    // Those named by hand keep their names; `hand/` sorts behind all ids.
    for member in members.values_mut().rev() {
        member.route = None;
        if !member.is_routed || !member.is_engine() {
            continue;
        }
        let name = match &member.container {
            None => member.name.clone(),
            Some(container) => recognize::route_name(container),
        };
        let name = if taken.contains(&name) {
            format!("{}-{}", &name[..name.len().min(55)], &member.id()[..member.id().len().min(8)])
        } else {
            name
        };
        taken.insert(name.clone());
        member.route = Some(name);
    }
}
