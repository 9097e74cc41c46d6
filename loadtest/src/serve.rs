//! `weir-loadtest serve`: the web page, a daemon like the others of Weir.

mod answer;
mod api;
mod app;
mod assets;
mod config;
mod guard;
mod live;
mod metrics;
mod overview;
mod pages;
mod runs;
mod site;

use std::process::ExitCode;

use weir_daemon::program::{Program, nothing_to_check};

use self::app::App;
use self::config::Config;
use crate::cli::{EXIT_UNREACHABLE, ServeArgs};

/// Serves until it is told to end. It makes its own threads: call it outside of a runtime.
pub(crate) fn run(args: &ServeArgs) -> ExitCode {
    let program = Program {
        name: "weir-loadtest",
        common: &args.common,
        layers: args.layers(),
        load: Config::load,
        admin: Config::ADMIN,
    };
    let mut cannot_listen = false;
    let code = program.run(nothing_to_check, |config, layers| {
        let app = App::start(config).inspect_err(|error| cannot_listen = error.is_address())?;
        app.run_until_signalled(layers)
    });
    if cannot_listen { ExitCode::from(EXIT_UNREACHABLE) } else { code }
}
