//! The simulated engine, in a process of its own so that its processor time can be told from the load tester's.

use std::io;

use reqwest::Url;
use tokio::process::Command;
use weir_daemon::process::ProcessReading;

use crate::demo::address;
use crate::demo::child::{Child, ChildError};
use crate::http;

/// The model that it serves.
pub(super) const MODEL: &str = "limit";

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulatorError {
    #[error("finding this program")]
    Program(#[source] io::Error),
    #[error("finding a free port")]
    Port(#[source] io::Error),
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("its address")]
    Address,
    #[error(transparent)]
    Child(#[from] ChildError),
}

/// A running one. Dropping it kills it.
pub(super) struct Simulator {
    child: Child,
    url: Url,
}

impl Simulator {
    /// Starts it, and waits until it answers.
    pub(super) async fn start() -> Result<Self, SimulatorError> {
        let program = std::env::current_exe().map_err(SimulatorError::Program)?;
        let address = address::local(0).map_err(SimulatorError::Port)?;
        let url: Url = format!("http://{address}").parse().map_err(|_| SimulatorError::Address)?;
        let client = http::client().build().map_err(SimulatorError::Client)?;
        let mut command = Command::new(program);
        command.args(["sim", "--model", MODEL, "--listen", &address.to_string()]);
        let mut child = Child::start("the simulated engine", command)?;
        child.ready(&client, &format!("{url}health")).await?;
        Ok(Self { child, url })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Processor time that it has used.
    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        ProcessReading::of(self.child.id()?).cpu_seconds
    }

    pub(super) async fn stop(self) -> Result<(), SimulatorError> {
        self.child.stop().await?;
        Ok(())
    }
}
