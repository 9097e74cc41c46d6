//! What of a configuration that is read again takes effect without a restart.

use std::fmt::Display;

use weir_ledger::Hop;

use super::{Config, Listener};

/// A configuration that was read again, as far as it can be in force.
pub(crate) struct Reloaded {
    /// What is in force now: sockets, threads and TLS are the old ones.
    pub(crate) config: Config,
    /// What was read and is not in force, in words; all of it needs a restart.
    pub(crate) left: Vec<String>,
}

impl Config {
    /// `self` is in force, `read` was read again.
    pub(crate) fn reloaded(&self, mut read: Self) -> Reloaded {
        let mut left = Vec::new();
        stays(&mut left, "proxy.admin", &self.admin, &read.admin);
        let threads = |config: &Self| match config.threads {
            Some(threads) => threads.to_string(),
            None => "unset".to_owned(),
        };
        stays(&mut left, "proxy.threads", &threads(self), &threads(&read));
        let file = |config: &Self| match &config.tls_ca_file {
            Some(path) => path.display().to_string(),
            None => "unset".to_owned(),
        };
        stays(&mut left, "proxy.tls_ca_file", &file(self), &file(&read));
        let mut new = std::mem::take(&mut read.listeners);
        let mut routes_of = |bound: &Listener| {
            let found = new.iter().position(|listener| listener.kind == bound.kind);
            let Some(found) = found.map(|index| new.swap_remove(index)) else {
                let (kind, address) = (bound.kind.as_str(), bound.address);
                left.push(format!("the {kind} listener on {address} has no route any more"));
                return Vec::new();
            };
            let key = format!("proxy.{}", bound.kind.as_str());
            stays(&mut left, &key, &bound.address, &found.address);
            if bound.tls != found.tls {
                left.push(format!("proxy.tls.{} stays as it was", bound.kind.as_str()));
            }
            found.routes
        };
        let with_routes = |bound| Listener { routes: routes_of(bound), ..bound.clone() };
        let listeners = self.listeners.iter().map(with_routes).collect();
        for unbound in new {
            let mut names: Vec<_> = unbound.routes.iter().map(|it| it.name.as_str()).collect();
            if unbound.kind == Hop::Engine && read.discovery.take().is_some() {
                names.push("routes from discovery");
            }
            let (kind, names) = (unbound.kind.as_str(), names.join(", "));
            left.push(format!("nothing listens for the {kind} listener, nor for its {names}"));
        }
        let config = Self {
            admin: self.admin,
            threads: self.threads,
            tls_ca_file: self.tls_ca_file.clone(),
            listeners,
            ..read
        };
        Reloaded { config, left }
    }
}

fn stays<T: PartialEq + Display>(left: &mut Vec<String>, key: &str, old: &T, new: &T) {
    if old != new {
        left.push(format!("{key} stays {old}, not {new}"));
    }
}
