//! What a container's labels claim, as far as it can be true.

use std::collections::BTreeMap;

use super::name;
use super::{Note, Role, Scrape};
use crate::container::{Container, Port};

const ROLE: &str = "llm.role";
const PORT: &str = "llm.port";
const MODEL: &str = "llm.model";
const ROUTE: &str = "llm.route";
const SCRAPE: &str = "prometheus.io/scrape";
const SCRAPE_PORT: &str = "prometheus.io/port";
const SCRAPE_PATH: &str = "prometheus.io/path";

/// The labels that are looked at.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// `llm.role`
    pub(super) role: Option<LabelledRole>,
    /// `llm.port`
    pub(super) port: Option<u16>,
    /// `llm.model`: one name, or several with commas between them.
    pub(super) models: Vec<String>,
    /// `llm.route`
    pub(super) route: Option<String>,
    /// `prometheus.io/…`
    pub(super) scrape: Option<Scrape>,
    /// What could not be used.
    pub(super) notes: Vec<Note>,
}

/// What `llm.role` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelledRole {
    /// To be left alone.
    Ignore,
    /// To be taken for this.
    Role(Role),
}

impl Labels {
    pub(super) fn of(container: &Container) -> Self {
        let labels = &container.labels;
        let mut read = Self::default();
        read.role = read.take(labels, ROLE, "vllm, litellm, langfuse, weir, other or ignore", role);
        read.port = read.take(labels, PORT, "a port, 1 to 65535", name::port);
        read.models = read
            .take(
                labels,
                MODEL,
                "names of models of at most 256 bytes, commas between them",
                models,
            )
            .unwrap_or_default();
        let wanted = "at most 64 of A-Z a-z 0-9 . _ -, and not v1, v2 or unrouted";
        read.route = read.take(labels, ROUTE, wanted, route);
        read.scrape = read.scrape(labels, &container.ports);
        read
    }

    /// The label's meaning. One that is there and means nothing is noted, and empty ones are as good as
    /// none.
    fn take<T>(
        &mut self,
        labels: &BTreeMap<String, String>,
        label: &'static str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = labels.get(label).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        let meaning = read(text);
        if meaning.is_none() {
            self.notes.push(Note::Label(label, expected));
        }
        meaning
    }

    fn scrape(&mut self, labels: &BTreeMap<String, String>, ports: &[Port]) -> Option<Scrape> {
        let wanted = self.take(labels, SCRAPE, "true or false", boolean)?;
        if !wanted {
            return None;
        }
        let known = self.notes.len();
        let port = self.take(labels, SCRAPE_PORT, "a port, 1 to 65535", name::port);
        let path = self.take(labels, SCRAPE_PATH, "a path such as /metrics", path);
        if self.notes.len() > known {
            return None;
        }
        let only = || if let [port] = ports { Some(port.container) } else { None };
        let Some(port) = port.or_else(only) else {
            self.notes.push(Note::Label(SCRAPE_PORT, "a port, since there is not exactly one"));
            return None;
        };
        Some(Scrape { port, path: path.unwrap_or_else(|| "/metrics".to_owned()) })
    }
}

fn role(text: &str) -> Option<LabelledRole> {
    Some(match text.to_ascii_lowercase().as_str() {
        "ignore" => LabelledRole::Ignore,
        "vllm" => LabelledRole::Role(Role::Vllm),
        "litellm" => LabelledRole::Role(Role::Litellm),
        "langfuse" => LabelledRole::Role(Role::Langfuse),
        "weir" => LabelledRole::Role(Role::Weir),
        "other" => LabelledRole::Role(Role::Other),
        _ => return None,
    })
}

fn models(text: &str) -> Option<Vec<String>> {
    let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let fit =
        (1..=name::MOST).contains(&names.len()) && names.iter().all(|name| name::is_model(name));
    fit.then(|| names.into_iter().map(str::to_owned).collect())
}

fn route(text: &str) -> Option<String> {
    name::is_route(text).then(|| text.to_owned())
}

fn path(text: &str) -> Option<String> {
    name::is_path(text).then(|| text.to_owned())
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}
