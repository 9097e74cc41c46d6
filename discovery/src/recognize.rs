//! What a container is: an engine, a LiteLLM proxy, or something else.
//!
//! Labels are believed before the command line, that before the image's name, and that before the
//! environment. What only might be an engine is marked as such, and counts once it was asked. All of it is
//! written by whoever starts containers: names are bounded, secrets are not looked at.

mod command;
mod facts;
mod image;
mod label;
mod litellm;
mod name;
mod note;
mod options;
mod shell;
mod verdict;
mod vllm;
mod weir;

pub use note::{Note, SkipReason};

use command::Program;
use facts::Facts;
use image::Image;
use label::{LabelledRole, Labels};
use verdict::Verdict;

use crate::container::{Container, Port};

/// Where LangFuse listens unless told otherwise.
const LANGFUSE_PORT: u16 = 3000;

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An engine.
    Vllm,
    /// LiteLLM's proxy.
    Litellm,
    /// LangFuse.
    Langfuse,
    /// One of Weir's daemons.
    Weir,
    /// Anything else.
    Other,
}

impl Role {
    /// As in the label `role`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Litellm => "litellm",
            Self::Langfuse => "langfuse",
            Self::Weir => "weir",
            Self::Other => "other",
        }
    }
}

/// By what a container was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Its label `llm.role`.
    Label,
    /// What it runs.
    Command,
    /// The name of its image.
    Image,
    /// Variables that images of such programs set.
    Environment,
    /// The port that it names.
    Port,
    /// The GPUs that it asked for.
    Gpu,
    /// Nothing.
    None,
}

impl Evidence {
    /// In one word, for pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Command => "command",
            Self::Image => "image",
            Self::Environment => "environment",
            Self::Port => "port",
            Self::Gpu => "gpu",
            Self::None => "none",
        }
    }
}

/// Metrics of a container that is none of ours, as its labels `prometheus.io/…` ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrape {
    /// The port inside.
    pub port: u16,
    /// With a slash at its beginning.
    pub path: String,
}

/// What a container is, as far as it can be told from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognition {
    /// What it is.
    pub role: Role,
    /// `false`: it counts once what answers at its port confirms it.
    pub certain: bool,
    /// By what it was recognised.
    pub evidence: Evidence,
    /// Where it listens, inside; 0 where nothing tells.
    pub port: u16,
    /// Whether it speaks TLS there.
    pub https: bool,
    /// What stands in front of its paths outside; it answers without it, too. Empty, or with a slash at its
    /// beginning and none at its end.
    pub root_path: String,
    /// Names under which it serves models, the one in its metrics first, adapters last. Empty: not known.
    pub models: Vec<String>,
    /// What the weights are called: an id of the hub, or the last part of a path.
    pub weights: Option<String>,
    /// The version, from a tag that is one.
    pub version: Option<String>,
    /// The name of its route, where a label gives one.
    pub route: Option<String>,
    /// Whether it was started with a key that it wants to be shown.
    pub needs_key: bool,
    /// Where its labels want it to be scraped, whatever it is.
    pub scrape: Option<Scrape>,
    /// What is worth saying, each once, in order.
    pub notes: Vec<Note>,
    /// Why it is not to be asked, if it is not.
    pub skip: Option<SkipReason>,
}

/// Recognises a container.
pub fn recognize(container: &Container) -> Recognition {
    let labels = Labels::of(container);
    let (launch, several) = command::find(&container.argv, &container.env);
    let image = Image::of(&container.image);
    let Verdict { role, certain, evidence } =
        verdict::judge(container, &labels, launch.as_ref(), &image);
    let tool = launch.as_ref().is_some_and(|launch| launch.program == Program::Tool);
    let launch = launch.filter(|launch| verdict::role_of(launch.program) == role);
    let facts = match role {
        Role::Vllm => vllm::facts(container, launch.as_ref()),
        Role::Litellm => litellm::facts(container, launch.as_ref()),
        Role::Weir => weir::facts(container, launch.as_ref()),
        Role::Langfuse => langfuse(&image),
        Role::Other => Facts::default(),
    };
    let (port, guessed) = port(role, labels.port.or(facts.port), &facts, &container.ports);
    let extra =
        [(several && role == Role::Vllm, Note::SeveralEngines), (guessed, Note::PortGuessed)];
    let extra = extra.into_iter().filter_map(|(holds, note)| holds.then_some(note));
    let mut notes: Vec<_> = labels.notes.into_iter().chain(facts.notes).chain(extra).collect();
    notes.sort_unstable();
    notes.dedup();
    // Who names both knows of a way to it that can't be seen from here.
    let told = matches!(labels.role, Some(LabelledRole::Role(_))) && labels.port.is_some();
    let tool = || (tool && role == Role::Other).then_some(SkipReason::NoServer);
    let skip = match labels.role {
        Some(LabelledRole::Ignore) => Some(SkipReason::Ignored),
        _ => facts.skip.or_else(tool).filter(|_| !told),
    };
    Recognition {
        role,
        certain,
        evidence,
        port,
        https: facts.https,
        root_path: facts.root_path,
        models: if labels.models.is_empty() { facts.models } else { labels.models },
        weights: facts.weights,
        version: version(container, role, &image),
        route: labels.route,
        needs_key: facts.needs_key,
        scrape: labels.scrape,
        notes,
        skip,
    }
}

/// The name of a container's route: what its label says, or its own name as far as it can be one.
pub fn route_name(container: &Container) -> String {
    Labels::of(container).route.unwrap_or_else(|| name::route_of(&container.name))
}

/// Whether the proxy takes this as the name of a route: at most 64 of `A-Za-z0-9._-`, no dot first, and not
/// `v1`, `v2` or `unrouted`.
pub fn is_route_name(name: &str) -> bool {
    name::is_route(name)
}

fn langfuse(image: &Image) -> Facts {
    let skip = image.is_worker().then_some(SkipReason::NoServer);
    Facts { skip, default_counts: true, ..Facts::default() }
}

/// The port, and whether it was guessed.
fn port(role: Role, said: Option<u16>, facts: &Facts, ports: &[Port]) -> (u16, bool) {
    if let Some(port) = said {
        return (port, false);
    }
    let usual = match role {
        Role::Vllm => vllm::PORT,
        Role::Litellm => litellm::PORT,
        Role::Langfuse => LANGFUSE_PORT,
        Role::Weir => weir::PORT,
        Role::Other => 0,
    };
    if facts.default_counts {
        return (usual, false);
    }
    let port = match ports {
        [only] => only.container,
        _ => usual,
    };
    (port, role != Role::Other && facts.skip.is_none())
}

/// The image's own word counts more than a name that anybody can give it.
fn version(container: &Container, role: Role, image: &Image) -> Option<String> {
    let built = container.env.get("VLLM_IMAGE_TAG").filter(|_| role == Role::Vllm);
    let built = built.and_then(|tag| Image::of(tag).version().or_else(|| image::version(tag)));
    built.or_else(|| image.version().filter(|_| image.role() == Some(role)))
}
