//! `scenarios`: its arguments.

/// List the shipped scenarios, or print one.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = SCENARIOS_HELP)]
pub(crate) struct ScenariosArgs {
    /// Its name; all are listed without one.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

const SCENARIOS_HELP: &str = "\
One of your own:
  weir-loadtest scenarios quick > mine.toml
  weir-loadtest run --scenario ./mine.toml --target http://127.0.0.1:9800

LOADTEST.md (\"Scenarios\") has all keys.

Exit codes: 0 printed; 1 stdout cannot be written; 2 there is no such scenario.";
