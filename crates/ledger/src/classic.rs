//! Histograms as classic buckets.

use std::fmt::Write;

use crate::buckets::Edges;
use crate::exemplar::Exemplar;
use crate::metric::Sample;

/// What the histograms of a family have in common.
pub(crate) struct Form {
    pub(crate) edges: &'static Edges,
    /// The edges as they are printed, `+Inf` too.
    printed: Vec<String>,
}

/// What is known of one: counts by bucket, and exemplars likewise, or none at all.
pub(crate) struct Classic<'a> {
    pub(crate) counts: &'a [u64],
    pub(crate) exemplars: &'a [Option<Exemplar>],
    pub(crate) sum: f64,
}

impl Form {
    pub(crate) fn new(edges: &'static Edges) -> Self {
        let printed = edges.all.iter().map(|edge| printed(*edge)).chain(["+Inf".to_owned()]);
        Self { edges, printed: printed.collect() }
    }

    /// Its lines: sum, count and buckets.
    pub(crate) fn write(&self, classic: &Classic<'_>, sample: Sample<'_>, text: &mut String) {
        let Classic { counts, exemplars, sum } = classic;
        sample.write("_sum", sum, text);
        sample.write("_count", counts.iter().sum::<u64>(), text);
        let Sample { name, labels } = sample;
        let mut below = 0;
        for (bucket, (edge, count)) in self.printed.iter().zip(*counts).enumerate() {
            below += count;
            text.extend([name, "_bucket{", labels, ",le=\"", edge, "\"} "]);
            // Writing to a String does not fail.
            let _infallible = write!(text, "{below}");
            if let Some(Some(exemplar)) = exemplars.get(bucket) {
                let _infallible = write!(text, " # {exemplar}");
            }
            text.push('\n');
        }
    }
}

/// Always with a decimal point, so that Prometheus 2 and 3 store the same.
fn printed(edge: f64) -> String {
    let printed = edge.to_string();
    if printed.contains('.') { printed } else { printed + ".0" }
}
