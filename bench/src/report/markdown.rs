//! The report as a Markdown text, which stands in a document as it is.

mod beside;
mod caption;
mod conditions;
mod json;
mod memory;
mod notes;
mod streams;
mod summary;
mod table;
mod targets;

use super::{PLOT, day};
use crate::cells::{Cell, Pace, Work};
use crate::results::Results;
use crate::statistics::Rounds;

pub(super) fn text(results: &Results) -> String {
    let mut sections = vec![head(results), summary::text(results), targets::text(results)];
    sections.extend(GROUPS.map(|group| group.text(results)));
    sections.extend([beside::text(results), conditions::text(results)]);
    joined(sections)
}

/// What a run says at its end.
pub(super) fn digest(results: &Results) -> String {
    joined(vec![summary::text(results), targets::text(results)])
}

/// Those that say something.
fn joined(mut sections: Vec<String>) -> String {
    sections.retain(|section| !section.is_empty());
    sections.join("\n\n") + "\n"
}

/// Cells of a kind.
struct Group {
    title: &'static str,
    about: &'static str,
    belongs: fn(&Cell) -> bool,
    text: fn(&Results, &Cell) -> String,
}

const GROUPS: [Group; 4] = [
    Group {
        title: "JSON answers of 1 KiB, as many as there can be",
        about: "Each connection sends its next request when it has its answer. Latency is then how many wait in line, \
                and is told at a rate instead.",
        belongs: is_saturated,
        text: json::saturated,
    },
    Group {
        title: "JSON answers of 1 KiB, at a rate that all can serve",
        about: "Requests are due at equal distances, whatever becomes of earlier ones; latency counts from when one was \
                due.",
        belongs: is_rate,
        text: json::at_rate,
    },
    Group {
        title: "Streams at 5 ms",
        about: "128 events each; then the next one begins on the same connection. An event's delay is from the \
                upstream's write to the generator's read. Reads per event are less than 1 where events came together.",
        belongs: is_paced,
        text: streams::text,
    },
    Group {
        title: "Many streams, and memory",
        about: "Streams without an end, all open at once; proxies are started afresh. Memory is resident memory.",
        belongs: is_memory,
        text: memory::text,
    },
];

fn head(results: &Results) -> String {
    let quick = if results.quick {
        "This is the short run (`make bench-quick`): a few cells, few and short rounds. \
         `make bench` measures all of them.\n\n"
    } else {
        ""
    };
    format!(
        "## Measured on {}\n\n\
         {quick}One run on one machine ({}). In each round all contenders do the same work one after the other, in an \
         order that changes with each round; ratios and differences are taken within a round. A figure is the median \
         over the good rounds, with the least and the most of them in brackets; beside what is added stands, as \"best \
         rounds\", the difference between the best round of either. CPU time is user and system time of all threads of \
         the proxy, which has one worker thread. \"Bare Pingora\" forwards without a filter and is built as Weir is; \
         \"plain bare Pingora\" is built with cargo's defaults and the C library's allocator.",
        day(&results.date),
        conditions::machine(&results.machine),
    )
}

impl Group {
    /// Empty without a cell.
    fn text(&self, results: &Results) -> String {
        let belongs = |cell: &&Cell| (self.belongs)(cell) && is_measured(results, cell);
        let cells = results.cells.iter().filter(belongs);
        let text = |cell: &Cell| {
            let rounds = Rounds::of(results, &cell.name);
            // Where all rounds were dropped there is no table.
            let has_table = rounds.samples().next().is_some();
            if has_table {
                (self.text)(results, cell)
            } else {
                caption::text(results, cell, &rounds)
            }
        };
        let texts: Vec<_> = cells.map(text).collect();
        if texts.is_empty() {
            return String::new();
        }
        format!("### {}\n\n{}\n\n{}", self.title, self.about, texts.join("\n\n"))
    }
}

fn is_saturated(cell: &Cell) -> bool {
    matches!(cell.work, Work::Json { pace: Pace::Saturated { .. }, .. })
}

fn is_rate(cell: &Cell) -> bool {
    matches!(cell.work, Work::Json { pace: Pace::Rate { .. }, .. })
}

fn is_paced(cell: &Cell) -> bool {
    matches!(cell.work, Work::Streams { .. }) && !cell.memory
}

fn is_memory(cell: &Cell) -> bool {
    matches!(cell.work, Work::Streams { .. }) && cell.memory
}

/// A run that was ended early has no round of some; of others, all rounds may have been dropped, which is told too.
fn is_measured(results: &Results, cell: &Cell) -> bool {
    results.samples.iter().any(|sample| sample.cell == cell.name)
        || results.dropped.iter().any(|dropped| dropped.cell == cell.name)
}
