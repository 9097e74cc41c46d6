//! The loop that keeps what is watched in step with containers and configuration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::pollers::Pollers;
use crate::config::{Docker, Watching};
use crate::fleet::{Said, Tasks};
use crate::follow::{Containers, Follower};
use crate::place::Own;
use crate::state::State;

/// How often it is looked at what time has changed: targets that have been gone for long enough, engines
/// that have shown what they are.
const TICK: Duration = Duration::from_millis(250);

/// Goes on until the task is aborted.
pub(super) async fn watch(
    state: Arc<State>,
    docker: Docker,
    mut watching: watch::Receiver<Watching>,
) {
    let own = Own::find();
    let follower = Follower::of(&docker, &state.sources);
    let mut containers = follower.as_ref().map(Follower::containers);
    let mut tasks = Tasks::new(Arc::clone(&state.sources));
    let mut pollers = Pollers::default();
    loop {
        let found = containers.as_mut().map(|it| Arc::clone(&it.borrow_and_update()));
        let wanted = watching.borrow_and_update().clone();
        step(&state, &own, found.as_deref(), &wanted, &mut tasks);
        pollers.match_to(&state, &wanted);
        tokio::select! {
            () = changed(&mut containers) => {}
            Ok(()) = watching.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

fn step(
    state: &State,
    own: &Own,
    containers: Option<&Containers>,
    watching: &Watching,
    tasks: &mut Tasks,
) {
    let is_absent = containers.is_some_and(|containers| containers.absent);
    let containers = containers.filter(|_| !is_absent);
    let is_idle = is_absent && watching.is_empty();
    let nothing = Default::default();
    let by_id = containers.map_or(&nothing, |containers| &containers.by_id);
    let place = own.place(by_id, watching);
    let mut fleet = state.fleet.lock();
    fleet.update(&Said { containers, is_idle, watching, place: &place, now: Instant::now() });
    tasks.match_to(&fleet);
}

/// Never, where containers are not asked for.
async fn changed(containers: &mut Option<watch::Receiver<Arc<Containers>>>) {
    let changed = match containers {
        Some(containers) => containers.changed().await.is_ok(),
        None => false,
    };
    if !changed {
        std::future::pending::<()>().await;
    }
}
