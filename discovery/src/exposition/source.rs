//! How each source does.

use weir_families::{Families, Metric};

use crate::source::Sources;

const UP: Metric = Metric::gauge("weir_source_up", "1 where the source can be read, else 0.");
const LAST_SUCCESS: Metric = Metric::gauge(
    "weir_source_last_success_timestamp_seconds",
    "When the source was last read, in seconds since 1970.",
);

/// Adds all sources.
pub fn add(families: &mut Families, sources: &Sources) {
    for ((kind, name), state) in sources.all() {
        let labels = [("source", kind.as_str()), ("name", name.as_str())];
        families.add(&UP, &labels, state.error.is_none());
        families.add(&LAST_SUCCESS, &labels, state.last_success);
    }
}
