//! Where, when and with what it was measured, and what counts for nothing.

use crate::contender::Contender;
use crate::names::title;
use crate::results::{Dropped, Machine, Results};
use crate::rounds::MOST_STEAL;
use crate::statistics::Spread;
use crate::words::{fixed, one_line};

pub(super) fn text(results: &Results) -> String {
    let Results { machine, date, .. } = results;
    let mut lines = vec![
        format!("- Begun {date}, on {}.", self::machine(machine)),
        format!("- {}", pinned(machine)),
        format!("- Weir and bare Pingora: {}.", machine.compiler),
    ];
    lines.extend(versions(results));
    lines.push(format!("- {}", steal(results)));
    let mut parts = vec![format!("### Conditions\n\n{}", lines.join("\n"))];
    parts.extend(dropped(results));
    parts.extend(not_reached(results));
    parts.extend(absent(results));
    parts.join("\n\n")
}

pub(super) fn machine(machine: &Machine) -> String {
    let Machine { processor, cores, memory_bytes, kernel, .. } = machine;
    let memory = fixed(*memory_bytes as f64 / 1e9, 1);
    format!("{processor}, {cores} cores, {memory} GB, Linux {kernel}")
}

fn pinned(machine: &Machine) -> String {
    match &machine.pinned {
        Some((contender, others)) => format!(
            "The proxy runs on core {contender}, generator and upstream on core {others}; proxies whose turn it is not \
             idle beside it."
        ),
        None => "Nothing is pinned to a core.".to_owned(),
    }
}

fn versions(results: &Results) -> Option<String> {
    let known = results.versions.iter().filter(|(contender, _)| **contender != Contender::Direct);
    let known: Vec<_> = known.map(|(it, version)| format!("{}: {version}", title(*it))).collect();
    (!known.is_empty()).then(|| format!("- {}.", known.join("; ")))
}

fn steal(results: &Results) -> String {
    let limit = fixed(MOST_STEAL * 100.0, 0);
    let rule = format!(
        "a round with more than {limit} % in a window, or with a failed request without a proxy, counts for nothing and \
         is repeated"
    );
    let Some(steal) = Spread::of(results.samples.iter().map(|sample| sample.steal)) else {
        return format!("Steal: {rule}.");
    };
    let [median, most] = [steal.median, steal.most].map(|part| fixed(part * 100.0, 1));
    let dropped = results.dropped.len();
    format!(
        "Steal (what the hypervisor took of the machine): {median} % of the median window, {most} % at most; {rule}. \
         Dropped: {dropped}."
    )
}

fn dropped(results: &Results) -> Option<String> {
    let line = |it: &Dropped| format!("- `{}`, round {}: {}", it.cell, it.round, one_line(&it.why));
    let lines: Vec<_> = results.dropped.iter().map(line).collect();
    (!lines.is_empty()).then(|| format!("Dropped rounds:\n\n{}", lines.join("\n")))
}

/// A run that was ended early.
fn not_reached(results: &Results) -> Option<String> {
    let cells = results.cells.iter().filter(|cell| !super::is_measured(results, cell));
    let names: Vec<_> = cells.map(|cell| format!("`{}`", cell.name)).collect();
    (!names.is_empty()).then(|| format!("The run was ended before {}.", names.join(", ")))
}

fn absent(results: &Results) -> Option<String> {
    let line = |(contender, why): (&Contender, &String)| {
        format!("- {}: {}", title(*contender), one_line(why))
    };
    let lines: Vec<_> = results.absent.iter().map(line).collect();
    (!lines.is_empty()).then(|| format!("Not measured:\n\n{}", lines.join("\n")))
}
