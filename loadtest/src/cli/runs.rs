//! `runs`: its arguments.

use std::path::PathBuf;

use clap::Subcommand;

/// The store of runs: list, show, export, import, remove.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
    /// SQLite file with the runs [default: WEIR_LOADTEST__STORE, else weir/runs.db in XDG_DATA_HOME or ~/.local/share].
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Runs, newest first.
    List {
        /// At most so many.
        #[arg(long, value_name = "N", default_value = "50")]
        limit: usize,
        /// As a JSON array, without seconds, requests and contents.
        #[arg(long)]
        json: bool,
    },
    /// What a run came to.
    Show {
        #[arg(value_name = "RUN")]
        run: String,
        /// As JSON, without requests and contents (export has them).
        #[arg(long)]
        json: bool,
    },
    /// Write a run as JSON, requests included.
    Export {
        #[arg(value_name = "RUN")]
        run: String,
        /// Here instead of stdout.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Prompts and answers too, if the run kept them.
        #[arg(long)]
        contents: bool,
    },
    /// Keep runs that were exported, or written by run --output.
    Import {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Forget runs, with their requests and contents.
    Remove {
        #[arg(value_name = "RUN", required = true)]
        runs: Vec<String>,
    },
}

const HELP: &str = "\
RUN is an id or its beginning, latest, latest~1 (the one before), or a name (its newest run).

Examples:
  weir-loadtest runs list
  weir-loadtest runs show latest
  weir-loadtest runs export latest --output run.json

Exit codes: 0 done; 1 the store failed, or has another run with an imported id; 2 wrong arguments, such as a run
that is not there.";
