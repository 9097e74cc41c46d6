//! How discovery does: said once in the log, shown in `/status` and as metrics.

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::{info, warn};
use weir_ledger::Ledger;

use super::Failed;
use super::answer::LeftOut;
use crate::config::Discovery;

/// How discovery does.
#[derive(Default)]
pub(crate) struct State(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Where it is asked; `None`: nowhere.
    url: Option<String>,
    /// Why it could not be read last.
    error: Option<String>,
    last_success: Option<SystemTime>,
    left_out: Vec<LeftOut>,
}

impl State {
    /// It is asked there from now on, or not at all.
    pub(crate) fn begin(&self, ledger: &Ledger, discovery: Option<&Discovery>) {
        let url = discovery.map(|discovery| discovery.url.clone());
        let mut known = self.0.lock();
        ledger.discovery_off();
        if url.is_some() {
            ledger.discovery_failed();
        }
        *known = Known { url, ..Known::default() };
    }

    /// It could be read; `left_out` is new where it named routes.
    pub(crate) fn up(&self, ledger: &Ledger, routes: usize, left_out: Option<Vec<LeftOut>>) {
        let now = SystemTime::now();
        let mut known = self.0.lock();
        let is_news = known.last_success.is_none() || known.error.is_some();
        known.last_success = Some(now);
        known.error = None;
        ledger.discovery_read(now);
        if is_news {
            info!(routes, "Discovery answers.");
        }
        let Some(left_out) = left_out else { return };
        for new in left_out.iter().filter(|new| !known.left_out.contains(new)) {
            let LeftOut { route, reason } = new;
            warn!(route, reason, "A discovered route can't be used; it is left out.");
        }
        known.left_out = left_out;
    }

    /// It could not be read.
    pub(crate) fn down(&self, ledger: &Ledger, failed: &Failed) {
        let reason = failed.to_string();
        let mut known = self.0.lock();
        ledger.discovery_failed();
        if known.error.as_ref() != Some(&reason) {
            warn!(reason, "Discovery can't be read; the last routes that it named stay.");
        }
        known.error = Some(reason);
    }

    /// What is waited for before the first answer.
    pub(crate) fn waiting_for(&self) -> String {
        let known = self.0.lock();
        let url = known.url.as_deref().unwrap_or("nowhere");
        let why = known.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
        format!("no route yet: discovery at {url} has not answered{why}")
    }

    /// For `/status`; null where it is not asked. `overruled`: its names that configured routes have.
    pub(crate) fn status(&self, overruled: &[String]) -> Value {
        let known = self.0.lock();
        let Some(url) = &known.url else { return Value::Null };
        let seconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).ok().map(|it| it.as_secs());
        let left_out: Vec<_> = known.left_out.iter().map(ToString::to_string).collect();
        json!({
            "url": url,
            "up": known.error.is_none() && known.last_success.is_some(),
            "error": known.error,
            "last_success_unix_seconds": known.last_success.and_then(seconds),
            "left_out": left_out,
            "overruled": overruled,
        })
    }
}
