//! `weir-loadtest scenarios`: lists the shipped scenarios, or prints one.

use std::io::{self, Write as _};

use crate::cli::ScenariosArgs;
use crate::scenario::{SHIPPED, Scenario, ScenarioError};

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenariosError {
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

impl ScenariosError {
    /// Whether the arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Scenario(_))
    }
}

pub(crate) async fn run(args: &ScenariosArgs) -> Result<(), ScenariosError> {
    let text = match &args.name {
        Some(name) => toml(name)?.to_owned(),
        None => list()?,
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // `| head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(ScenariosError::Stdout),
    }
}

fn toml(name: &str) -> Result<&'static str, ScenarioError> {
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == name);
    shipped
        .map(|shipped| shipped.toml)
        .ok_or_else(|| ScenarioError::Unknown { name: name.to_owned() })
}

/// A line each: the name and what it is.
fn list() -> Result<String, ScenarioError> {
    let width = SHIPPED.iter().map(|shipped| shipped.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for shipped in SHIPPED {
        let description = Scenario::load(shipped.name)?.description;
        text.push_str(&format!("{:width$}  {description}\n", shipped.name));
    }
    Ok(text)
}
