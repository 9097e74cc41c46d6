//! What is known of a server from how it was started.

use super::name;
use super::{Note, SkipReason};
use crate::container::NetworkMode;

/// From a command line and the environment.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Where it listens, if that is said.
    pub(super) port: Option<u16>,
    /// Where no port is said, it is the program's default.
    pub(super) default_counts: bool,
    /// Whether it speaks TLS.
    pub(super) https: bool,
    /// In front of every path; empty or with a slash at its beginning and none at its end.
    pub(super) root_path: String,
    /// Served names, the first the one in metrics.
    pub(super) models: Vec<String>,
    /// What the weights are called.
    pub(super) weights: Option<String>,
    /// Whether it wants a key.
    pub(super) needs_key: bool,
    pub(super) skip: Option<SkipReason>,
    pub(super) notes: Vec<Note>,
}

impl Facts {
    /// Takes a port over, or notes that it is none.
    pub(super) fn port(&mut self, text: Option<&str>, what: &'static str) {
        let Some(text) = text else { return };
        match name::port(text) {
            Some(port) => self.port = Some(port),
            None => self.notes.push(Note::Value(what, "a port, 1 to 65535")),
        }
    }

    /// Takes a path over that stands in front of every other.
    pub(super) fn root(&mut self, text: Option<&str>, what: &'static str) {
        let Some(path) = text.map(|text| text.trim_end_matches('/')) else { return };
        if path.is_empty() {
            return;
        }
        if name::is_path(path) {
            self.root_path = path.to_owned();
        } else {
            self.notes.push(Note::Value(what, "a path such as /llm"));
        }
    }

    /// Takes over what a server binds to.
    pub(super) fn bound_to(&mut self, host: Option<&str>, mode: &NetworkMode) {
        let loopback = host.is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        });
        if loopback && *mode == NetworkMode::Networks {
            self.notes.push(Note::LoopbackOnly);
        }
    }

    /// Adds names of models, as far as they can be names.
    pub(super) fn models<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for model in names {
            if !name::is_model(model) {
                self.notes.push(Note::Value(
                    "name of a model",
                    "at most 256 bytes, printable, known before the container starts",
                ));
            } else if self.models.len() == name::MOST {
                self.notes.push(Note::ManyModels);
                return;
            } else if !self.models.iter().any(|known| known == model) {
                self.models.push(model.to_owned());
            }
        }
    }
}
