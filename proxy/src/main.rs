//! `weir-proxy`: reads the command line and the configuration, then serves until it is told to end.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use weir_daemon::program::Program;
use weir_proxy::{App, Args, Config};

/// A quarter to a third of the CPU time of a small request (BENCHMARKS.md), without transparent huge pages:
/// with them an open stream would take three times the memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let layers = args.layers();
    let program = Program {
        name: "weir-proxy",
        common: &args.common,
        layers,
        load: Config::load,
        admin: Config::ADMIN,
    };
    program.run(App::check, |config, layers| App::start(config)?.run_until_signalled(layers))
}
