//! Engines: whether they answer, how reading their metrics goes, and those metrics.

use std::time::{Duration, Instant};

use weir_families::{Families, Metric};

use crate::asked::Phase;
use crate::engine_metrics::Labels;
use crate::fleet::{Fleet, Member};

const UP: Metric = Metric::gauge(
    "llm_engine_up",
    "1 if the engine answered when it was last asked, else 0; absent once it has been gone for as long as its target stays.",
);
const SCRAPE: Metric = Metric::gauge(
    "llm_engine_scrape_duration_seconds",
    "How long the last reading of the engine's metrics took, successful or not.",
);
const SCRAPES: Metric = Metric::counter(
    "llm_engine_scrapes_total",
    "Readings of the engine's metrics by how they went.",
);

const PASSED_OVER: Metric = Metric::gauge(
    "llm_engine_samples_passed_over",
    "Samples of the engine's last page that are not shown here, by why. Many of them are unknown where Weir's table lags behind the engine.",
);

/// Adds the metrics of all engines that run, or ended less than `tombstone` ago.
pub fn add(families: &mut Families, fleet: &Fleet, now: Instant, tombstone: Duration) {
    for member in fleet.members() {
        if member.is_engine() && member.is_kept(now, tombstone) && !member.is_claimed() {
            of_engine(families, member);
        }
    }
}

fn of_engine(families: &mut Families, member: &Member) {
    let models = member.models();
    let version = member.version();
    let labels = Labels {
        container: &member.name,
        container_id: member.id(),
        model: models.first().map(String::as_str),
        engine_version: version.as_deref(),
    };
    let asked = member.asked.lock().clone();
    let own = [
        ("container", labels.container),
        ("container_id", labels.container_id),
        ("model", labels.model.unwrap_or("")),
        ("engine_version", labels.engine_version.unwrap_or("")),
    ];
    families.add(&UP, &own, asked.phase == Phase::Up);
    families.add(&SCRAPE, &own[..2], asked.scrapes.took);
    let scrapes = &asked.scrapes;
    for (result, count) in
        [("error", scrapes.error), ("success", scrapes.success), ("timeout", scrapes.timeout)]
    {
        families.add(&SCRAPES, &[own[0], own[1], ("result", result)], count);
    }
    if let Some(metrics) = &asked.metrics {
        for (reason, count) in metrics.passed_over().all() {
            let labels = [own[0], own[1], ("reason", reason.as_str())];
            families.add(&PASSED_OVER, &labels, count);
        }
        metrics.add(families, &labels);
    }
}
