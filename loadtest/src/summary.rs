//! A report in lines, for people. Pure.

mod number;

use std::fmt::Write as _;

use crate::report::{BesideRow, Figures, Gpus, LATENCIES, Latency, Report, RunStatus, StageReport};

pub(crate) use self::number::{count, rate, seconds};

/// The lines.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![head(report)];
    lines.extend(requests(&report.summary));
    lines.push(String::new());
    lines.extend(latencies(&report.summary));
    lines.extend(models(report));
    lines.extend(stages(report));
    lines.extend(report.gpus.iter().flat_map(gpus));
    lines.extend(beside(report));
    lines.extend(tester(report));
    if !report.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(report.warnings.iter().map(|warning| format!("! {warning}")));
    }
    lines
}

fn head(report: &Report) -> String {
    let Report { name, id, target, .. } = report;
    let status = match report.status {
        RunStatus::Finished => "",
        RunStatus::Interrupted => ", interrupted: whole as far as it goes",
        RunStatus::Running => ", still running",
        RunStatus::Failed => ", failed: no request succeeded",
    };
    let models: Vec<_> = report.scenario.models.iter().map(|model| model.name.as_str()).collect();
    format!("{name} at {target}, {} ({id}){status}", models.join(", "))
}

fn requests(figures: &Figures) -> Vec<String> {
    let Figures { ended, seconds: took, success_rate, .. } = figures;
    let mut line = format!("{} requests in {}", count(*ended), seconds(*took));
    if let Some(share) = success_rate {
        let _ = write!(line, ", {} % of them successes", rate(share * 100.0));
    }
    let mut lines = vec![line];
    let others: Vec<_> = figures
        .outcomes
        .iter()
        .filter(|(outcome, _)| *outcome != "success")
        .map(|(outcome, number)| format!("{} {outcome}", count(*number)))
        .chain((figures.cut > 0).then(|| format!("{} cut at the end", count(figures.cut))))
        .chain((figures.not_sent > 0).then(|| {
            format!("{} not sent, since too many were under way", count(figures.not_sent))
        }))
        .collect();
    if !others.is_empty() {
        lines.push(format!("  {}", others.join(", ")));
    }
    lines.push(format!("  {} requests/s{}", rate(figures.requests_per_second), tokens(figures)));
    if let Some(goodput) = &figures.goodput {
        lines.push(format!(
            "  goodput {} requests/s: {} % met the SLO",
            rate(goodput.per_second),
            rate(goodput.share * 100.0)
        ));
    }
    lines
}

/// The tokens, each marked as an estimate where it is one.
fn tokens(figures: &Figures) -> String {
    let kinds = [("output", &figures.output_tokens), ("input", &figures.input_tokens)];
    let known = kinds.into_iter().filter_map(|(kind, sum)| Some((kind, sum.as_ref()?)));
    known.fold(String::new(), |mut text, (kind, sum)| {
        let mark = if sum.estimated > 0 { "~" } else { "" };
        let _ = write!(text, ", {mark}{} {kind} tokens/s", rate(sum.per_second));
        text
    })
}

fn latencies(figures: &Figures) -> Vec<String> {
    let known: Vec<_> = LATENCIES
        .iter()
        .filter_map(|(name, _)| Some((*name, figures.latencies.get(*name)?)))
        .collect();
    if known.is_empty() {
        return Vec::new();
    }
    let titles = ["mean", "p50", "p90", "p95", "p99", "p99.9", "max"];
    let mut head = format!("  {:<28}", "");
    for title in titles {
        let _ = write!(head, "{title:>9}");
    }
    let mut lines = vec![head];
    for (name, latency) in known {
        let Latency { mean, p50, p90, p95, p99, p999, max, .. } = latency;
        let mut line = format!("  {:<28}", name.replace('_', " "));
        for time in [mean, p50, p90, p95, p99, p999, max] {
            let _ = write!(line, "{:>9}", seconds(*time));
        }
        lines.push(line);
    }
    lines
}

/// What is shown of a group in one line.
fn brief(figures: &Figures) -> String {
    let at = |name: &str, pick: fn(&Latency) -> f64| {
        figures.latencies.get(name).map_or_else(|| "–".to_owned(), |latency| seconds(pick(latency)))
    };
    let share = figures.success_rate.map_or_else(|| "–".to_owned(), |share| rate(share * 100.0));
    let output = figures.output_tokens.as_ref();
    let output = output.map_or_else(|| "–".to_owned(), |sum| rate(sum.per_second));
    format!(
        "{:>9}{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}{:>9}",
        count(figures.ended),
        share,
        rate(figures.requests_per_second),
        output,
        at("time_to_first_token", |latency| latency.p50),
        at("time_to_first_token", |latency| latency.p95),
        at("inter_token_latency", |latency| latency.p95),
        at("duration", |latency| latency.p95),
    )
}

