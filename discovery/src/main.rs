//! `weir-discovery`: reads the command line and the configuration, then serves until it is told to end.

use std::process::ExitCode;

use clap::Parser as _;
use weir_daemon::program::{Program, nothing_to_check};
use weir_discovery::{App, Args, Config};

fn main() -> ExitCode {
    let args = Args::parse();
    let layers = args.layers();
    let program = Program {
        name: "weir-discovery",
        common: &args.common,
        layers,
        load: Config::load,
        admin: Config::ADMIN,
    };
    program.run(nothing_to_check, |config, layers| App::start(config)?.run_until_signalled(layers))
}
