//! Whoever wants to see each request as it comes.

use std::fmt;
use std::sync::Arc;

use super::Recorded;

/// What is called with every request.
#[derive(Clone)]
pub(crate) struct Observer(Arc<dyn Fn(&Recorded) + Send + Sync>);

impl Observer {
    pub(crate) fn new(see: impl Fn(&Recorded) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, request: &Recorded) {
        (self.0)(request);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
