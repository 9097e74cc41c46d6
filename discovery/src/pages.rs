//! What the pages show: metrics, targets, routes, status. They read what was left last and ask nobody.

use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

use serde_json::{Value, json};
use weir_daemon::admin::{AdminAccess, OwnPage, Pages};
use weir_families::Families;

use crate::exposition;
use crate::fleet::Member;
use crate::langfuse;
use crate::litellm::{self, GatewayState, Shown};
use crate::recognize::Role;
use crate::route;
use crate::sd::{self, Job};
use crate::state::State;

/// The pages of discovery.
pub(crate) struct DiscoveryPages(pub(crate) Arc<State>);

impl Pages for DiscoveryPages {
    fn metrics(&self) -> String {
        let state = &self.0;
        let mut families = Families::default();
        let (tombstone, proxies, reloads) = {
            let loaded = state.loaded.read();
            let watching = &loaded.watching;
            (watching.tombstone, watching.engine_listeners.clone(), loaded.reloads)
        };
        let engines = {
            let fleet = state.fleet.lock();
            let now = Instant::now();
            exposition::container::add(&mut families, &fleet);
            exposition::engine::add(&mut families, &fleet, now, tombstone);
            fleet.engines(now, tombstone)
        };
        exposition::source::add(&mut families, &state.sources);
        let gateways: Vec<_> = {
            let gateways = state.gateways.lock();
            gateways
                .iter()
                .map(|(name, id, poller)| (name.clone(), id.clone(), poller.state()))
                .collect()
        };
        let shown: Vec<_> = gateways
            .iter()
            .map(|(name, id, state)| Shown { name, container_id: id.as_deref(), state })
            .collect();
        litellm::add(&mut families, &shown, &engines, &proxies);
        for (name, poller) in state.projects.lock().iter() {
            langfuse::add(&mut families, name, &poller.state());
        }
        families.openmetrics() + &reloads.openmetrics()
    }

    fn ready(&self) -> Result<(), String> {
        self.0.fleet.lock().is_known()
    }

    fn status(&self) -> Value {
        let state = &self.0;
        let sources = state.sources.all().into_iter().map(|((kind, name), state)| {
            let since_1970 = state.last_success.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            json!({
                "source": kind.as_str(),
                "name": name,
                "error": state.error,
                "last_success_timestamp_seconds": since_1970.map(|since| since.as_secs_f64()),
            })
        });
        let gateways: Vec<_> = {
            let gateways = state.gateways.lock();
            gateways.iter().map(|(name, _, poller)| gateway(name, &poller.state())).collect()
        };
        let fleet = state.fleet.lock();
        json!({
            "gateways": gateways,
            "sources": sources.collect::<Vec<_>>(),
            "members": fleet.members().map(member).collect::<Vec<_>>(),
        })
    }

    fn models(&self) -> Option<Value> {
        let tombstone = self.0.loaded.read().watching.tombstone;
        let engines = self.0.fleet.lock().engines(Instant::now(), tombstone);
        let models = engines.iter().map(|engine| {
            json!({"container": engine.container, "route": engine.route, "models": engine.models})
        });
        Some(json!({"engines": models.collect::<Vec<_>>()}))
    }

    fn access(&self) -> Arc<AdminAccess> {
        Arc::clone(&self.0.loaded.read().access)
    }

    fn own_page(&self, path: &str) -> Option<OwnPage> {
        let job = match path {
            "/routes" => None,
            path => Some(Job::of_name(path.strip_prefix("/sd/")?)?),
        };
        let watching = self.0.loaded.read().watching.clone();
        let fleet = self.0.fleet.lock();
        // Whoever asks keeps what it had: a list that is not whole would end what runs.
        if let Err(reason) = fleet.is_known() {
            return Some(OwnPage::unavailable(&reason));
        }
        let now = Instant::now();
        Some(match job {
            Some(job) => OwnPage::new(sd::targets(&fleet, job, &watching, now)),
            None => {
                let routes = route::routes(&fleet, now, watching.tombstone);
                let etag = route::etag(&routes);
                OwnPage::new(routes).with_etag(&etag)
            }
        })
    }

    fn own_paths(&self) -> Vec<String> {
        let jobs = Job::ALL.iter().map(|job| format!("/sd/{}", job.as_str()));
        jobs.chain(["/routes".to_owned()]).collect()
    }
}

fn gateway(name: &str, state: &GatewayState) -> Value {
    json!({
        "name": name,
        "live": state.live,
        "ready": state.ready,
        "version": state.version,
        "deployments": state.deployments.as_ref().map(|deployments| deployments.list.len()),
        "problem": state.problem,
        "lacking": state.lacking,
    })
}

/// A container or an engine by hand, for whoever asks why it is, or is not, what they expect.
fn member(member: &Member) -> Value {
    let asked = member.asked.lock().clone();
    let recognition = member.recognition.as_ref();
    let is_known =
        member.role() != Role::Other || recognition.is_some_and(|it| !it.notes.is_empty());
    if !is_known {
        return json!({"container": member.name, "role": Role::Other.as_str()});
    }
    json!({
        "container": member.name,
        "container_id": member.id(),
        "role": member.role().as_str(),
        "recognised_by": recognition.map(|it| it.evidence.as_str()),
        "skipped": recognition.and_then(|it| it.skip.as_ref()).map(ToString::to_string),
        "notes": recognition.map(|it| it.notes.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "state": member.life().map(|life| life.as_str()),
        "reached_at": member.place().map(String::from),
        "unreachable": member.unreachable(),
        "phase": asked.phase.as_str(),
        "version": member.version(),
        "models": member.models(),
        "route": member.route,
        "gpus": member.gpus.as_ref().map(|(_, gpus)| gpus),
    })
}
