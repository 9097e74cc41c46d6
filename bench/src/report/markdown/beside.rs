//! What is not in a cell: memory of those who have nothing to do, instructions, junk, scrapes.

use std::collections::BTreeMap;

use super::table::{Table, nothing};
use crate::contender::Contender::{self, Bare, Direct, Weir};
use crate::names::title;
use crate::results::{Junk, Results, Scrape};
use crate::words::{fixed, grouped, short, signed};

pub(super) fn text(results: &Results) -> String {
    let sections = [
        idle(results),
        instructions(results),
        results.junk.as_ref().map(junk),
        results.scrape.as_ref().map(scrape),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn idle(results: &Results) -> Option<String> {
    let mut table = Table::new(&["", "resident memory, MB"]);
    let known = |contender: &Contender| Some((*contender, *results.idle_memory.get(contender)?));
    let mut rows = Contender::ALL
        .iter()
        .filter_map(known)
        .filter(|(contender, _)| *contender != Direct)
        .peekable();
    rows.peek()?;
    for (contender, bytes) in rows {
        table.row(title(contender), [fixed(bytes as f64 / 1e6, 1)]);
    }
    Some(format!("### Idle\n\nAfter its start and one request.\n\n{table}"))
}

/// Instructions in user space, which neither the machine's load nor its speed moves.
fn instructions(results: &Results) -> Option<String> {
    let mut works: Vec<&str> = Vec::new();
    let mut counted: BTreeMap<(&str, Contender), f64> = BTreeMap::new();
    for it in &results.instructions {
        if !works.contains(&it.work.as_str()) {
            works.push(&it.work);
        }
        counted.insert((&it.work, it.contender), it.each);
    }
    let counters: Vec<_> = Contender::ALL
        .into_iter()
        .filter(|it| counted.keys().any(|(_, contender)| contender == it))
        .collect();
    if works.is_empty() {
        return None;
    }
    let titles = counters.iter().map(|&contender| title(contender));
    let ends = ["Weir over bare", "Weir ÷ bare"];
    let heads: Vec<_> = [""].into_iter().chain(titles).chain(ends).collect();
    let mut table = Table::new(&heads);
    for work in works {
        let of = |contender| counted.get(&(work, contender)).copied();
        let own = counters.iter().map(|&contender| of(contender).map_or_else(nothing, short));
        let pair = of(Weir).zip(of(Bare));
        let compared = [
            pair.map_or_else(nothing, |(weir, bare)| signed(weir - bare)),
            pair.map_or_else(nothing, |(weir, bare)| fixed(weir / bare, 2)),
        ];
        table.row(format!("`{work}`"), own.chain(compared));
    }
    Some(format!(
        "### Instructions\n\nIn user space, of the whole process, counted by callgrind: they hardly change from run to \
         run.\n\n{table}"
    ))
}

fn junk(junk: &Junk) -> String {
    let mut table = Table::new(&["requests", "resident memory, MB", "lines of `/metrics`"]);
    for &(requests, bytes, lines) in &junk.readings {
        table.row(grouped(requests), [fixed(bytes as f64 / 1e6, 1), grouped(lines)]);
    }
    format!(
        "### Models that nobody has\n\n{} requests, each of which names another model; {} of them failed.\n\n{table}",
        grouped(junk.requests),
        grouped(junk.errors)
    )
}

fn scrape(scrape: &Scrape) -> String {
    let milliseconds = |seconds: f64| format!("{} ms", fixed(seconds * 1e3, 2));
    let microseconds = |seconds: f64| format!("{} µs", short(seconds * 1e6));
    let mut table = Table::new(&["", "p50", "p99"]);
    for (what, quantiles) in [
        ("a scrape, text", scrape.seconds),
        ("a scrape, OpenMetrics", scrape.seconds_open_metrics),
        ("a scrape, protocol buffers", scrape.seconds_protobuf),
        ("a scrape, OpenMetrics, beside streams", scrape.seconds_with_streams),
    ] {
        table.row(what, [quantiles.p50, quantiles.p99].map(milliseconds));
    }
    for (what, quantiles) in [
        ("delay of an event, nobody scrapes", scrape.delay_without),
        ("delay of an event, one scrape after the other", scrape.delay_with),
    ] {
        table.row(what, [quantiles.p50, quantiles.p99].map(microseconds));
    }
    format!(
        "### Scrapes\n\n`/metrics` with {} series, {} kB; {} of a processor for one beside streams.\n\n{table}",
        grouped(scrape.series),
        grouped(scrape.bytes / 1_000),
        milliseconds(scrape.cpu_seconds)
    )
}
