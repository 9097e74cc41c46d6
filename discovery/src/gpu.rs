//! Which GPUs a container was given.

mod visible;

use visible::Visible;

use crate::container::{Container, DeviceRequest};

/// Where containers of NVIDIA's runtime find which GPUs they may have.
const VARIABLE: &str = "NVIDIA_VISIBLE_DEVICES";

/// So many GPUs of one container are told apart.
const MOST: usize = 64;

/// So many of them are named in a label.
const MOST_SHOWN: usize = 16;

/// Longest name of a GPU, in bytes: a UUID of a MIG device has 40.
const LONGEST: usize = 64;

/// What a container was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuGrant {
    /// Which.
    pub which: Which,
    /// Where that stands.
    pub source: Source,
}

/// Which GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of the host's.
    All,
    /// So many; which ones is known of their processes only.
    Count(u32),
    /// These: indices on the host, UUIDs or ids of MIG devices. Sorted, indices first, each once.
    Ids(Vec<String>),
}

/// Where it stands which GPUs a container has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Docker's device requests.
    DeviceRequests,
    /// Names of the Container Device Interface.
    Cdi,
    /// The environment.
    Environment,
}

impl Source {
    /// In one word, for pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeviceRequests => "device_requests",
            Self::Cdi => "cdi",
            Self::Environment => "environment",
        }
    }
}

impl GpuGrant {
    /// For a label: `all`, `0,1`, `GPU-…`, or `any 2` for two that are not named.
    pub fn shown(&self) -> String {
        match &self.which {
            Which::All => "all".to_owned(),
            Which::Count(count) => format!("any {count}"),
            Which::Ids(ids) if ids.len() > MOST_SHOWN => {
                format!("{},…", ids[..MOST_SHOWN].join(","))
            }
            Which::Ids(ids) => ids.join(","),
        }
    }
}

/// The GPUs of a container; `None`: it has none, or none that are known of.
///
/// `NVIDIA_VISIBLE_DEVICES` counts last, and where the image brings it only if the runtime heeds it: images
/// with CUDA say `all` even where `--gpus` names two.
pub fn gpus(container: &Container) -> Option<GpuGrant> {
    let (which, source) = granted(container)?;
    let which = match container.env.get("CUDA_VISIBLE_DEVICES") {
        Some(visible) => Visible::of(visible).among(which)?,
        None => which,
    };
    Some(GpuGrant { which, source })
}

fn granted(container: &Container) -> Option<(Which, Source)> {
    let wishes = &container.gpus;
    if !wishes.requests.is_empty() {
        return requested(&wishes.requests);
    }
    if !wishes.cdi.is_empty() {
        return named(wishes.cdi.iter().map(String::as_str)).map(|which| (which, Source::Cdi));
    }
    let value = container.env.get(VARIABLE)?;
    let image = container.image_env.as_ref();
    let own = image.is_some_and(|image| image.get(VARIABLE) != Some(value));
    let heeded = own || wishes.nvidia_runtime;
    named(value.split(',')).filter(|_| heeded).map(|which| (which, Source::Environment))
}

fn requested(requests: &[DeviceRequest]) -> Option<(Which, Source)> {
    let ids = || requests.iter().flat_map(|request| &request.ids).map(String::as_str);
    let counts = || requests.iter().filter(|request| request.ids.is_empty());
    let source =
        if ids().any(|id| id.contains('=')) { Source::Cdi } else { Source::DeviceRequests };
    if counts().any(|request| request.count < 0) {
        return Some((Which::All, source));
    }
    let count = counts().map(|request| request.count).fold(0, i64::saturating_add);
    let count = u32::try_from(count.clamp(0, i64::from(u16::MAX))).unwrap_or_default();
    let which = match named(ids()) {
        // Some that are named and some that are not: how many they are is all that can be said.
        Some(Which::Ids(ids)) if count > 0 => {
            Which::Count(count.saturating_add(u32::try_from(ids.len()).unwrap_or_default()))
        }
        Some(which) => which,
        None if count > 0 => Which::Count(count),
        None => return None,
    };
    Some((which, source))
}

/// From a list of names: `all`, `none` and `void` mean what they say.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> Option<Which> {
    // Of a CDI name, such as `nvidia.com/gpu=0`, what tells the GPUs apart.
    let names = names.map(|name| name.rsplit('=').next().unwrap_or(name).trim());
    let mut ids = Vec::new();
    for name in names {
        match name {
            "all" => return Some(Which::All),
            "none" | "void" => {}
            id if is_id(id) && ids.len() < MOST => ids.push(id.to_owned()),
            _ => {}
        }
    }
    sort(&mut ids);
    (!ids.is_empty()).then_some(Which::Ids(ids))
}

fn is_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    (1..=LONGEST).contains(&id.len()) && id.chars().all(allowed)
}

/// Indices by their number, then names.
fn sort(ids: &mut Vec<String>) {
    ids.sort_by_cached_key(|id| (id.parse::<u32>().unwrap_or(u32::MAX), id.clone()));
    ids.dedup();
}
