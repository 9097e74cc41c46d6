//! `weir-loadtest limit`: what the load tester itself can do on this machine, so that a reader knows when it is the
//! bottleneck.

mod findings;
mod level;
mod simulator;
mod table;

use std::io::{self, Write as _};

use tokio::time::Instant;

use self::findings::{Findings, Row};
use self::level::{Level, STREAMS, WHOLE};
use self::simulator::{Simulator, SimulatorError};
use crate::cli::{EXIT_INTERRUPTED, LimitArgs};
use crate::measure::{MeasureError, Stop, measure};
use crate::signals::Signals;
use crate::tester::{self, TesterClock};

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitError {
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error("starting a simulated engine to measure against")]
    Simulator(#[from] SimulatorError),
    #[error("measuring {level}")]
    Measure { level: String, source: MeasureError },
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

/// Measures and tells; returns the exit code.
pub(crate) async fn run(args: &LimitArgs) -> Result<u8, LimitError> {
    let mut signals = Signals::new().map_err(LimitError::Signals)?;
    let simulator = Simulator::start().await?;
    let mut findings = Findings::new(args.length);
    let stop = Stop::new();
    let measured = {
        let all = measure_all(args, &simulator, &stop, &mut findings);
        tokio::pin!(all);
        tokio::select! {
            measured = &mut all => measured,
            () = signals.next() => {
                stop.stop();
                all.await
            }
        }
    };
    // It is killed if it does not end; either way it is gone.
    let _ended = simulator.stop().await;
    if !stop.is_stopped() {
        measured?;
    }
    tell(args, &findings).map_err(LimitError::Stdout)?;
    Ok(if stop.is_stopped() { EXIT_INTERRUPTED } else { 0 })
}

/// One level after another; ended early, without the one that was under way.
async fn measure_all(
    args: &LimitArgs,
    simulator: &Simulator,
    stop: &Stop,
    findings: &mut Findings,
) -> Result<(), LimitError> {
    let fixed = WHOLE.map(Level::Whole).into_iter().chain(STREAMS.map(Level::Streams));
    for level in fixed.chain(level::paced()) {
        if let Some(few) = tester::allow(level.clients()) {
            say(&few);
            if level.is_paced() {
                break;
            }
            continue;
        }
        say(&format!("Measuring {level} for {} s.", args.length.as_secs_f64()));
        let row = one(args, level, simulator, stop).await?;
        if stop.is_stopped() {
            break;
        }
        let goes_on = !level.is_paced() || row.exact == Some(true);
        findings.add(level, row);
        if !goes_on {
            break;
        }
    }
    Ok(())
}

async fn one(
    args: &LimitArgs,
    level: Level,
    simulator: &Simulator,
    stop: &Stop,
) -> Result<Row, LimitError> {
    let settings = level.settings(simulator.url(), args.length);
    let (clock, before, began) = (TesterClock::start(), simulator.cpu_seconds(), Instant::now());
    let report = measure(&settings, stop, &mut |_| {}).await;
    let seconds = began.elapsed().as_secs_f64();
    let report =
        report.map_err(|source| LimitError::Measure { level: level.to_string(), source })?;
    let (tester, _) = clock.stop(seconds);
    let simulated = before.zip(simulator.cpu_seconds()).zip(tester.cores_used);
    let simulated = simulated.map(|((before, after), _)| (after - before) / seconds);
    Ok(Row::new(level, &report.summary, &tester, simulated))
}

fn tell(args: &LimitArgs, findings: &Findings) -> io::Result<()> {
    let table = table::lines(findings).join("\n") + "\n";
    if args.json {
        // Whoever has closed stderr wants the JSON.
        let _unread = io::stderr().write_all(table.as_bytes());
        return writeln!(io::stdout(), "{}", serde_json::to_string(&findings.json())?);
    }
    io::stdout().write_all(table.as_bytes())
}

/// A line for whoever waits; where nobody can read it, that is no reason to end.
fn say(line: &str) {
    let _unread = writeln!(io::stderr(), "{line}");
}