fn brief_head(what: &str) -> String {
    format!(
        "  {what:<28}{:>9}{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "requests", "ok %", "req/s", "tok/s", "TTFT p50", "TTFT p95", "ITL p95", "e2e p95"
    )
}

fn models(report: &Report) -> Vec<String> {
    if report.models.is_empty() {
        return Vec::new();
    }
    let rows =
        report.models.iter().map(|(model, figures)| format!("  {model:<28}{}", brief(figures)));
    [String::new(), brief_head("model")].into_iter().chain(rows).collect()
}

fn stages(report: &Report) -> Vec<String> {
    if report.stages.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), brief_head("stage")];
    lines.extend(report.stages.iter().map(stage));
    if let Some(found) = &report.search {
        let unit = "requests/s";
        lines.push(match (found.rate, found.too_much) {
            (Some(good), Some(bad)) => {
                format!(
                    "  The highest good rate is {} {unit}; {} are too much.",
                    rate(good),
                    rate(bad)
                )
            }
            (Some(good), None) => {
                format!("  All rates were good, up to {} {unit}: raise search.to.", rate(good))
            }
            (None, Some(bad)) => {
                format!("  Not even {} {unit} were good: lower search.from.", rate(bad))
            }
            (None, None) => "  No rate was tried to its end.".to_owned(),
        });
    }
    lines
}

fn stage(stage: &StageReport) -> String {
    let load = match (stage.rate, stage.concurrency) {
        (Some(wanted), _) => format!("{} requests/s", rate(wanted)),
        (None, Some(1)) => "1 client".to_owned(),
        (None, clients) => format!("{} clients", clients.unwrap_or_default()),
    };
    let good = match stage.good {
        Some(true) => "  good",
        Some(false) => "  not good enough",
        None => "",
    };
    format!("  {load:<28}{}{good}", brief(&stage.figures))
}

fn gpus(gpus: &Gpus) -> Vec<String> {
    let mut lines = vec![String::new(), format!("  GPUs, says {}", gpus.source)];
    for card in &gpus.cards {
        let gib = |bytes: f64| format!("{} GiB", rate(bytes / f64::from(1 << 30)));
        let known: Vec<_> = [
            card.utilisation_mean.map(|part| format!("{} % busy", rate(part * 100.0))),
            card.memory_used_bytes_max.map(|bytes| format!("{} used at most", gib(bytes))),
            card.temperature_celsius_max.map(|degrees| format!("{} °C at most", rate(degrees))),
            card.joules.map(|joules| format!("{} J", rate(joules))),
        ]
        .into_iter()
        .flatten()
        .collect();
        lines.push(format!("  GPU {:<24}{}", card.gpu, known.join(", ")));
    }
    if let Some(joules) = gpus.joules {
        let each = gpus.joules_per_output_token;
        let each =
            each.map_or_else(String::new, |each| format!(", {} J per output token", rate(each)));
        lines.push(format!("  all                         {} J{each}", rate(joules)));
    }
    lines
}

fn beside(report: &Report) -> Vec<String> {
    let Some(beside) = &report.proxy else { return Vec::new() };
    if beside.rows.is_empty() {
        return vec![String::new(), format!("  Nothing to lay beside: {}", beside.source)];
    }
    let same = if beside.same_requests {
        "the same requests"
    } else {
        "NOT only the same requests: others came between"
    };
    let mut lines = vec![
        String::new(),
        format!("  Beside {}: {same}", beside.source),
        format!("  {:<32}{:>12}{:>12}{:>12}", "", "tester", "proxy", "difference"),
    ];
    // What only one of the two knows is no comparison; the report has it.
    let known = |row: &&BesideRow| row.tester.is_some() && row.proxy.is_some();
    lines.extend(beside.rows.iter().filter(known).map(beside_row));
    lines
}

fn beside_row(row: &BesideRow) -> String {
    let shown = |value: Option<f64>| match value {
        None => "–".to_owned(),
        Some(value) if row.unit == "s" => seconds(value),
        Some(value) => rate(value),
    };
    // Such as "(proxy: interpolated in 0.1 to 0.15 s)".
    let (what, note) = row.what.split_once(" (").unwrap_or((&row.what, ""));
    let note = if note.is_empty() { String::new() } else { format!("  ({note}") };
    let what = what.replace('_', " ");
    let (tester, proxy) = (shown(row.tester), shown(row.proxy));
    format!("  {what:<32}{tester:>12}{proxy:>12}{:>12}{note}", shown(row.difference))
}

fn tester(report: &Report) -> Vec<String> {
    let Some(cores) = report.tester.cores_used else { return Vec::new() };
    let busy = report.tester.machine_busy;
    let busy = busy.map_or_else(String::new, |busy| {
        format!(", of a machine that was {} % busy", rate(busy * 100.0))
    });
    vec![String::new(), format!("  The load tester used {} cores{busy}.", rate(cores))]
}

#[cfg(test)]
mod tests;
