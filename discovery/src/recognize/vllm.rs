//! What the command line of a vLLM server says.

use serde_json::Value;

use super::command::{Launch, Program};
use super::facts::Facts;
use super::name;
use super::options::Options;
use super::{Note, SkipReason};
use crate::container::Container;

/// Where vLLM listens unless told otherwise. `VLLM_PORT` has nothing to do with it.
pub(super) const PORT: u16 = 8000;

/// Options that only a vLLM server is started with, for entrypoints that can't be seen through.
const OWN: [&str; 8] = [
    "gpu-memory-utilization",
    "max-model-len",
    "max-num-seqs",
    "model",
    "pipeline-parallel-size",
    "served-model-name",
    "tensor-parallel-size",
    "tp",
];

/// Whether these words look like options of a vLLM server.
pub(super) fn has_options(argv: &[String]) -> bool {
    let options = Options::of(argv);
    OWN.iter().any(|name| options.has(name))
}

/// From how it is started; of an entrypoint that is not known, all that looks like an option.
pub(super) fn facts(container: &Container, launch: Option<&Launch>) -> Facts {
    let mut facts = Facts::default();
    let (words, positional) = match launch {
        Some(Launch { program: Program::Vllm { positional }, arguments }) => {
            (arguments.as_slice(), *positional)
        }
        Some(Launch { program: Program::Ray { head }, .. }) => return ray(*head),
        _ => (container.argv.as_slice(), false),
    };
    let options = Options::of(words);
    let in_file = options.has("config");
    facts.default_counts = (launch.is_some() || has_options(words)) && !in_file;
    if in_file {
        facts.notes.push(Note::ConfigFile);
    }
    facts.port(options.get("port"), "option --port");
    facts.https = options.has("ssl-certfile") || options.has("ssl-keyfile");
    facts.root(options.get("root-path"), "option --root-path");
    facts.bound_to(options.get("host"), &container.network_mode);
    facts.needs_key = options.has("api-key") || has_key(container);
    names(&options, positional, &mut facts);
    serving(&options, &mut facts);
    facts
}

fn ray(head: bool) -> Facts {
    let mut facts = Facts::default();
    if head {
        facts.notes.push(Note::RayHead);
    } else {
        facts.skip = Some(SkipReason::RayWorker);
    }
    facts
}

fn has_key(container: &Container) -> bool {
    container.env.get("VLLM_API_KEY").is_some_and(|key| !key.is_empty())
}

fn names(options: &Options, positional: bool, facts: &mut Facts) {
    let alone = options.positional.first().filter(|_| positional).map(String::as_str);
    let model = alone.or_else(|| options.get("model"));
    let served = options.all("served-model-name");
    if served.is_empty() {
        facts.models(model);
    } else {
        facts.models(served.iter().map(String::as_str));
    }
    facts.weights = model.filter(|model| name::is_model(model)).and_then(name::weights);
    let adapters: Vec<_> =
        options.all("lora-modules").iter().flat_map(|given| adapters(given)).collect();
    facts.models(adapters.iter().map(String::as_str));
}

/// `name=path`, or JSON with a `name`.
fn adapters(given: &str) -> Vec<String> {
    let name = |value: &Value| Some(value.get("name")?.as_str()?.to_owned());
    match serde_json::from_str::<Value>(given) {
        Ok(Value::Array(several)) => several.iter().filter_map(name).collect(),
        Ok(one) => name(&one).into_iter().collect(),
        Err(_) => given.split_once('=').map(|(name, _)| name.to_owned()).into_iter().collect(),
    }
}

/// Whether, and for whom, it serves.
fn serving(options: &Options, facts: &mut Facts) {
    let none = options.get("api-server-count").is_some_and(|count| count == "0");
    if options.has("headless") || none {
        facts.skip = Some(SkipReason::Headless);
    } else if options.has("uds") {
        facts.skip = Some(SkipReason::UnixSocket);
    }
    let rank = ["data-parallel-rank", "dpn", "data-parallel-start-rank", "dpr"];
    if rank.iter().any(|rank| options.has(rank)) {
        facts.notes.push(Note::DataParallelRank);
    }
}
