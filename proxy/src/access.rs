//! Who may send what: keys, rates, networks and endpoints. Headers and an address in, a decision out.
//!
//! Nothing is checked where nothing is configured. A key goes on to the upstream as it came: Weir only
//! looks at it.

mod caller;
mod clients;
mod keys;
mod network;
mod presented;
mod rate;
mod refusal;
mod route;

pub(crate) use caller::{Asked, Caller};
pub use clients::{ClientNames, HashSecret};
pub use keys::{KeyConfig, KeyHash};
pub use network::Network;
pub use rate::{Per, Rate};
pub(crate) use refusal::Refusal;
pub use route::RouteAccess;

use crate::config::Config;
use keys::Keys;
use presented::presented;

/// What is in force for the requests of today: it is made anew by each reload.
pub(crate) struct Access {
    keys: Keys,
    names: ClientNames,
}

impl Access {
    /// `old` was in force: where the rate of a key is the same, what was used up of it stays so.
    pub(crate) fn new(config: &Config, old: Option<&Self>) -> Self {
        let keys = Keys::new(&config.keys, old.map(|old| &old.keys));
        Self { keys, names: config.clients.names.clone() }
    }

    /// Who sent a request, and what for. Of its keys the first that is known counts.
    pub(crate) fn caller(&self, asked: &Asked<'_>) -> Caller {
        let has_use = !self.keys.is_empty() || self.names != ClientNames::Off;
        let written = if has_use { presented(asked.headers) } else { [None; 2] };
        let mut written = written.into_iter().flatten();
        let first = written.clone().next();
        let key = written.find_map(|key| self.keys.find(key));
        let client = self.names.client(key, first);
        Caller::new(asked, first.is_some(), key, client)
    }
}

#[cfg(test)]
mod tests;
