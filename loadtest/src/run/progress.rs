//! How the run goes, on stderr: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::Settings;
use crate::report::{Figures, Report};
use crate::scenario::{Load, Scenario};
use crate::summary::{count, rate, seconds};

/// Elsewhere than on a terminal there is a line so often.
const LINE: Duration = Duration::from_secs(10);

/// Whoever says how it goes.
pub(super) enum Progress {
    Quiet,
    Lines { last: Instant },
    Bar { bar: ProgressBar, whole: Whole },
}

/// What the whole run is measured by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Whole {
    Requests(u64),
    Seconds(f64),
    Unknown,
}

impl Progress {
    pub(super) fn new(settings: &Settings, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !io::stderr().is_terminal() || dumb {
            return Self::Lines { last: Instant::now() };
        }
        let whole = whole(&settings.scenario);
        let length = match whole {
            Whole::Requests(_) | Whole::Seconds(_) => Some(1_000),
            Whole::Unknown => None,
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(5));
        let template = match length {
            Some(_) => "{elapsed:>4} [{bar:24}] {percent:>3}% {wide_msg}",
            None => "{elapsed:>4} {spinner} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(500));
        Self::Bar { bar, whole }
    }

    /// Says what is done now.
    pub(super) fn say(&mut self, what: &str) {
        match self {
            Self::Quiet => {}
            Self::Bar { bar, .. } => bar.set_message(what.to_owned()),
            Self::Lines { .. } => line(what),
        }
    }

    /// Shows the run so far.
    pub(super) fn show(&mut self, report: &Report) {
        match self {
            Self::Quiet => {}
            Self::Bar { bar, whole } => {
                bar.set_position((done(*whole, &report.summary) * 1_000.0) as u64);
                bar.set_message(text(report));
            }
            Self::Lines { last } if last.elapsed() >= LINE => {
                *last = Instant::now();
                line(&text(report));
            }
            Self::Lines { .. } => {}
        }
    }

    pub(super) fn end(&mut self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

/// Nobody may be there to read it.
fn line(text: &str) {
    let _unread = writeln!(io::stderr(), "{text}");
}

fn whole(scenario: &Scenario) -> Whole {
    if scenario.search.is_some() {
        return Whole::Unknown;
    }
    if let Load::Stages { stages } = &scenario.load {
        let lengths = stages.iter().map(|stage| stage.length.duration().as_secs_f64());
        return Whole::Seconds(lengths.sum());
    }
    match (scenario.requests, scenario.duration) {
        (Some(requests), None) => Whole::Requests(requests),
        (None, Some(duration)) => Whole::Seconds(duration.duration().as_secs_f64()),
        _ => Whole::Unknown,
    }
}

/// Which part is done, 0 to 1.
fn done(whole: Whole, figures: &Figures) -> f64 {
    let part = match whole {
        Whole::Requests(requests) => figures.ended as f64 / requests as f64,
        Whole::Seconds(seconds) => figures.seconds / seconds,
        Whole::Unknown => 0.0,
    };
    part.clamp(0.0, 1.0)
}

/// The figures of the run so far, in one line.
fn text(report: &Report) -> String {
    let figures = &report.summary;
    let second = report.timeline.last();
    let active = second.map_or(0, |second| second.active);
    let failed = figures.success_rate.map_or(0.0, |share| 1.0 - share);
    let mut text = format!(
        "{} done, {} active, {} req/s",
        count(figures.ended),
        count(active),
        rate(figures.requests_per_second),
    );
    if failed > 0.0 {
        text.push_str(&format!(", {} % failed", rate(failed * 100.0)));
    }
    for (name, shown) in [("time_to_first_token", "TTFT"), ("inter_token_latency", "gap")] {
        if let Some(latency) = figures.latencies.get(name) {
            let (middle, high) = (seconds(latency.p50), seconds(latency.p95));
            text.push_str(&format!(", {shown} p50 {middle} p95 {high}"));
        }
    }
    if let Some(stage) = report.stages.len().checked_sub(0).filter(|stages| *stages > 0) {
        text.push_str(&format!(", {stage} stages done"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_line_says_what_is_known() {
        let mut report = samples::report("r");
        assert_eq!(text(&report), "0 done, 0 active, 0 req/s");
        report.summary.ended = 1_200;
        report.summary.success_rate = Some(0.9);
        report.summary.requests_per_second = 12.34;
        let latency = crate::report::Latency { p50: 0.08, p95: 0.2, ..Default::default() };
        report.summary.latencies.insert("time_to_first_token".to_owned(), latency);
        let shown = "1,200 done, 0 active, 12.3 req/s, 10.0 % failed, TTFT p50 80.0 ms p95 200 ms";
        assert_eq!(text(&report), shown);
    }

    #[test]
    fn the_bar_goes_by_what_ends_the_run() {
        let scenario = |requests, duration: Option<u64>| Scenario {
            requests,
            duration: duration.map(weir_daemon::config::Span::from_secs),
            ..Scenario::default()
        };
        assert_eq!(whole(&scenario(Some(50), None)), Whole::Requests(50));
        assert_eq!(whole(&scenario(None, Some(20))), Whole::Seconds(20.0));
        let figures = Figures { ended: 75, seconds: 5.0, ..Figures::default() };
        assert_eq!(done(Whole::Requests(100), &figures), 0.75);
        assert_eq!(done(Whole::Seconds(20.0), &figures), 0.25);
        assert_eq!(done(Whole::Seconds(2.0), &figures), 1.0);
    }
}
