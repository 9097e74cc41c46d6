//! `run`: its arguments.

use std::path::PathBuf;

use reqwest::Url;
use weir_daemon::config::Span;

/// Load a target and say how it did: latencies, tokens, errors, what the GPUs and the proxy say.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Where requests go, such as http://127.0.0.1:9800.
    #[arg(long, value_name = "URL", value_parser = super::target)]
    pub(crate) target: Url,
    /// What the run is called in lists [default: the scenario's name].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Write the report as JSON, requests included; - is stdout, and the summary then goes to stderr.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) beside: BesideArgs,
    /// No progress bar, even on a terminal.
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Validate the scenario, print it with everything that it means, and exit.
    #[arg(long)]
    pub(crate) check: bool,
}

/// What is sent: a scenario, and what differs from it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LoadArgs {
    /// Name of a shipped scenario (see weir-loadtest scenarios), or a TOML file.
    #[arg(long, value_name = "NAME|FILE", default_value = "quick")]
    pub(crate) scenario: String,
    /// So many measured requests.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) requests: Option<u64>,
    /// For so long, such as 30s or 5m.
    #[arg(long, value_name = "DURATION")]
    pub(crate) duration: Option<Span>,
    /// So many clients, each with one request at a time (closed loop).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=20_000), conflicts_with = "rate")]
    pub(crate) concurrency: Option<u64>,
    /// So many requests per second, at random moments (open loop).
    #[arg(long, value_name = "NUMBER", value_parser = super::load_rate)]
    pub(crate) rate: Option<f64>,
    /// Name of a model to ask for; may be given several times [default: the first that the target lists].
    #[arg(long = "model", value_name = "NAME")]
    pub(crate) models: Vec<String>,
    /// Where random numbers begin: the same one sends the same requests. Without, each run's prompts begin with another
    /// number, so that no prefix cache knows them from the last run.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// So many requests go before, and are not measured.
    #[arg(long, value_name = "N")]
    pub(crate) warm_up: Option<u64>,
    /// After so long an answer is given up.
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<Span>,
    /// Keep prompts and answers, for view_results.html.
    #[arg(long)]
    pub(crate) capture: bool,
    /// Begin a trace with each request (traceparent, sampled), and keep its id.
    #[arg(long)]
    pub(crate) trace: bool,
    /// File with the key that goes with each request, as a bearer token (for messages as x-api-key too).
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// KEY=VALUE kept with the run, such as gpu=h200 or change=prefix-caching; may be given several times.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = super::label)]
    pub(crate) labels: Vec<(String, String)>,
}

/// Where runs are kept.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct StoreArgs {
    /// SQLite file with the runs [default: WEIR_LOADTEST__STORE, else weir/runs.db in XDG_DATA_HOME or ~/.local/share].
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Keep nothing.
    #[arg(long, conflicts_with = "store")]
    pub(crate) no_store: bool,
}

/// Who else is asked about the run.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct BesideArgs {
    /// Prometheus, for GPU memory, utilisation and energy of the run. One that asks for a user and a password gets those of
    /// WEIR_LOADTEST__PROMETHEUS_USER and WEIR_LOADTEST__PROMETHEUS_PASSWORD_FILE (or _ENV, a variable's name).
    #[arg(long, value_name = "URL", value_parser = super::target)]
    pub(crate) prometheus: Option<Url>,
    /// The proxy's admin pages, for what it measured of the same requests; "none" asks nobody [default:
    /// http://127.0.0.1:9900 if it answers and the target is this machine's].
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}
