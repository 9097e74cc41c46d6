//! Asking about one container, and about its image where that is not known yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::runtime::{Runtime, RuntimeError};
use crate::container::{Container, Environment, inspect};

const MOST_IMAGES: usize = 1000;
const INSPECT: &str = "GET /containers/{id}/json";

/// What images bring, by their ids; nothing where the runtime does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Images(Arc<Mutex<BTreeMap<String, Option<Environment>>>>);

/// What was said about a container.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) answer: Result<Container, RuntimeError>,
}

/// Asks about a container.
pub(super) async fn ask<R: Runtime>(runtime: Arc<R>, images: Images, id: String) -> Asked {
    let answer = describe(&*runtime, &images, &id).await;
    Asked { id, answer }
}

async fn describe<R: Runtime>(
    runtime: &R,
    images: &Images,
    id: &str,
) -> Result<Container, RuntimeError> {
    let description = runtime.inspect(id).await?;
    let image_env = match inspect::image_id(&description) {
        Some(image) => images.environment(runtime, image).await,
        None => None,
    };
    inspect::read(&description, image_env)
        .ok()
        .filter(|container| container.id == id)
        .ok_or(RuntimeError::Unreadable { what: INSPECT })
}

impl Images {
    async fn environment<R: Runtime>(&self, runtime: &R, image: &str) -> Option<Environment> {
        let known = self.0.lock().get(image).cloned();
        if let Some(known) = known {
            return known;
        }
        let environment = runtime.image_environment(image).await;
        let mut images = self.0.lock();
        if images.len() >= MOST_IMAGES {
            images.clear();
        }
        images.insert(image.to_owned(), environment.clone());
        environment
    }
}
