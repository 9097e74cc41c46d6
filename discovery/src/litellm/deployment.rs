//! Deployments: which name clients use, which model that is, and where it runs.

use std::collections::BTreeMap;

use reqwest::Url;

use super::model_info::{ModelInfo, Row};

/// Most deployments of a gateway.
const MOST: usize = 1_000;
/// Most names of one deployment. A wildcard is listed once for each model that its provider has.
const MOST_NAMES: usize = 16;
/// Longest name, in bytes.
const LONGEST: usize = 256;

/// First segments of a model's name that name a provider and not an owner of models.
const PROVIDERS: [&str; 15] = [
    "hosted_vllm",
    "openai",
    "vllm",
    "openai_like",
    "custom_openai",
    "text-completion-openai",
    "litellm_proxy",
    "llamafile",
    "lm_studio",
    "ollama",
    "ollama_chat",
    "infinity",
    "triton",
    "nvidia_nim",
    "anthropic",
];

/// What a gateway is set up for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployments {
    /// Sorted, without repetitions.
    pub list: Vec<Deployment>,
    /// How many rows are not in the list: beyond a bound, or with names that can't be shown.
    pub left_out: usize,
}

/// A model that a gateway offers, at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deployment {
    /// The name that clients use.
    pub edge_model: String,
    /// The name that the server is asked for.
    pub model: String,
    /// By whose rules it is asked (`hosted_vllm`, `openai` …).
    pub provider: Option<String>,
    /// As in the header `x-litellm-model-id`.
    pub model_id: Option<String>,
    /// Where the server is; `None`: where its provider is.
    pub api_base: Option<ApiBase>,
}

/// Where a server is, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiBase {
    /// `http` or `https`.
    pub scheme: String,
    /// Name or address, in lower case, IPv6 without brackets.
    pub host: String,
    /// The port, also where it is the usual one.
    pub port: u16,
    /// Without a slash at its end.
    pub path: String,
}

impl Deployments {
    /// Reads the answer to `/model/info`. What is too much is left out, the same rows each time.
    pub(super) fn read(answer: ModelInfo) -> Self {
        let mut left_out = answer.data.left_out;
        let rows = answer.data.rows.len();
        let mut list: Vec<_> = answer.data.rows.into_iter().filter_map(Deployment::read).collect();
        left_out += rows - list.len();
        list.sort();
        list.dedup();
        let all = list.len();
        let mut names = BTreeMap::new();
        list.retain(|deployment| {
            let Some(id) = &deployment.model_id else { return true };
            let names: &mut usize = names.entry(id.clone()).or_default();
            *names += 1;
            *names <= MOST_NAMES
        });
        list.truncate(MOST);
        left_out += all - list.len();
        Self { list, left_out }
    }
}

impl Deployment {
    fn read(row: Row) -> Option<Self> {
        let Row { model_name, litellm_params: params, model_info: info } = row;
        let asked = params.model.filter(|name| is_name(name))?;
        let explicit = params.custom_llm_provider.filter(|name| is_name(name));
        let known = info.litellm_provider.filter(|name| is_name(name));
        let (provider, model) = split(&asked, explicit, known);
        Some(Self {
            edge_model: model_name.filter(|name| is_name(name))?,
            model,
            provider,
            model_id: info.id.filter(|id| is_name(id)),
            api_base: params.api_base.as_deref().and_then(ApiBase::parse),
        })
    }
}

/// The provider and the model's name without it. Where the provider stands by itself, a first segment is
/// part of the name, unless it says the same once more.
fn split(asked: &str, explicit: Option<String>, known: Option<String>) -> (Option<String>, String) {
    let named = asked.split_once('/').filter(|(_, model)| !model.is_empty());
    if let Some((first, model)) = named {
        let says = match &explicit {
            Some(explicit) => explicit == first,
            None => known.as_deref() == Some(first) || PROVIDERS.contains(&first),
        };
        if says {
            return (Some(first.to_owned()), model.to_owned());
        }
    }
    (explicit.or(known), asked.to_owned())
}

/// Whether a name can be shown as it is; a shortened one could be another's.
fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && !name.contains(char::is_control)
}

impl ApiBase {
    /// Reads an address; user, password, query and fragment are left behind.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 4 * LONGEST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let base = Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port_or_known_default()?,
            path: url.path().trim_end_matches('/').to_owned(),
        };
        (base.to_string().len() <= LONGEST).then_some(base)
    }
}

impl std::fmt::Display for ApiBase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { scheme, host, port, path } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}{path}")
        } else {
            write!(f, "{scheme}://{host}:{port}{path}")
        }
    }
}

#[cfg(test)]
mod tests;
