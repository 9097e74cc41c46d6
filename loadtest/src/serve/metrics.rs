//! The page's own metrics: METRICS-LOADTEST.md.

use weir_families::{Families, Metric};

use super::overview::Seen;

const RUNNING: Metric =
    Metric::gauge("weir_loadtest_running", "Runs in the store that are under way, by scenario.");
const RUNS: Metric = Metric::gauge("weir_loadtest_runs", "Runs in the store, by how they stand.");
const STORE_UP: Metric =
    Metric::gauge("weir_loadtest_store_up", "1 where the store of runs can be read, else 0.");

/// OpenMetrics text without `# EOF`.
pub(super) fn openmetrics(seen: &Seen) -> String {
    let mut families = Families::default();
    families.add(&STORE_UP, &[], seen.known.is_ok());
    if let Ok(known) = &seen.known {
        for (status, count) in &known.by_status {
            families.add(&RUNS, &[("status", status)], *count);
        }
        for (scenario, count) in &known.running {
            families.add(&RUNNING, &[("scenario", scenario)], *count);
        }
    }
    families.openmetrics()
}

#[cfg(test)]
mod tests;
