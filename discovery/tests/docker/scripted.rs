//! A runtime without a socket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::broadcast;
use weir_discovery::container::Environment;
use weir_discovery::follow::{Action, Connect, Runtime, RuntimeError, RuntimeEvent};

use super::id;

/// A runtime that is scripted; clones are the same.
#[derive(Clone)]
pub(super) struct Scripted {
    containers: Arc<Mutex<BTreeMap<String, Value>>>,
    inspected: Arc<Mutex<BTreeMap<String, usize>>>,
    events: broadcast::Sender<RuntimeEvent>,
}

impl Scripted {
    pub(super) fn new() -> Self {
        let events = broadcast::channel(10_000).0;
        Self { containers: Arc::default(), inspected: Arc::default(), events }
    }

    pub(super) fn put(&self, container: Value) {
        let id = container["Id"].as_str().unwrap().to_owned();
        self.containers.lock().insert(id, container);
    }

    pub(super) fn remove(&self, number: usize) {
        self.containers.lock().remove(&id(number));
    }

    pub(super) fn event(&self, number: usize, action: Action, at: SystemTime) {
        let _nobody_listens =
            self.events.send(RuntimeEvent { container: id(number), action, at: Some(at) });
    }

    /// How often a container was asked about.
    pub(super) fn inspected(&self, number: usize) -> usize {
        self.inspected.lock().get(&id(number)).copied().unwrap_or_default()
    }
}

impl Connect for Scripted {
    type Runtime = Self;

    async fn connect(&self) -> Result<Self, RuntimeError> {
        Ok(self.clone())
    }
}

impl Runtime for Scripted {
    async fn list(&self) -> Result<Vec<String>, RuntimeError> {
        Ok(self.containers.lock().keys().cloned().collect())
    }

    async fn inspect(&self, id: &str) -> Result<Value, RuntimeError> {
        *self.inspected.lock().entry(id.to_owned()).or_default() += 1;
        let gone = RuntimeError::Gone { what: "GET /containers/{id}/json" };
        self.containers.lock().get(id).cloned().ok_or(gone)
    }

    async fn image_environment(&self, _: &str) -> Option<Environment> {
        None
    }

    fn events(&self, _: SystemTime) -> BoxStream<'static, Result<RuntimeEvent, RuntimeError>> {
        let receiver = self.events.subscribe();
        let next = |mut receiver: broadcast::Receiver<RuntimeEvent>| async move {
            let event = receiver.recv().await.map_err(|_| RuntimeError::Ended);
            Some((event, receiver))
        };
        futures_util::stream::unfold(receiver, next).boxed()
    }
}
