//! `weir-loadtest run`: loads a target and says how it did.

mod beside;
mod keep;
mod progress;
mod settings;

use std::io::{self, Write as _};
use std::time::SystemTime;

use self::beside::Beside;
use self::keep::Keep;
use self::progress::Progress;
use crate::beside::BesideError;
use crate::cli::{EXIT_FAILED, EXIT_INTERRUPTED, RunArgs};
use crate::key::KeyError;
use crate::measure::{MeasureError, Prepared};
use crate::output::{Output, OutputError};
use crate::prometheus::LoginError;
use crate::report::{Figures, Report, RunStatus};
use crate::scenario::ScenarioError;
use crate::signals;
use crate::store::StoreError;
use crate::summary;
use crate::tester::{self, TesterClock};

/// Why there is no report, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Proxy(#[from] BesideError),
    #[error("for --prometheus")]
    Prometheus(#[from] LoginError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("writing the scenario as TOML")]
    Toml(#[source] toml::ser::Error),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
    #[error("the run was measured, but not all of it could be kept: {0}")]
    NotKept(String),
}

impl RunError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Scenario(_)
            | Self::Key(_)
            | Self::Prometheus(_)
            | Self::Store(_)
            | Self::Output(_) => true,
            Self::Proxy(error) => error.is_usage(),
            Self::Measure(error) => error.is_usage(),
            _ => false,
        }
    }

    /// By Ctrl-C, before there was a report.
    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self, Self::Measure(MeasureError::Stopped))
    }

    /// Nobody is at the target.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Measure(MeasureError::Unreachable { .. }))
    }
}

/// How a run ended that has a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As asked.
    Good,
    /// The SLO was missed, or no request succeeded.
    Bad,
    /// By Ctrl-C.
    Interrupted,
}

impl Verdict {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => EXIT_FAILED,
            Self::Interrupted => EXIT_INTERRUPTED,
        }
    }
}

/// Measures, keeps and tells.
pub(crate) async fn run(args: &RunArgs) -> Result<Verdict, RunError> {
    let settings = settings::settings(args)?;
    if args.check {
        let text = toml::to_string(&settings.scenario).map_err(RunError::Toml)?;
        return say(&text).map(|()| Verdict::Good);
    }
    let output = match args.output.as_deref() {
        Some(path) if path.as_os_str() != "-" => Some(Output::open(path)?),
        _ => None,
    };
    let keep = Keep::open(&args.store)?;
    let beside = Beside::new(args, &settings)?;
    let stop = signals::stop().map_err(RunError::Signals)?;

    let mut progress = Progress::new(&settings, args.quiet);
    let too_few_files = tester::allow(settings.scenario.load.most_at_once());
    progress.say("Looking whether somebody is there, and warming up.");
    let prepared = Prepared::new(&settings, &stop).await?;
    let models = prepared.models();
    let (environment, before) =
        tokio::join!(beside.environment(&settings, &models), beside.before());
    let clock = TesterClock::start();
    let start = SystemTime::now();
    let mut seen = |report: &Report| {
        let report = Report { environment: environment.clone(), ..report.clone() };
        progress.show(&report);
        keep.save(&report);
    };
    let mut report = prepared.measure(&stop, &mut seen).await?;
    progress.end();
    report.environment = environment;
    let (tester, warnings) = clock.stop(report.summary.seconds);
    report.tester = tester;
    report.warnings.extend(warnings.into_iter().chain(too_few_files));
    beside.after(before, &models, start, &mut report).await;
    finish(args, output, keep, &mut report)
}

/// Writes the report wherever it was asked for. What fails here takes nothing away from what was measured: it is shown
/// all the same.
fn finish(
    args: &RunArgs,
    output: Option<Output>,
    keep: Keep,
    report: &mut Report,
) -> Result<Verdict, RunError> {
    let mut failures = Vec::new();
    match keep.finish(report) {
        Ok(warning) => report.warnings.extend(warning),
        Err(error) => failures.push(chain(&error)),
    }
    if let Some(Err(error)) = output.map(|output| output.write(report)) {
        failures.push(chain(&error));
    }
    let lines = summary::lines(report).join("\n") + "\n";
    if args.output.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        // Whoever has closed stderr wants the JSON.
        let _unread = io::stderr().write_all(lines.as_bytes());
        let json = serde_json::to_string(report).map_err(|error| RunError::Stdout(error.into()))?;
        say(&(json + "\n"))?;
    } else {
        say(&lines)?;
    }
    if failures.is_empty() {
        Ok(verdict(report))
    } else {
        Err(RunError::NotKept(failures.join("; ")))
    }
}

fn verdict(report: &Report) -> Verdict {
    let slo = &report.scenario.slo;
    let missed = match (&report.search, slo.share, &report.summary.goodput) {
        (Some(found), _, _) => found.rate.is_none(),
        (None, Some(share), Some(goodput)) => {
            // As in a stage: what was cut, or could not even be sent, was not good enough.
            let Figures { cut, not_sent, .. } = report.summary;
            goodput.share < share || cut > 0 || not_sent > 0
        }
        _ => false,
    };
    match report.status {
        RunStatus::Interrupted => Verdict::Interrupted,
        RunStatus::Failed => Verdict::Bad,
        _ if missed => Verdict::Bad,
        _ => Verdict::Good,
    }
}

fn say(text: &str) -> Result<(), RunError> {
    io::stdout().write_all(text.as_bytes()).map_err(RunError::Stdout)
}

/// An error with what is behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
