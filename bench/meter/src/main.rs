//! `weir-bench-meter`: counts the instructions of each piece of work, and holds them to what is recorded.
//!
//! `check [PART]` compares (`make count`), `record` writes the record anew (`make count-record`); `work NAME TIMES` is what
//! callgrind is given. With `PART`, only works whose name contains it are counted. `run PART SECONDS` does each of those for
//! so long, but for what Weir is only compared with, and tells nothing: scripts/release.sh looks at what of the meter is
//! used by it.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use weir_bench_meter::callgrind;
use weir_bench_meter::place::{Hold, Place};
use weir_bench_meter::record::Record;
use weir_bench_meter::report::{Row, table};
use weir_bench_meter::verdict::judge;
use weir_bench_meter::works::{self, Work};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir-bench-meter: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check"] => check(""),
        ["check", part] => check(part),
        ["record"] => record(),
        [callgrind::WORK, name, times] => work(name, times.parse().context("TIMES is a number")?),
        ["run", part, seconds] => run_for(part, seconds.parse().context("SECONDS is a number")?),
        _ => bail!(
            "usage: weir-bench-meter check [PART] | record | work NAME TIMES | run PART SECONDS"
        ),
    }
}

/// What callgrind looks at.
fn work(name: &str, times: usize) -> Result<()> {
    let work = works::all().into_iter().find(|work| work.name == name);
    let mut begun = work.with_context(|| format!("there is no work {name:?}"))?.begin();
    for _ in 0..times {
        (begun.once)();
    }
    Ok(())
}

fn run_for(part: &str, seconds: f64) -> Result<()> {
    let time = Duration::try_from_secs_f64(seconds).context("SECONDS is a time")?;
    let works = works_of(part)?;
    for work in works.iter().filter(|work| !work.is_only_compared_with(&works)) {
        let mut begun = work.begin();
        let start = Instant::now();
        while start.elapsed() < time {
            (begun.once)();
        }
    }
    Ok(())
}

fn check(part: &str) -> Result<()> {
    let path = Record::path();
    let record = Record::read(&path)?;
    let mut record = record.with_context(|| {
        format!("there is no {}: count for the first time: make count-record", path.display())
    })?;
    record.instructions.retain(|work, _| work.contains(part));
    let rows = count(part)?;
    let verdict = judge(&record, &Place::here(), &figures(&rows));
    say(&table(&rows, &record.instructions));
    verdict.findings.iter().for_each(|finding| say(&finding.to_string()));
    if let Some(note) = verdict.note {
        say(&note);
    }
    if verdict.fails {
        bail!(
            "figures are not those of bench/meter/counts.json, see above. Mend what got dearer (CONTRIBUTING.md, \"When the \
             count fails\"); or, where it is worth its price, `make count-record` writes them anew: say why in the commit"
        );
    }
    if !verdict.findings.is_empty() {
        say("That is good: `make count-record` holds it.");
    }
    Ok(())
}

fn record() -> Result<()> {
    let path = Record::path();
    // One that can't be understood, after a merge say, is what this is for.
    let before = Record::read(&path).ok().flatten();
    let place = Place::here();
    if let Some(before) = &before
        && before.place.holds_at(&place) == Hold::Elsewhere
    {
        bail!(
            "the figures were recorded with {}, and this is {place}: recorded here, they would not be held there any more. \
             Record there; or, if they are to be held here from now on, delete {} first",
            before.place,
            path.display()
        );
    }
    let rows = count("")?;
    let recorded = before.map(|before| before.instructions).unwrap_or_default();
    say(&table(&rows, &recorded));
    Record { place, instructions: figures(&rows).into_iter().collect() }.write(&path)?;
    say(&format!("Written to {}.", path.display()));
    Ok(())
}

/// Counts the works whose name contains `part`.
fn count(part: &str) -> Result<Vec<Row>> {
    works_of(part)?
        .into_iter()
        .map(|work| {
            let begun = work.begin();
            let instructions = callgrind::count(&work, begun.units)?;
            let bytes = begun.bytes as f64 / begun.units as f64;
            Ok(Row { work: work.name, instructions, bytes, against: work.against })
        })
        .collect()
}

fn works_of(part: &str) -> Result<Vec<Work>> {
    let mut works = works::all();
    works.retain(|work| work.name.contains(part));
    if works.is_empty() {
        bail!("no work has {part:?} in its name: see bench/meter/counts.json");
    }
    Ok(works)
}

fn figures(rows: &[Row]) -> Vec<(String, u64)> {
    rows.iter().map(|row| (row.work.clone(), row.instructions)).collect()
}

#[expect(clippy::print_stdout, reason = "the report is what this is for")]
fn say(text: &str) {
    println!("{text}");
}
