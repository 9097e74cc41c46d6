//! `weir-loadtest compare`: two runs that were measured, or two targets that are measured now.

mod comparison;
mod finished;
mod gate;
mod live;
mod metric;
mod operand;
mod rounds;
mod sides;
mod slice;
mod statistics;
mod text;
mod unlike;

pub(crate) use self::gate::Gate;
pub(crate) use self::operand::Operand;

use std::io::{self, Write as _};

use self::comparison::{Comparison, Judged, Method, SCHEMA, Side};
use self::gate::GateVerdict;
use self::live::{Ended, Measured};
use self::sides::Sides;
use crate::cli::{CompareArgs, EXIT_FAILED, EXIT_INTERRUPTED};
use crate::key::KeyError;
use crate::measure::MeasureError;
use crate::output::{Output, OutputError};
use crate::report::{MOST_REQUESTS, Report};
use crate::runs::FileError;
use crate::scenario::ScenarioError;
use crate::signals;
use crate::store::StoreError;

/// Of all intervals.
const CONFIDENCE: f64 = 0.95;

/// Why there is no comparison, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompareError {
    #[error(
        "cannot compare {a:?} with {b:?}: expected two runs, two URLs, or with --target two of scenario:NAME"
    )]
    Mixed { a: String, b: String },
    #[error("{0}")]
    Flags(String),
    #[error(
        "{scenario} is {kind}, which has no rounds: compare two finished runs of it, or set the load with --rate or \
         --concurrency"
    )]
    NoSlices { scenario: String, kind: String },
    #[error("{side} ({name}) has no requests to compare: {why}")]
    Nothing { side: &'static str, name: String, why: &'static str },
    #[error("ended before both sides were measured once: there is nothing to compare")]
    NoRound,
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

impl CompareError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Mixed { .. } | Self::Flags(_) | Self::NoSlices { .. } => true,
            Self::Scenario(_) | Self::Key(_) | Self::File(_) => true,
            Self::Store(error) => error.is_usage(),
            Self::Measure(error) => error.is_usage(),
            _ => false,
        }
    }

    /// By Ctrl-C, before there was anything to compare.
    pub(crate) fn is_interrupted(&self) -> bool {
        matches!(self, Self::NoRound | Self::Measure(MeasureError::Stopped))
    }

    /// Nobody is at a target.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Measure(MeasureError::Unreachable { .. }))
    }
}

/// How a comparison ended that has something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Missed,
    Interrupted,
}

impl Verdict {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Missed => EXIT_FAILED,
            Self::Interrupted => EXIT_INTERRUPTED,
        }
    }
}

/// Compares, and tells.
pub(crate) async fn run(args: &CompareArgs) -> Result<Verdict, CompareError> {
    let sides = sides::sides(args)?;
    // Before anything is measured: a folder that is not there is said at once.
    let output = args.output.as_deref().filter(|path| path.as_os_str() != "-");
    let output = output.map(Output::open).transpose()?;
    let (comparison, failed) = match sides {
        Sides::Finished(a, b) => (finished(args, &a, &b)?, None),
        Sides::Live(a, b) => {
            let stop = signals::stop().map_err(CompareError::Signals)?;
            let measured = live::live(*a, *b, usize::from(args.rounds), &stop, args.quiet).await?;
            compared(args, measured)
        }
    };
    tell(args, output, &comparison)?;
    match failed {
        Some(error) => Err(CompareError::Measure(error)),
        None if comparison.interrupted => Ok(Verdict::Interrupted),
        None if comparison.passed => Ok(Verdict::Passed),
        None => Ok(Verdict::Missed),
    }
}

fn finished(args: &CompareArgs, a: &Report, b: &Report) -> Result<Comparison, CompareError> {
    for (side, report) in [("A", a), ("B", b)] {
        let why = match (report.summary.ended, report.requests.is_empty()) {
            (0, _) => "not one came to an end",
            (_, true) => "they were not kept",
            _ => continue,
        };
        return Err(CompareError::Nothing { side, name: report.name.clone(), why });
    }
    let rows = finished::rows(a, b);
    let mut warnings = Vec::new();
    for (letter, report) in [("A", a), ("B", b)] {
        warnings.extend(report.warnings.iter().map(|warning| format!("{letter}: {warning}")));
        if report.summary.ended > MOST_REQUESTS as u64 {
            let kept = report.requests.len();
            warnings.push(format!("{letter}: the times are those of {kept} of its requests."));
        }
    }
    let (a, b) = ((&args.a, a), (&args.b, b));
    Ok(comparison(args, Method::Requests, (a, b), rows, warnings))
}

/// And why it ended early, where that is a failure.
fn compared(args: &CompareArgs, measured: Measured) -> (Comparison, Option<MeasureError>) {
    let Measured { rounds, a, b, mut warnings, ended_by } = measured;
    warnings.extend(rounds::caveat(&rounds));
    let (sides, rows) = (((&args.a, &a), (&args.b, &b)), rounds::rows(&rounds));
    let mut comparison = comparison(args, Method::Rounds, sides, rows, warnings);
    comparison.rounds = Some(rounds.len());
    comparison.a.requests = rounds.iter().map(|round| round.a.ended).sum();
    comparison.b.requests = rounds.iter().map(|round| round.b.ended).sum();
    comparison.interrupted = ended_by.is_some();
    let failed = match ended_by {
        Some(Ended::Failed(error)) => Some(error),
        Some(Ended::Told) | None => None,
    };
    (comparison, failed)
}

/// What both ways have in common.
fn comparison(
    args: &CompareArgs,
    method: Method,
    ((given_a, a), (given_b, b)): ((&Operand, &Report), (&Operand, &Report)),
    metrics: Vec<comparison::Row>,
    warnings: Vec<String>,
) -> Comparison {
    let judge = |gate: &Gate| Judged { gate: *gate, verdict: gate.judge(&metrics) };
    let gates: Vec<_> = args.fail_if.iter().map(judge).collect();
    let lets_pass = |judged: &Judged| match judged.verdict {
        GateVerdict::Passed => true,
        GateVerdict::Missed => false,
        GateVerdict::Undecided => !args.strict,
    };
    Comparison {
        schema: SCHEMA,
        method,
        confidence: CONFIDENCE,
        a: side(given_a, a),
        b: side(given_b, b),
        rounds: None,
        interrupted: false,
        differences: unlike::unlike(a, b),
        warnings,
        passed: gates.iter().all(lets_pass),
        metrics,
        gates,
    }
}

fn side(given: &Operand, report: &Report) -> Side {
    Side {
        given: given.to_string(),
        id: given.is_run().then(|| report.id.clone()),
        name: report.name.clone(),
        target: report.target.clone(),
        models: report.scenario.models.iter().map(|model| model.name.clone()).collect(),
        requests: report.summary.ended,
    }
}

fn tell(
    args: &CompareArgs,
    output: Option<Output>,
    comparison: &Comparison,
) -> Result<(), CompareError> {
    let lines = text::lines(comparison).join("\n") + "\n";
    if args.json || args.output.as_deref().is_some_and(|path| path.as_os_str() == "-") {
        // Whoever has closed stderr wants the JSON.
        let _unread = io::stderr().write_all(lines.as_bytes());
        let json = serde_json::to_string(comparison)
            .map_err(|error| CompareError::Stdout(error.into()))?;
        writeln!(io::stdout(), "{json}").map_err(CompareError::Stdout)?;
    } else {
        io::stdout().write_all(lines.as_bytes()).map_err(CompareError::Stdout)?;
    }
    output.map_or(Ok(()), |output| Ok(output.write(comparison)?))
}
