//! Who sent a request and what for, as far as its head tells.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, header};
use weir_ledger::Client;
use weir_wire::{Class, classify};

use super::keys::Key;
use super::{Refusal, RouteAccess};

/// What of a request's head decides who may send it.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// Path and query behind the route's prefix.
    pub(crate) target: &'a str,
    pub(crate) class: Class,
    pub(crate) headers: &'a HeaderMap,
    /// It has no body, and asks for no other protocol.
    pub(crate) is_bare: bool,
    /// Where the connection comes from; headers that say so are not believed.
    pub(crate) from: Option<IpAddr>,
}

impl Asked<'_> {
    /// A browser asks before the real request whether a page may send it. The method of that one.
    ///
    /// Browsers send no key with it, so that it can't be asked for one. It has no body, and runs
    /// nothing.
    fn preflight(&self) -> Option<&str> {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        if self.method != Method::OPTIONS
            || !self.is_bare
            || !self.headers.contains_key(header::ORIGIN)
        {
            return None;
        }
        text(header::ACCESS_CONTROL_REQUEST_METHOD)
    }
}

/// Who sent a request, and what for.
pub(crate) struct Caller {
    pub(super) from: Option<IpAddr>,
    pub(super) wants: Class,
    pub(super) is_preflight: bool,
    /// It shows a key, known or not.
    pub(super) has_key: bool,
    /// The known one.
    pub(super) key: Option<Arc<Key>>,
    client: Option<Client>,
}

impl Caller {
    pub(super) fn new(
        asked: &Asked<'_>,
        has_key: bool,
        key: Option<&Arc<Key>>,
        client: Option<Client>,
    ) -> Self {
        let preflight = asked.preflight();
        Self {
            from: asked.from,
            // A preflight is for what comes after it.
            wants: preflight.map_or(asked.class, |method| classify(method, asked.target)),
            is_preflight: preflight.is_some(),
            has_key,
            key: key.map(Arc::clone),
            client,
        }
    }

    /// Whether it may use one of these routes at least; if there is none, nobody refuses.
    pub(crate) fn may_use<'a>(
        &self,
        routes: impl IntoIterator<Item = &'a RouteAccess>,
    ) -> Result<(), Refusal> {
        let mut refused = Ok(());
        for route in routes {
            match (route.check(self), refused) {
                (Ok(()), _) => return Ok(()),
                // A key would help: that is the more useful answer.
                (_, Err(Refusal::NoKey | Refusal::UnknownKey)) => {}
                (refusal, _) => refused = refusal,
            }
        }
        refused
    }

    /// Counts this request of its key, unless it is one too many.
    pub(crate) fn spend(&self) -> Result<(), Refusal> {
        let limiter = self.key.as_ref().and_then(|key| key.limiter.as_ref());
        let Some(limiter) = limiter else { return Ok(()) };
        limiter.spend().map_err(|wait| Refusal::Rate { rate: limiter.rate, wait })
    }

    /// What it is called in metrics; `None` where clients are not told apart.
    pub(crate) fn client(&self) -> Option<Client> {
        self.client.clone()
    }
}
