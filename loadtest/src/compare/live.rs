//! Both sides measured now, round by round.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::time::Instant;

use super::CompareError;
use super::rounds::{Figures, Round};
use super::slice::{a_first, of_round};
use crate::environment::environment;
use crate::http;
use crate::measure::{MeasureError, Settings, Stop, measure};
use crate::report::{EngineFacts, Environment, Report, RunStatus};
use crate::summary::{count, seconds};
use crate::tester::TesterClock;

/// So many of the warnings of single rounds are kept.
const MOST_WARNINGS: usize = 10;

/// One of the two.
pub(super) struct Live {
    /// `A` or `B`.
    letter: char,
    /// With the scenario of a round.
    pub(super) settings: Settings,
    /// How many requests there should be in all rounds, where the scenario or a flag says so.
    asked: Option<u64>,
    environment: Environment,
    /// Of its first round.
    first: Option<Report>,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) rounds: Vec<Round>,
    /// Each side as it was in its first round, the environment included.
    pub(super) a: Report,
    pub(super) b: Report,
    pub(super) warnings: Vec<String>,
    /// Why it ended before all rounds were measured.
    pub(super) ended_by: Option<Ended>,
}

pub(super) enum Ended {
    Told,
    Failed(MeasureError),
}

impl Live {
    pub(super) fn new(letter: char, settings: Settings, asked: Option<u64>) -> Self {
        Self { letter, settings, asked, environment: Environment::default(), first: None }
    }

    async fn environment(&self) -> Result<Environment, CompareError> {
        let client = http::client().build().map_err(CompareError::Client)?;
        let Settings { target, key, labels, scenario, .. } = &self.settings;
        let models: Vec<_> = scenario.models.iter().map(|model| model.name.clone()).collect();
        Ok(environment(&client, target, key.as_ref(), None, &models, labels.clone()).await)
    }

    /// Measures a round; `None`: it was cut short.
    async fn round(
        &mut self,
        (seed, round): (u64, usize),
        stop: &Stop,
        warnings: &mut BTreeSet<String>,
    ) -> Result<Option<Figures>, MeasureError> {
        let scenario = of_round(&self.settings.scenario, seed, round);
        let settings = Settings { scenario, ..self.settings.clone() };
        let report = measure(&settings, stop, &mut |_report| {}).await?;
        if report.status == RunStatus::Interrupted {
            return Ok(None);
        }
        // Whatever is listed first later on: all rounds ask for the same.
        self.settings.scenario.models.clone_from(&report.scenario.models);
        let letter = self.letter;
        warnings.extend(report.warnings.iter().map(|warning| format!("{letter}: {warning}")));
        let figures = Figures::of(&report);
        self.first.get_or_insert(report);
        Ok(Some(figures))
    }

    /// What is to be said where more requests were sent than were asked for.
    fn raised(&self, rounds: usize) -> Option<String> {
        let (asked, round) = (self.asked?, self.settings.scenario.requests?);
        (round > asked.div_ceil(rounds.max(1) as u64)).then(|| {
            format!(
                "{}: {} requests were asked for, and {} were sent in each round: enough for all clients of both sides.",
                self.letter,
                count(asked),
                count(round)
            )
        })
    }

    /// As it was in its first round.
    fn report(self) -> Option<Report> {
        let report = self.first?;
        Some(Report { environment: self.environment, requests: Vec::new(), ..report })
    }
}

/// Measures all rounds, or as many as it can.
///
/// # Errors
/// Where not one round was measured.
pub(super) async fn live(
    a: Live,
    b: Live,
    rounds: usize,
    stop: &Stop,
    quiet: bool,
) -> Result<Measured, CompareError> {
    let (start, clock) = (Instant::now(), TesterClock::start());
    let raised = [&a, &b].into_iter().filter_map(|side| side.raised(rounds)).collect();
    let mut pair = Pair { a, b, rounds: Vec::new(), warnings: raised };
    let ended_by = pair.measure(rounds, stop, quiet).await?;
    let own = clock.stop(start.elapsed().as_secs_f64()).1;
    pair.end(own, ended_by).await
}

/// Both sides, and what they came to so far.
struct Pair {
    a: Live,
    b: Live,
    rounds: Vec<Round>,
    warnings: BTreeSet<String>,
}

