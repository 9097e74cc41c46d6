//! From arguments to what is measured.

use super::RunError;
use crate::cli::{LoadArgs, RunArgs};
use crate::key;
use crate::measure::Settings;
use crate::scenario::Scenario;
use reqwest::Url;

/// What `run` measures.
pub(super) fn settings(args: &RunArgs) -> Result<Settings, RunError> {
    let settings = of_load(&args.load, &args.target)?;
    Ok(match &args.name {
        Some(name) => Settings { name: name.clone(), ..settings },
        None => settings,
    })
}

/// A load at a target.
fn of_load(load: &LoadArgs, target: &Url) -> Result<Settings, RunError> {
    let scenario = Scenario::load(&load.scenario)?.apply(load);
    scenario.validate()?;
    Ok(Settings {
        target: target.clone(),
        name: scenario.name.clone(),
        scenario,
        key: load.key_file.as_deref().map(key::bearer).transpose()?,
        trace: load.trace,
        labels: load.labels.iter().cloned().collect(),
    })
}
