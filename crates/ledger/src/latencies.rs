//! Families of histograms of times. They are written here and not by `prometheus-client`, whose own
//! histograms have exemplars or native buckets, but not both.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use prometheus_client::encoding::text;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::buckets::Edges;
use crate::latency::{Detail, Latency};
use crate::registrar::Labels;

/// A family. Clones are the same family.
#[derive(Clone)]
pub(crate) struct Latencies<L>(Arc<Inner<L>>);

struct Inner<L> {
    name: &'static str,
    help: String,
    edges: Edges,
    series: RwLock<HashMap<L, Series>>,
}

struct Series {
    /// The labels as they are printed.
    labels: String,
    latency: Latency,
}

impl<L: Labels> Latencies<L> {
    pub(crate) fn new(name: &'static str, help: &str, edges: Edges) -> Self {
        let help = help.to_owned();
        Self(Arc::new(Inner { name, help, edges, series: RwLock::default() }))
    }

    /// The series, which exists from now on.
    pub(crate) fn get_or_create(&self, labels: &L) -> Latency {
        if let Some(series) = self.0.series.read().get(labels) {
            return series.latency.clone();
        }
        let mut all = self.0.series.write();
        let series = all.entry(labels.clone()).or_insert_with(|| Series {
            labels: printed(labels),
            latency: Latency::new(self.0.edges),
        });
        series.latency.clone()
    }

    pub(crate) fn remove(&self, labels: &L) {
        self.0.series.write().remove(labels);
    }
}

/// A family that can be written, whatever its labels.
pub(crate) trait Written: Send + Sync {
    /// Its lines of OpenMetrics text; none without a series.
    fn write(&self, text: &mut String, detail: Detail);
}

impl<L: Labels> Written for Latencies<L> {
    fn write(&self, text: &mut String, detail: Detail) {
        let Inner { name, help, series, .. } = &*self.0;
        let series = series.read();
        if series.is_empty() {
            return;
        }
        let head = ["# HELP ", name, " ", help, ".\n# TYPE ", name, " histogram\n# UNIT ", name];
        text.extend(head);
        text.push_str(" seconds\n");
        for Series { labels, latency } in series.values() {
            // Writing to a String does not fail.
            let _infallible = latency.write(text, name, labels, detail);
        }
    }
}

/// Labels without braces, as `prometheus-client` prints them: it can do so for whole registries only.
fn printed(labels: &impl Labels) -> String {
    let family = Family::<_, Gauge>::default();
    let _member = family.get_or_create_owned(labels);
    let mut registry = Registry::default();
    registry.register("a", "", family);
    let mut text = String::new();
    // Writing to a String does not fail.
    let _infallible = text::encode(&mut text, &registry);
    let sample = text.lines().find_map(|line| line.strip_prefix("a{")?.strip_suffix("} 0"));
    sample.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Hop, ModelLabels, RouteLabels};

    fn labels(model: &str) -> ModelLabels {
        ModelLabels {
            route: RouteLabels { route: "r".into(), hop: Hop::Edge },
            model: model.into(),
        }
    }

    #[test]
    fn labels_are_printed_with_their_escapes() {
        let odd = "a\"\\\n} 0 b";
        assert_eq!(printed(&labels(odd)), r#"route="r",hop="edge",model="a\"\\\n} 0 b""#);
    }

    #[test]
    fn a_family_without_series_is_not_there() {
        let family = Latencies::new("a_seconds", "A", Edges(&[1.0]));
        let text = || {
            let mut text = String::new();
            family.write(&mut text, Detail::Classic);
            text
        };
        assert_eq!(text(), "");
        family.get_or_create(&labels("b")).observe(0.5);
        family.get_or_create(&labels("b")).observe(0.5);
        let head = "# HELP a_seconds A.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n";
        assert!(text().starts_with(head), "{}", text());
        assert!(text().contains("a_seconds_count{route=\"r\",hop=\"edge\",model=\"b\"} 2\n"));
        family.remove(&labels("b"));
        assert_eq!(text(), "");
    }
}
