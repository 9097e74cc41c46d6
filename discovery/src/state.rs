//! What the tasks leave behind for the pages.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use weir_daemon::admin::AdminAccess;
use weir_daemon::reload::Reloads;

use crate::config::Watching;
use crate::fleet::Fleet;
use crate::langfuse;
use crate::litellm;
use crate::source::Sources;

/// All that is known.
pub(crate) struct State {
    pub(crate) fleet: Mutex<Fleet>,
    pub(crate) sources: Arc<Sources>,
    /// LiteLLM proxies, by name and container.
    pub(crate) gateways: Mutex<Vec<(String, Option<String>, litellm::Poller)>>,
    /// LangFuse projects, by name.
    pub(crate) projects: Mutex<Vec<(String, langfuse::Poller)>>,
    /// What a reload changes.
    pub(crate) loaded: RwLock<Loaded>,
}

/// What a reload changes.
pub(crate) struct Loaded {
    pub(crate) access: Arc<AdminAccess>,
    pub(crate) watching: Watching,
    pub(crate) reloads: Reloads,
}