impl Pair {
    /// Returns why it ended early, if it did.
    async fn measure(
        &mut self,
        rounds: usize,
        stop: &Stop,
        quiet: bool,
    ) -> Result<Option<Ended>, CompareError> {
        let seed = self.a.settings.scenario.seed;
        for (at, a_first) in a_first(rounds, seed).into_iter().enumerate() {
            let round = match self.round(a_first, (seed, at), stop).await {
                Ok(Some(round)) => round,
                Ok(None) => return Ok(Some(Ended::Told)),
                Err(MeasureError::Stopped) => return Ok(Some(Ended::Told)),
                Err(error) => return Ok(Some(Ended::Failed(error))),
            };
            if !quiet {
                say(at + 1, rounds, &round);
            }
            self.rounds.push(round);
            if at == 0 {
                // Only now it is known which models are asked for.
                let environments = tokio::try_join!(self.a.environment(), self.b.environment())?;
                (self.a.environment, self.b.environment) = environments;
            }
        }
        Ok(None)
    }

    /// A round at both sides; `None`: it was cut short.
    async fn round(
        &mut self,
        a_first: bool,
        round: (u64, usize),
        stop: &Stop,
    ) -> Result<Option<Round>, MeasureError> {
        let Self { a, b, warnings, .. } = self;
        let [first, second] = if a_first { [a, b] } else { [b, a] };
        let Some(earlier) = first.round(round, stop, warnings).await? else { return Ok(None) };
        let Some(later) = second.round(round, stop, warnings).await? else { return Ok(None) };
        let (a, b) = if a_first { (earlier, later) } else { (later, earlier) };
        Ok(Some(Round { a, b }))
    }

    /// `own`: what the load tester has to say of itself.
    async fn end(
        self,
        own: Vec<String>,
        ended_by: Option<Ended>,
    ) -> Result<Measured, CompareError> {
        let Self { a, b, rounds, warnings } = self;
        let mut said: Vec<_> = warnings.into_iter().take(MOST_WARNINGS).collect();
        said.extend(own);
        if !rounds.is_empty() {
            let (after_a, after_b) = tokio::try_join!(a.environment(), b.environment())?;
            said.extend(changed(a.letter, &a.environment, &after_a));
            said.extend(changed(b.letter, &b.environment, &after_b));
        }
        match (a.report(), b.report(), ended_by) {
            (Some(a), Some(b), ended_by) if !rounds.is_empty() => {
                Ok(Measured { rounds, a, b, warnings: said, ended_by })
            }
            (.., Some(Ended::Failed(error))) => Err(CompareError::Measure(error)),
            _ => Err(CompareError::NoRound),
        }
    }
}

/// What is to be said where other engines answer after the rounds than did before.
fn changed(side: char, before: &Environment, after: &Environment) -> Option<String> {
    let names = |environment: &Environment| {
        let name = |engine: &EngineFacts| {
            [&engine.name, &engine.version].map(|part| part.clone().unwrap_or_default()).join(" ")
        };
        environment.engines.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    is_other(&before.engines, &after.engines).then(|| {
        format!(
            "The engine of {side} changed between the rounds ({} before, {} after): do not trust the figures.",
            names(before),
            names(after)
        )
    })
}

/// What one time nobody answered in time is no change.
fn is_other(before: &[EngineFacts], after: &[EngineFacts]) -> bool {
    let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    before.iter().zip(after).any(|(before, after)| {
        differ(&before.name, &after.name) || differ(&before.version, &after.version)
    })
}

/// A line for each round; nobody may be there to read it.
fn say(round: usize, rounds: usize, Round { a, b }: &Round) {
    let side = |figures: &Figures| {
        let first_token = figures.first_token().map_or_else(|| "–".to_owned(), seconds);
        format!("{} requests, TTFT {first_token}", count(figures.ended))
    };
    let line = format!("Round {round} of {rounds}: A {}; B {}", side(a), side(b));
    let _unread = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_engine_is_said() {
        let environment = |version: &str| Environment {
            engines: vec![EngineFacts {
                name: Some("vllm".to_owned()),
                version: Some(version.to_owned()),
                ..EngineFacts::default()
            }],
            ..Environment::default()
        };
        let (old, new) = (environment("0.31.0"), environment("0.32.0"));
        assert_eq!(changed('A', &old, &old), None);
        let silent = Environment { engines: vec![EngineFacts::default()], ..old.clone() };
        assert_eq!((changed('A', &old, &silent), changed('A', &silent, &old)), (None, None));
        let said = changed('B', &old, &new).unwrap();
        assert!(said.starts_with(
            "The engine of B changed between the rounds (vllm 0.31.0 before, vllm 0.32.0"
        ));
    }
}
