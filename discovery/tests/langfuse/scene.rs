//! A poller in front of a scripted server, and what must hold for it.

use std::sync::Arc;
use std::time::Duration;

use weir_discovery::fetch::{Credentials, Reach, Secret};
use weir_discovery::langfuse::{Facts, LangfuseState, Poller, Project, Schedule, Scope};
use weir_discovery::source::Sources;
use weir_sim::eventually;

use crate::server::Langfuse;
use crate::world::{Observation, World};

/// Long enough for a slow machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// Windows of tests.
pub(crate) const WINDOW: Duration = Duration::from_millis(200);

/// What a project of tests is.
pub(crate) fn project(server: &Langfuse, name: &str) -> Project {
    // As the binary does; another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let credentials = Credentials::Basic {
        user: "pk-lf-1".to_owned(),
        password: Secret::Value("sk-lf-1".to_owned()),
    };
    let reach = Reach::open(server.url(), Duration::from_secs(5), 1 << 20);
    Project {
        name: name.to_owned(),
        reach: Reach { credentials, ..reach },
        interval: Duration::from_millis(20),
        schedule: Schedule { length: WINDOW, lag: Duration::ZERO, rereads: 1 },
        scope: Scope::default(),
    }
}

/// Polls `project`.
pub(crate) fn poll(project: Project) -> (Poller, Arc<Sources>) {
    let sources = Arc::new(Sources::default());
    (Poller::start(project, Arc::clone(&sources)), sources)
}

/// Waits for a state.
pub(crate) async fn until(
    poller: &Poller,
    what: &str,
    is_so: impl Fn(&LangfuseState) -> bool,
) -> Arc<LangfuseState> {
    eventually(DEADLINE, what, async || Some(poller.state()).filter(|state| is_so(state))).await
}

/// Waits until so many windows are sealed.
pub(crate) async fn sealed(poller: &Poller, windows: u64) -> Arc<LangfuseState> {
    let what = format!("{windows} windows are sealed");
    until(poller, &what, |state| state.counts.sealed >= windows).await
}

/// The windows that were sealed, one after the other, ending with the one that is shown: their generations.
pub(crate) fn counted<'a>(world: &'a World, state: &LangfuseState) -> Vec<&'a Observation> {
    let Facts { window, .. } = state.facts.as_ref().unwrap();
    let length = window.length() * u32::try_from(state.counts.sealed).unwrap();
    world.generations(window.end() - length, window.end())
}

/// Every total must be that of `expected`, to the token.
pub(crate) fn assert_totals(state: &LangfuseState, expected: &[&Observation]) {
    let totals = &state.totals.models;
    for model in ["gpt-4o", "llama"] {
        let of: Vec<_> =
            expected.iter().filter(|one| one.model.as_deref() == Some(model)).collect();
        let sum = |field: fn(&Observation) -> u64| -> Option<u64> {
            Some(of.iter().map(|one| field(one)).sum())
        };
        let found = &totals[model];
        assert_eq!(found.generations, Some(of.len() as u64), "generations of {model}");
        assert_eq!(found.input_tokens, sum(|one| one.input), "input of {model}");
        assert_eq!(found.output_tokens, sum(|one| one.output), "output of {model}");
        assert_eq!(found.total_tokens, sum(|one| one.input + one.output), "total of {model}");
        let cost = of.iter().map(|one| one.cost).sum::<u64>() as f64 / 1e6;
        assert!((found.cost_usd.unwrap() - cost).abs() < 1e-9, "cost of {model}");
    }
    assert_eq!(totals.len(), 2, "no other model: {:?}", totals.keys());
}
