//! What the name of an image says: which program is in it, and in which version.

use super::Role;

/// Longest version that is believed.
const LONGEST_VERSION: usize = 32;

/// Endings of `vllm-…` that are builds of the engine; `vllm-router` or `vllm-exporter` are not.
const BUILDS: [&str; 16] = [
    "arm", "ascend", "cpu", "cuda", "dev", "gaudi", "gpu", "hpu", "neuron", "node", "omni", "rocm",
    "server", "spyre", "tpu", "xpu",
];

/// The name of an image, taken apart; in small letters.
pub(super) struct Image {
    path: Vec<String>,
    tag: Option<String>,
}

impl Image {
    /// `[registry[:port]/]path[:tag][@digest]`
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let name = name.split('@').next().unwrap_or_default();
        let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
        let (last, tag) = match last.split_once(':') {
            Some((last, tag)) => (last, Some(tag.to_owned())),
            None => (last, None),
        };
        let folders = folder.split('/').filter(|part| !part.is_empty());
        Self { path: folders.chain([last]).map(str::to_owned).collect(), tag }
    }

    fn last(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn folder(&self) -> Option<&str> {
        self.path.iter().rev().nth(1).map(String::as_str)
    }

    /// Which program it holds, if the name tells.
    pub(super) fn role(&self) -> Option<Role> {
        match self.last() {
            "litellm" | "litellm-database" | "litellm-non_root" | "litellm-ee" => {
                Some(Role::Litellm)
            }
            "langfuse" | "langfuse-web" | "langfuse-worker" => Some(Role::Langfuse),
            "weir" | "weir-proxy" | "weir-gpu-exporter" | "weir-discovery" => Some(Role::Weir),
            name if is_vllm(name) => Some(Role::Vllm),
            _ => None,
        }
    }

    /// Whether it is LangFuse's worker, which serves no API.
    pub(super) fn is_worker(&self) -> bool {
        self.last() == "langfuse-worker"
    }

    /// The version of what is in it, where its tag is that program's version. Forks and NVIDIA's builds
    /// count on their own.
    pub(super) fn version(&self) -> Option<String> {
        let tag = self.tag.as_deref()?;
        match self.role()? {
            Role::Litellm => version(tag.strip_prefix("main-").unwrap_or(tag)),
            Role::Langfuse | Role::Weir => version(tag),
            Role::Vllm if self.is_official() => version(tag),
            Role::Vllm | Role::Other => None,
        }
    }

    fn is_official(&self) -> bool {
        let name = self.last();
        let engine = name == "vllm-openai" || name.starts_with("vllm-openai-");
        (engine && matches!(self.folder(), None | Some("vllm"))) || name == "vllm-cpu-release-repo"
    }
}

fn is_vllm(name: &str) -> bool {
    let build = |rest: &str| BUILDS.contains(&rest.split(['-', '_']).next().unwrap_or_default());
    name == "vllm"
        || name == "vllm-openai"
        || name.starts_with("vllm-openai-")
        || name.strip_prefix("vllm-").is_some_and(build)
}

/// `0.11.0` of `v0.11.0-x86_64`; `None` where it is no version, such as `latest` or `25.09-py3`.
pub(super) fn version(tag: &str) -> Option<String> {
    if tag.contains("nightly") {
        return None;
    }
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let number = tag.split(['-', '+', '_']).next().unwrap_or_default();
    let mut parts = number.split('.');
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let three = parts.next().is_some_and(digits)
        && parts.next().is_some_and(digits)
        && parts.next().is_some_and(|part| digits(before_letters(part)) && is_word(part));
    (three && parts.all(is_word) && number.len() <= LONGEST_VERSION).then(|| number.to_owned())
}

/// `1` of `1rc2`.
fn before_letters(part: &str) -> &str {
    part.find(|c: char| !c.is_ascii_digit()).map_or(part, |at| &part[..at])
}

fn is_word(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
