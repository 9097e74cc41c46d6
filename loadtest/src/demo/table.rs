//! The table: rows in, lines out. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use super::figures::{Figures, Measured, Outcome, Status};
use super::quantity::{clock, rate, seconds};

/// Whether lines may have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    Yes,
    No,
}

const BOLD: &str = "1";
const FAINT: &str = "2";

/// Width of the column of models.
const MODEL: usize = 16;
/// Width of the column of outcomes: the longest name, its indentation and a gap.
const OUTCOME: usize = 36;
/// So many models have a column of outcomes; the others are only in the last one.
const COLUMNS: usize = 3;

/// The whole table. `age` is how long the demo has been running, `stale` says why the figures
/// are not the newest.
pub(crate) fn lines(
    figures: &Figures,
    age: Duration,
    stale: Option<&str>,
    colours: Colours,
) -> Vec<String> {
    let window = figures.elapsed.as_secs_f64().round();
    let mut lines = vec![colours.paint(
        FAINT,
        &format!(
            "{:<6}last {window} s of /metrics; tok/s is llm_tokens_total{{kind=\"output\"}}, ~ partly estimated",
            clock(age)
        ),
    )];
    lines.push(colours.paint(BOLD, &heading()));
    for row in &figures.rows {
        lines.push(line(&row.model, &row.route, &row.measured));
    }
    lines.push(line("all", "", &figures.all));
    lines.push(String::new());
    lines.extend(outcomes(figures, colours));
    if let Some(stale) = stale {
        lines.push(colours.paint("31", &format!("These figures are old: {stale}")));
    }
    lines
}

fn heading() -> String {
    let mut text = format!("{:<MODEL$}{:<8}", "model", "route");
    for (name, width) in [
        ("req/s", 7),
        ("in flight", 11),
        ("TTFT p50", 11),
        ("TTFT p95", 11),
        ("ITL p50", 11),
        ("tok/s", 9),
    ] {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{name:>width$}");
    }
    text
}

fn line(model: &str, route: &str, measured: &Measured) -> String {
    let tokens = match measured.tokens_per_second {
        Some(_) if measured.tokens_estimated => {
            format!("~{}", rate(measured.tokens_per_second))
        }
        known => rate(known),
    };
    format!(
        "{:<MODEL$}{:<8}{:>7}{:>11}{:>11}{:>11}{:>11}{tokens:>9}",
        cut(model, MODEL - 2),
        cut(route, 7),
        rate(measured.requests_per_second),
        measured.in_flight,
        seconds(measured.first_token_p50),
        seconds(measured.first_token_p95),
        seconds(measured.inter_token_p50),
    )
}

fn outcomes(figures: &Figures, colours: Colours) -> Vec<String> {
    let shown: Vec<_> = figures.rows.iter().take(COLUMNS).collect();
    let mut heading = format!("{:<OUTCOME$}", "outcomes since the start");
    let models = shown.iter().map(|row| cut(&row.model, MODEL - 2));
    for name in models.chain(["all".to_owned()]) {
        let _infallible = write!(heading, "{name:>MODEL$}");
    }
    let mut lines = vec![colours.paint(BOLD, heading.trim_end())];
    let seen: BTreeSet<&Outcome> = figures.all.outcomes.keys().collect();
    for outcome in seen {
        let name = format!("  {:<width$}", outcome.name, width = OUTCOME - 2);
        let mut line = colours.paint(outcome.status.colour(), &name);
        for measured in shown.iter().map(|row| &row.measured).chain([&figures.all]) {
            let requests = measured.outcomes.get(outcome).copied().unwrap_or(0);
            let _infallible = write!(line, "{requests:>MODEL$}");
        }
        lines.push(line);
    }
    lines
}

impl Status {
    fn colour(self) -> &'static str {
        match self {
            Self::Success => "32",
            Self::Client => "33",
            Self::Error => "31",
        }
    }
}

impl Colours {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Yes => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::No => text.to_owned(),
        }
    }
}

/// The text, cut to so many characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
