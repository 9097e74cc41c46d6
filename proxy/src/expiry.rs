//! Forgets model names that nobody asks for, from time to time, where `idle_series` says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tracing::info;

use crate::config::Config;
use crate::shared::Shared;

/// Names are looked at this often, or ten times in the time after which they go.
const OFTEN: Duration = Duration::from_secs(60);

/// The task that does it, if any does; it ends when this is dropped.
pub(crate) struct Expiry {
    _task: JoinSet<()>,
}

impl Expiry {
    /// Call it within a runtime.
    pub(crate) fn start(config: &Config, shared: &Arc<Shared>) -> Self {
        let mut task = JoinSet::new();
        if let Some(idle) = config.idle_series {
            task.spawn(forget(Arc::clone(shared), idle));
        }
        Self { _task: task }
    }
}

async fn forget(shared: Arc<Shared>, idle: Duration) {
    loop {
        shared.forget_gone(idle);
        let count = shared.ledger.expire(Instant::now(), idle);
        if count > 0 {
            info!(count, "Models that nobody has asked for are forgotten, with their series.");
        }
        tokio::time::sleep(OFTEN.min(idle / 10)).await;
    }
}
