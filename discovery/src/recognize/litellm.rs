//! What the command line of LiteLLM's proxy says.

use super::command::Launch;
use super::facts::Facts;
use super::options::Options;
use crate::container::Container;

/// Where LiteLLM listens unless told otherwise.
pub(super) const PORT: u16 = 4000;

/// From how it is started. Which models it serves stands in its configuration: it is asked for them.
pub(super) fn facts(container: &Container, launch: Option<&Launch>) -> Facts {
    let mut facts = Facts { default_counts: true, ..Facts::default() };
    let words = launch.map_or(container.argv.as_slice(), |launch| launch.arguments.as_slice());
    let options = Options::of(words);
    let env = |name: &str| container.env.get(name).filter(|value| !value.is_empty());
    facts.port(env("PORT"), "variable PORT");
    facts.port(options.get("port"), "option --port");
    let bound = options.get("bind").or_else(|| options.get("b"));
    facts.port(bound.and_then(|bound| Some(bound.rsplit_once(':')?.1)), "option --bind");
    facts.https = options.has("ssl-certfile-path") || env("SSL_CERTFILE_PATH").is_some();
    facts.root(env("SERVER_ROOT_PATH"), "variable SERVER_ROOT_PATH");
    facts.bound_to(options.get("host").or_else(|| env("HOST")), &container.network_mode);
    facts.needs_key = env("LITELLM_MASTER_KEY").is_some();
    facts
}
