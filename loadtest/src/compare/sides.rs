//! From arguments to the two sides.

use super::live::Live;
use super::slice::slice;
use super::{CompareError, Operand};
use crate::cli::{CompareArgs, LoadArgs};
use crate::key;
use crate::measure::Settings;
use crate::report::Report;
use crate::runs;
use crate::scenario::Scenario;
use crate::store::{Store, StoreError};
use reqwest::Url;

pub(super) enum Sides {
    Finished(Box<Report>, Box<Report>),
    Live(Box<Live>, Box<Live>),
}

pub(super) fn sides(args: &CompareArgs) -> Result<Sides, CompareError> {
    match (&args.a, &args.b, &args.target) {
        (a, b, None) if a.is_run() && b.is_run() => finished(args),
        (Operand::Target(a), Operand::Target(b), None) => {
            let scenario = &args.load.scenario;
            live(args, (scenario, a), (scenario, b))
        }
        (Operand::Scenario(a), Operand::Scenario(b), Some(target)) => {
            live(args, (a, target), (b, target))
        }
        (Operand::Scenario(_), Operand::Scenario(_), None) => Err(CompareError::Flags(
            "two scenarios need --target: where their requests go".to_owned(),
        )),
        (a, b, target) => Err(match target {
            Some(_) if a.is_run() == b.is_run() => CompareError::Flags(
                "--target goes with two of scenario:NAME; the sides say themselves where they are"
                    .to_owned(),
            ),
            _ => CompareError::Mixed { a: a.to_string(), b: b.to_string() },
        }),
    }
}

fn finished(args: &CompareArgs) -> Result<Sides, CompareError> {
    if let Some(flag) = meant_for_loads(&args.load) {
        return Err(CompareError::Flags(format!("{flag} is for targets that are measured now")));
    }
    let report = |operand: &Operand| match operand {
        Operand::File(path) => Ok(runs::read(path)?),
        Operand::Stored(wanted) => Ok(stored(args, wanted)?),
        Operand::Target(_) | Operand::Scenario(_) => {
            Err(CompareError::Mixed { a: args.a.to_string(), b: args.b.to_string() })
        }
    };
    Ok(Sides::Finished(Box::new(report(&args.a)?), Box::new(report(&args.b)?)))
}

fn stored(args: &CompareArgs, wanted: &str) -> Result<Report, StoreError> {
    let path = match &args.store {
        Some(path) => path.clone(),
        None => Store::default_path()?,
    };
    let store = Store::open_existing(&path)?;
    let report = store.get(&store.resolve(wanted)?)?;
    report.ok_or_else(|| StoreError::NoRun { wanted: wanted.to_owned() })
}

/// A flag that says something of a load, where one was given.
fn meant_for_loads(load: &LoadArgs) -> Option<&'static str> {
    let given = [
        ("--requests", load.requests.is_some()),
        ("--duration", load.duration.is_some()),
        ("--concurrency", load.concurrency.is_some()),
        ("--rate", load.rate.is_some()),
        ("--model", !load.models.is_empty()),
        ("--seed", load.seed.is_some()),
        ("--warm-up", load.warm_up.is_some()),
        ("--timeout", load.timeout.is_some()),
        ("--key-file", load.key_file.is_some()),
        ("--label", !load.labels.is_empty()),
        ("--trace", load.trace),
        ("--capture", load.capture),
    ];
    given.into_iter().find_map(|(flag, is_given)| is_given.then_some(flag))
}

/// Each side is a scenario and a target.
fn live(args: &CompareArgs, a: (&str, &Url), b: (&str, &Url)) -> Result<Sides, CompareError> {
    let ((mut a, asked_a), (mut b, asked_b)) = (settings(args, a)?, settings(args, b)?);
    alike(&mut a.scenario, &mut b.scenario);
    let (a, b) = (Live::new('A', a, asked_a), Live::new('B', b, asked_b));
    Ok(Sides::Live(Box::new(a), Box::new(b)))
}

/// With the scenario cut into rounds, and how many requests it asks for in all.
fn settings(
    args: &CompareArgs,
    (scenario, target): (&str, &Url),
) -> Result<(Settings, Option<u64>), CompareError> {
    let load = &args.load;
    let whole = Scenario::load(scenario)?.apply(load);
    whole.validate()?;
    let round = slice(&whole, usize::from(args.rounds))
        .map_err(|kind| CompareError::NoSlices { scenario: scenario.to_owned(), kind })?;
    let settings = Settings {
        target: target.clone(),
        name: round.name.clone(),
        scenario: round,
        key: load.key_file.as_deref().map(key::bearer).transpose()?,
        trace: load.trace,
        labels: load.labels.iter().cloned().collect(),
    };
    Ok((settings, whole.requests))
}

/// What is to be the same on both sides of a round: how many requests, and which.
fn alike(a: &mut Scenario, b: &mut Scenario) {
    let requests = a.requests.max(b.requests);
    for scenario in [&mut *a, &mut *b] {
        if scenario.requests.is_some() {
            scenario.requests = requests;
        }
    }
    b.seed = a.seed;
}
