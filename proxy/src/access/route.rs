//! Who may use a route.

use std::sync::Arc;

use weir_wire::Class;

use super::{Caller, Network, Refusal};

/// Who may use a route. A list that is empty leaves it to all; by default the route is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteAccess {
    /// Whether a known key has to be shown.
    pub needs_key: bool,
    /// Aliases of the keys that may use it.
    pub keys: Vec<Arc<str>>,
    /// Networks from which it may be used.
    pub networks: Vec<Network>,
    /// What it may be used for.
    pub endpoints: Vec<Class>,
}

impl RouteAccess {
    /// The network comes first: whoever comes from elsewhere learns nothing of his key.
    pub(super) fn check(&self, caller: &Caller) -> Result<(), Refusal> {
        let is_listed = |network: &Network| caller.from.is_some_and(|from| network.contains(from));
        if !self.networks.is_empty() && !self.networks.iter().any(is_listed) {
            return Err(Refusal::Network);
        }
        // Browsers ask without a key whether they may ask with one.
        if self.needs_key && !caller.is_preflight {
            let Some(key) = &caller.key else {
                return Err(if caller.has_key { Refusal::UnknownKey } else { Refusal::NoKey });
            };
            if !self.keys.is_empty() && !self.keys.contains(&key.alias) {
                return Err(Refusal::Key);
            }
        }
        if !self.endpoints.is_empty() && !self.endpoints.contains(&caller.wants) {
            return Err(Refusal::Endpoint);
        }
        Ok(())
    }
}
