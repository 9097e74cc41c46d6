//! `weir-discovery`: reads the command line and the configuration, then serves until it is told to end.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use weir_daemon::config::Layers;
use weir_daemon::{cli, logging};
use weir_discovery::{App, Args, Config, StartError};

fn main() -> ExitCode {
    let args = Args::parse();
    let layers = args.layers();
    let config = match Config::load(&layers) {
        Ok(config) => config,
        Err(error) => {
            complain(&error);
            return ExitCode::from(cli::EXIT_CONFIG);
        }
    };
    if args.common.check {
        return ExitCode::SUCCESS;
    }
    if let Err(error) = logging::init(args.common.log_format(), logging::DEFAULT_FILTER) {
        complain(&error);
        return ExitCode::from(cli::EXIT_CONFIG);
    }
    match serve(&config, &layers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn serve(config: &Config, layers: &Layers) -> Result<(), StartError> {
    App::start(config)?.run_until_signalled(layers)
}

fn complain(what: &dyn std::fmt::Display) {
    // There is nowhere left to report that stderr is closed.
    let _unreported = writeln!(std::io::stderr(), "weir-discovery: {what}");
}
