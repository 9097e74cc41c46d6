//! One measurement: a scenario against a target, from the first request to the report.

mod loads;
mod models;
mod record;
mod row;
mod second;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::sync::watch;

use self::loads::Phases;
use self::record::Record;
use crate::client::Client;
use crate::report::{Report, RunStatus};
use crate::scenario::{Scenario, ScenarioError};
use crate::workload::Workload;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// A slash or /v1 at its end does not matter.
    pub(crate) target: Url,
    /// With flags applied; without models, the first one that the target lists is asked for.
    pub(crate) scenario: Scenario,
    /// Of the run; the scenario's name unless said.
    pub(crate) name: String,
    /// `Bearer …`.
    pub(crate) key: Option<HeaderValue>,
    /// Begin traces.
    pub(crate) trace: bool,
    /// For `environment`, which the caller may complete.
    pub(crate) labels: BTreeMap<String, String>,
}

/// Whoever ends a measurement early. Cloning gives another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Requests that are under way are cut; the report has what there is.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody stops it.
    pub(crate) async fn stopped(&self) {
        // The sender is in `self`, so it cannot be gone.
        let mut receiver = self.0.subscribe();
        let _stopped = receiver.wait_for(|stopped| *stopped).await;
    }
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeasureError {
    /// Not one request got an answer, since nobody is there.
    #[error("nobody answers at {target}: {why}")]
    Unreachable { target: Url, why: String },
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("{target} lists no model at /v1/models ({why}): name one with --model")]
    NoModel { target: Url, why: String },
    /// Before there was anything to report.
    #[error("ended before anything was measured")]
    Stopped,
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

impl MeasureError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Scenario(_) | Self::NoModel { .. })
    }
}

/// A measurement that can begin: somebody is there, and warmed up.
#[derive(Debug)]
pub(crate) struct Prepared {
    client: Client,
    workload: Workload,
    settings: Settings,
}

impl Prepared {
    /// Looks whether somebody is at the target, and sends what goes before.
    pub(crate) async fn new(settings: &Settings, stop: &Stop) -> Result<Self, MeasureError> {
        let client = Client::new(settings).map_err(MeasureError::Client)?;
        let mut settings = settings.clone();
        settings.scenario.salt.get_or_insert_with(rand::random);
        settings.scenario.models = tokio::select! {
            models = models::models(&client, &settings) => models?,
            () = stop.stopped() => return Err(MeasureError::Stopped),
        };
        let workload = Workload::new(&settings.scenario)?;
        let mut prepared = Self { client, workload, settings };
        prepared.warm_up(stop).await?;
        Ok(prepared)
    }

    /// Of other conversations than those that are measured.
    async fn warm_up(&mut self, stop: &Stop) -> Result<(), MeasureError> {
        let mut scenario = self.settings.scenario.clone();
        scenario.seed = !scenario.seed;
        loads::warm_up(&self.client, Workload::new(&scenario)?, &scenario, stop).await;
        Ok(())
    }

    /// The models that are asked for.
    pub(crate) fn models(&self) -> Vec<String> {
        self.settings.scenario.models.iter().map(|model| model.name.clone()).collect()
    }

    /// Measures. `seen` gets the report so far about once per second, its status `running`.
    pub(crate) async fn measure(
        self,
        stop: &Stop,
        seen: &mut (dyn FnMut(&Report) + Send),
    ) -> Result<Report, MeasureError> {
        let Self { client, workload, settings } = self;
        let mut record = Record::new(&settings);
        let workload = Arc::new(Mutex::new(workload));
        Phases { client, workload, settings: &settings, stop }.load(&mut record, seen).await?;
        let status = if stop.is_stopped() { RunStatus::Interrupted } else { RunStatus::Finished };
        Ok(record.end(status))
    }
}

/// Prepares and measures.
pub(crate) async fn measure(
    settings: &Settings,
    stop: &Stop,
    seen: &mut (dyn FnMut(&Report) + Send),
) -> Result<Report, MeasureError> {
    Prepared::new(settings, stop).await?.measure(stop, seen).await
}
