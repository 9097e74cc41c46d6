//! Who may become a value of the `client` label, and their bound.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;

use crate::models::OTHER;

/// Label of a request without a key.
const NONE: &str = "none";

/// Who sent a request, where clients are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// It came without a key.
    Keyless,
    /// The configuration names its key: always a label, whatever the bound.
    Alias(Arc<str>),
    /// A keyed hash of its key. It is a label from the first request on that went well, while there
    /// is room: a key that nobody knows costs nothing to make up.
    Hash(Arc<str>),
    /// It came with a key that has neither.
    Other,
}

impl Client {
    /// As in the label `client`, were there room for every hash.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Keyless => NONE,
            Self::Alias(name) | Self::Hash(name) => name,
            Self::Other => OTHER,
        }
    }
}

/// The hashes that are labels, of all routes. They are never forgotten: their counters go on.
pub(crate) struct Clients {
    earned: RwLock<HashSet<Arc<str>>>,
    most: AtomicUsize,
    overflow: Counter,
    none: Arc<str>,
    other: Arc<str>,
}

impl Clients {
    /// None, and room for none until [`limit`](Self::limit) says so.
    pub(crate) fn new(overflow: Counter) -> Self {
        let (earned, most) = (RwLock::default(), AtomicUsize::new(0));
        Self { earned, most, overflow, none: NONE.into(), other: OTHER.into() }
    }

    /// How many hashes may be labels. Those that are stay, should it become less.
    pub(crate) fn limit(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// The label of a client; `other` is counted as an overflow each time.
    pub(crate) fn label(&self, client: &Client) -> Arc<str> {
        let known = match client {
            Client::Keyless => Some(Arc::clone(&self.none)),
            Client::Alias(alias) => Some(Arc::clone(alias)),
            Client::Hash(hash) => self.earned.read().get(hash).map(Arc::clone),
            Client::Other => None,
        };
        known.unwrap_or_else(|| {
            self.overflow.inc();
            Arc::clone(&self.other)
        })
    }

    /// A request of this client went well.
    pub(crate) fn earn(&self, client: &Client) {
        let Client::Hash(hash) = client else { return };
        let most = self.most.load(Ordering::Relaxed);
        let is_decided = |earned: &HashSet<_>| earned.len() >= most || earned.contains(hash);
        // Nearly every call ends here, without the write lock.
        if is_decided(&self.earned.read()) {
            return;
        }
        let mut earned = self.earned.write();
        if !is_decided(&earned) {
            earned.insert(Arc::clone(hash));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: usize) -> Client {
        Client::Hash(format!("{n:012x}").into())
    }

    #[test]
    fn hashes_end_at_the_limit_and_aliases_do_not() {
        let overflow = Counter::default();
        let clients = Clients::new(overflow.clone());
        clients.earn(&hash(0));
        assert_eq!(&*clients.label(&hash(0)), "other", "there is no room by default");
        clients.limit(3);
        for n in 0..1_000 {
            clients.earn(&hash(n));
        }
        let labels: HashSet<_> = (0..1_000).map(|n| clients.label(&hash(n))).collect();
        assert_eq!(labels.len(), 4, "three and `other`");
        assert_eq!(overflow.get(), 1 + 997);
        assert_eq!(&*clients.label(&Client::Alias("team-a".into())), "team-a");
        assert_eq!(&*clients.label(&Client::Keyless), "none");
        assert_eq!(overflow.get(), 998);
        assert_eq!(&*clients.label(&Client::Other), "other");
        assert_eq!(overflow.get(), 999);
    }

    #[test]
    fn a_lower_limit_takes_no_label_away() {
        let clients = Clients::new(Counter::default());
        clients.limit(2);
        clients.earn(&hash(0));
        clients.earn(&hash(1));
        clients.limit(1);
        clients.earn(&hash(2));
        assert_eq!(&*clients.label(&hash(1)), "000000000001");
        assert_eq!(&*clients.label(&hash(2)), "other");
    }
}
