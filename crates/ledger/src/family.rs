//! A family: series by their labels. It is written here and not by `prometheus-client`, which would hold its
//! lock meanwhile, and requests that want a new series with it.

use std::sync::Arc;

use parking_lot::RwLock;
use slab::Slab;

use crate::labels::Labels;
use crate::map::Map;
use crate::metric::{Detail, Metric, Sample};

/// How many series are picked out while others have to wait: so many take about a microsecond.
const AT_ONCE: usize = 128;

/// So many bytes are written, in some 50 µs, before whoever waits for the same core gets it: a page of ten thousand
/// series takes milliseconds, and the kernel's slice is as long.
const IN_A_ROW: usize = 32 << 10;

/// A family. Clones are the same family.
pub(crate) struct Family<L, M: Metric>(Arc<Inner<L, M>>);

struct Inner<L, M: Metric> {
    name: &'static str,
    help: &'static str,
    form: M::Form,
    members: RwLock<Members<L, M>>,
}

struct Members<L, M> {
    places: Map<L, usize>,
    all: Slab<Arc<Member<L, M>>>,
}

struct Member<L, M> {
    labels: L,
    metric: M,
}

impl<L, M: Metric> Clone for Family<L, M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L: Labels, M: Metric> Family<L, M> {
    pub(crate) fn new(name: &'static str, help: &'static str, form: M::Form) -> Self {
        let members = RwLock::new(Members { places: Map::default(), all: Slab::new() });
        Self(Arc::new(Inner { name, help, form, members }))
    }

    /// The series with these labels, which exists from now on.
    pub(crate) fn get_or_create(&self, labels: &L) -> M {
        let known = self.0.members.read().get(labels);
        known.unwrap_or_else(|| self.0.members.write().get_or_insert(labels, &self.0.form))
    }

    pub(crate) fn remove(&self, labels: &L) {
        let mut members = self.0.members.write();
        if let Some(place) = members.places.remove(labels) {
            members.all.remove(place);
        }
    }

    /// Adds the series from that place on, as many as may be picked out at once, to `some`, and returns from
    /// where to go on.
    fn pick(&self, from: usize, some: &mut Vec<Arc<Member<L, M>>>) -> Option<usize> {
        let all = &self.0.members.read().all;
        let next = from + AT_ONCE;
        some.extend((from..next).filter_map(|place| all.get(place).map(Arc::clone)));
        (next < all.capacity()).then_some(next)
    }
}

impl<L: Labels, M: Metric> Members<L, M> {
    fn get(&self, labels: &L) -> Option<M> {
        let place = self.places.get(labels)?;
        self.all.get(*place).map(|member| member.metric.clone())
    }

    fn get_or_insert(&mut self, labels: &L, form: &M::Form) -> M {
        if let Some(metric) = self.get(labels) {
            return metric;
        }
        let metric = M::new(form);
        let member = Member { labels: labels.clone(), metric: metric.clone() };
        let place = self.all.insert(Arc::new(member));
        self.places.insert(labels.clone(), place);
        metric
    }
}

/// A family that can be written, whatever it consists of.
pub(crate) trait Written: Send + Sync {
    /// Its lines of OpenMetrics text; none without a series.
    fn write(&self, text: &mut String, detail: Detail);
}

impl<L: Labels, M: Metric> Written for Family<L, M> {
    fn write(&self, text: &mut String, detail: Detail) {
        let Inner { name, help, form, .. } = &*self.0;
        let (mut some, mut from) = (Vec::with_capacity(AT_ONCE), Some(0));
        let (mut labels, mut is_empty) = (String::new(), true);
        while let Some(place) = from {
            from = self.pick(place, &mut some);
            for member in some.drain(..) {
                if is_empty {
                    head(text, name, help, M::KIND);
                    is_empty = false;
                }
                let before = text.len();
                labels.clear();
                member.labels.print("", &mut labels);
                // The last comma.
                labels.pop();
                member.metric.write(form, Sample { name, labels: &labels }, detail, text);
                if before / IN_A_ROW != text.len() / IN_A_ROW {
                    std::thread::yield_now();
                }
            }
        }
    }
}

/// What stands above the samples. The name is without what OpenMetrics takes for a part of the sample's.
fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let name = name.strip_suffix("_total").unwrap_or(name);
    text.extend(["# HELP ", name, " ", help, ".\n# TYPE ", name, " ", kind, "\n"]);
    for unit in ["seconds", "bytes"] {
        if name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')) {
            text.extend(["# UNIT ", name, " ", unit, "\n"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::*;
    use crate::labels::{Hop, ModelLabels, RouteLabels};

    fn labels(model: &str) -> ModelLabels {
        ModelLabels {
            route: RouteLabels { route: "r".into(), hop: Hop::Edge },
            model: model.into(),
        }
    }

    fn text(family: &impl Written) -> String {
        let mut text = String::new();
        family.write(&mut text, Detail::Classic);
        text
    }

    #[test]
    fn a_family_without_series_is_not_there() {
        let family = Family::<_, Counter>::new("a_seconds_total", "A", ());
        assert_eq!(text(&family), "");
        family.get_or_create(&labels("b")).inc();
        family.get_or_create(&labels("b")).inc();
        assert_eq!(
            text(&family),
            "# HELP a_seconds A.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n\
             a_seconds_total{route=\"r\",hop=\"edge\",model=\"b\"} 2\n"
        );
        family.remove(&labels("b"));
        assert_eq!(text(&family), "");
    }

    #[test]
    fn every_series_is_written_once_however_many_there_are() {
        let family = Family::<_, Counter>::new("a_total", "A", ());
        for count in [AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 10 * AT_ONCE] {
            let all: Vec<_> = (0..count).map(|n| labels(&format!("m{n}"))).collect();
            for labels in &all {
                family.get_or_create(labels).inc();
            }
            let text = text(&family);
            let samples = text.lines().filter_map(|line| line.split_once(",model=")).map(|it| it.1);
            let mut samples: Vec<_> = samples.map(str::to_owned).collect();
            let mut expected: Vec<_> = (0..count).map(|n| format!("\"m{n}\"}} 1")).collect();
            samples.sort();
            expected.sort();
            assert_eq!(samples, expected);
            all.iter().for_each(|labels| family.remove(labels));
        }
    }
}
