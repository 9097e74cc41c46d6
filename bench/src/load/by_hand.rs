//! `weir-bench load`: one window of one load, to see what is there.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::{Counted, Load, LoadError};
use crate::cli::LoadArgs;
use crate::upstream::{Upstream, UpstreamError};

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ByHandError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("writing to stdout")]
    Stdout(#[from] io::Error),
}

/// Counts and prints. Without a target, against an upstream that is started for it.
pub(crate) async fn run(args: &LoadArgs) -> Result<(), ByHandError> {
    let text = if let Some(target) = args.target {
        let mut load = Load::start(&args.work, target).await?;
        let counted = load.window(args.seconds).await;
        load.stop().await;
        text(&counted?, None)
    } else {
        let upstream = Upstream::start(None).await?;
        let outcome = direct(args, &upstream).await;
        upstream.end().await;
        let (counted, cpu) = outcome?;
        text(&counted, Some(cpu))
    };
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// Returns the upstream's processor time too.
async fn direct(args: &LoadArgs, upstream: &Upstream) -> Result<(Counted, Duration), LoadError> {
    let mut load = Load::start(&args.work, upstream.address).await?;
    let before = upstream.cpu();
    let counted = load.window(args.seconds).await;
    let cpu = upstream.cpu().saturating_sub(before);
    load.stop().await;
    Ok((counted?, cpu))
}

fn text(counted: &Counted, upstream_cpu: Option<Duration>) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _infallible = write_text(&mut text, counted, upstream_cpu);
    text
}

fn write_text(
    text: &mut String,
    counted: &Counted,
    upstream_cpu: Option<Duration>,
) -> std::fmt::Result {
    let seconds = counted.elapsed.as_secs_f64();
    let rate = |count: u64| count as f64 / seconds;
    writeln!(text, "seconds {seconds:.3}")?;
    writeln!(text, "requests {} ({:.0}/s)", counted.requests, rate(counted.requests))?;
    writeln!(text, "events {} ({:.0}/s)", counted.events, rate(counted.events))?;
    writeln!(text, "reads {}", counted.reads)?;
    let last = counted.last_error.as_deref().unwrap_or("none");
    writeln!(text, "errors {}, the last: {last}", counted.errors)?;
    write_times(text, "latency", &counted.latency)?;
    write_times(text, "first event", &counted.first_event)?;
    write_times(text, "delay of events", &counted.delay)?;
    write_cpu(text, "generator", counted.generator_cpu, counted)?;
    upstream_cpu.map_or(Ok(()), |cpu| write_cpu(text, "upstream", cpu, counted))
}

fn write_times(text: &mut String, what: &str, times: &Histogram<u64>) -> std::fmt::Result {
    if times.is_empty() {
        return Ok(());
    }
    let microseconds = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    let (p50, p99, most) = (microseconds(0.5), microseconds(0.99), times.max() as f64 / 1e3);
    writeln!(text, "{what} p50 {p50:.1} µs, p99 {p99:.1} µs, most {most:.1} µs")
}

fn write_cpu(text: &mut String, who: &str, cpu: Duration, counted: &Counted) -> std::fmt::Result {
    let busy = 100.0 * cpu.as_secs_f64() / counted.elapsed.as_secs_f64();
    let (count, unit) = match counted.events {
        0 => (counted.requests, "request"),
        events => (events, "event"),
    };
    let each = 1e6 * cpu.as_secs_f64() / count as f64;
    writeln!(text, "{who} {busy:.1} % of a core, {each:.1} µs per {unit}")
}
