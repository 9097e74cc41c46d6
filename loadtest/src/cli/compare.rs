//! `compare`: its arguments.

use std::path::PathBuf;

use reqwest::Url;

use super::LoadArgs;
use crate::compare::{Gate, Operand};

/// Compare two runs, or two targets, with confidence intervals.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct CompareArgs {
    /// What is compared with: a run, a URL, or scenario:NAME.
    #[arg(value_name = "A")]
    pub(crate) a: Operand,
    /// What is compared: of the same kind.
    #[arg(value_name = "B")]
    pub(crate) b: Operand,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Where requests of scenario:NAME go, such as http://127.0.0.1:9800.
    #[arg(long, value_name = "URL", value_parser = super::target)]
    pub(crate) target: Option<Url>,
    /// Into how many rounds the requests are cut; in each both sides are measured.
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub(crate) rounds: u16,
    /// Exit with 1 if a figure changed that much, such as "time_to_first_token.p95 > 5%" or "requests_per_second < -2";
    /// may be given several times.
    #[arg(long, value_name = "CHANGE")]
    pub(crate) fail_if: Vec<Gate>,
    /// Exit with 1 too if it cannot be told whether a figure changed that much.
    #[arg(long, requires = "fail_if")]
    pub(crate) strict: bool,
    /// Print JSON to stdout; the table goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the comparison as JSON; - is stdout, as with --json.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// SQLite file with the runs [default: WEIR_LOADTEST__STORE, else weir/runs.db in XDG_DATA_HOME or ~/.local/share].
    #[arg(long, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Say nothing of the rounds.
    #[arg(long)]
    pub(crate) quiet: bool,
}

const HELP: &str = "\
A run is its id or the beginning of it, latest, latest~1, a name (its newest run), or a JSON file (with a slash, or
ending with .json). Two URLs, or two scenarios and --target, are measured now, side by side.

A figure changed if its whole interval says so. --fail-if misses if the whole interval is beyond the limit, passes if all
of it is within, and is undecided between (which passes unless --strict). Percents are of A.

Examples:
  weir-loadtest compare latest~1 latest --fail-if 'time_to_first_token.p95 > 5%'
  weir-loadtest compare http://127.0.0.1:8000 http://127.0.0.1:9800 --scenario quick --requests 500
  weir-loadtest compare --target http://127.0.0.1:9800 scenario:high-parallelism scenario:sequential-workers

Exit codes: 0 compared, gates passed; 1 a gate was missed, or there is nothing to compare; 2 wrong arguments; 3 nobody is
at a target; 130 Ctrl-C, with the rounds that there were.";
