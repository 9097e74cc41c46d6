//! What every daemon's `main` does: read the configuration, then check it, ask who serves with it, or serve.

use std::convert::Infallible;
use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use crate::cli::{CommonArgs, EXIT_CONFIG};
use crate::config::{ConfigError, Layers, Sources, Table};
use crate::healthcheck::{self, Probe, Unhealthy};
use crate::logging;

/// A daemon, as its `main` sees it.
pub struct Program<'a, C> {
    /// The name of its binary, with which its complaints begin.
    pub name: &'static str,
    /// The flags that all daemons have.
    pub common: &'a CommonArgs,
    /// What its flags, the file and the environment say.
    pub layers: Layers,
    /// Reads them.
    pub load: fn(&Layers) -> Result<C, ConfigError>,
    /// Where its admin pages are.
    pub admin: AdminAddress,
}

/// Which key says where a daemon's admin pages are.
#[derive(Clone, Copy, Debug)]
pub struct AdminAddress {
    /// The daemon's table.
    pub table: Table,
    /// The key in it.
    pub key: &'static str,
    /// Where they are if nobody has set it.
    pub default: SocketAddr,
}

impl AdminAddress {
    /// Reads nothing else of the configuration: a health check knows the file and the environment, but not the flags that
    /// the daemon was started with, and without those the rest may make no sense. Nor is a daemon ill that goes on with its
    /// old configuration, while the new one is refused.
    fn read(&self, layers: &Layers) -> Result<SocketAddr, ConfigError> {
        let set = Sources::read(layers)?.address(self.table, self.key)?;
        Ok(set.unwrap_or(self.default))
    }
}

impl<C> Program<'_, C> {
    /// With `--check` ends after `check`, which looks at what the configuration names, with `--healthcheck` after the
    /// answer of the daemon that runs with it; else serves until it is told to end. What can't be used is said on stderr:
    /// exit code 2, and 1 for what fails later.
    pub fn run<S: Display, U: Display>(
        self,
        check: impl FnOnce(&C) -> Result<(), U>,
        serve: impl FnOnce(&C, &Layers) -> Result<(), S>,
    ) -> ExitCode {
        if let Some(probe) = self.common.healthcheck {
            return self.healthcheck(probe);
        }
        let config = match (self.load)(&self.layers) {
            Ok(config) => config,
            Err(error) => return self.unusable(&error),
        };
        if self.common.check {
            return match check(&config) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => self.unusable(&error),
            };
        }
        if let Err(error) = logging::init(self.common.log_format(), logging::DEFAULT_FILTER) {
            return self.unusable(&error);
        }
        match serve(&config, &self.layers) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                self.complain(&error);
                ExitCode::FAILURE
            }
        }
    }

    fn healthcheck(&self, probe: Probe) -> ExitCode {
        let admin = match self.admin.read(&self.layers) {
            Ok(admin) => admin,
            Err(error) => return self.unusable(&error),
        };
        match healthcheck::ask(admin, probe) {
            Ok(answer) => {
                // Whoever has closed stdout wants the exit code.
                let _unread = writeln!(std::io::stdout(), "{}: {answer}", self.name);
                ExitCode::SUCCESS
            }
            Err(error @ Unhealthy::AnyPort) => self.unusable(&error),
            Err(error) => {
                self.complain(&error);
                ExitCode::FAILURE
            }
        }
    }

    fn unusable(&self, error: &dyn Display) -> ExitCode {
        self.complain(error);
        ExitCode::from(EXIT_CONFIG)
    }

    fn complain(&self, what: &dyn Display) {
        // There is nowhere left to report that stderr is closed.
        let _unreported = writeln!(std::io::stderr(), "{}: {what}", self.name);
    }
}

/// For daemons whose configuration names nothing that has to be looked at.
///
/// # Errors
/// Never.
pub fn nothing_to_check<C>(_config: &C) -> Result<(), Infallible> {
    Ok(())
}
