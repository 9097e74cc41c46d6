//! Metric families as OpenMetrics text: the crate's own encoder writes text 0.0.4 only, and the admin
//! pages want the richer of the two.

use std::fmt::Write as _;

use prometheus::proto::{Histogram, LabelPair, MetricFamily, MetricType};

/// Units in which a family's name may end.
const UNITS: [&str; 8] =
    ["bytes", "celsius", "hertz", "joules", "milliwatts", "ratio", "seconds", "watts"];

/// The families, without `# EOF`.
pub(crate) fn encode(families: &[MetricFamily]) -> String {
    let mut text = String::new();
    for family in families {
        head(&mut text, family);
        samples(&mut text, family);
    }
    text
}

/// Families are named without the suffixes of their samples, and what describes something is an info.
fn head(text: &mut String, family: &MetricFamily) {
    let name = family.name();
    let (name, kind) = match family.get_field_type() {
        MetricType::COUNTER => (name.strip_suffix("_total").unwrap_or(name), "counter"),
        MetricType::HISTOGRAM => (name, "histogram"),
        _ => name.strip_suffix("_info").map_or((name, "gauge"), |name| (name, "info")),
    };
    // Writing to a String does not fail.
    let _ = write!(text, "# HELP {name} ");
    escape(text, family.help());
    let _ = writeln!(text, "\n# TYPE {name} {kind}");
    if let Some(unit) = unit(name) {
        let _ = writeln!(text, "# UNIT {name} {unit}");
    }
}

fn unit(name: &str) -> Option<&'static str> {
    UNITS.into_iter().find(|unit| name.strip_suffix(unit).is_some_and(|name| name.ends_with('_')))
}

fn samples(text: &mut String, family: &MetricFamily) {
    let name = family.name();
    for sample in family.get_metric() {
        let labels = sample.get_label();
        match family.get_field_type() {
            MetricType::COUNTER => {
                line(text, name, "", labels, None, sample.get_counter().get_value())
            }
            MetricType::HISTOGRAM => histogram(text, name, labels, sample.get_histogram()),
            _ => line(text, name, "", labels, None, sample.get_gauge().get_value()),
        }
    }
}

fn histogram(text: &mut String, name: &str, labels: &[LabelPair], histogram: &Histogram) {
    for bucket in histogram.get_bucket() {
        let edge = edge(bucket.upper_bound());
        line(text, name, "_bucket", labels, Some(&edge), bucket.cumulative_count() as f64);
    }
    line(text, name, "_sum", labels, None, histogram.get_sample_sum());
    line(text, name, "_count", labels, None, histogram.get_sample_count() as f64);
}

/// With a decimal point, so that Prometheus 2 and 3 store the same.
fn edge(upper_bound: f64) -> String {
    if upper_bound == f64::INFINITY { "+Inf".to_owned() } else { format!("{upper_bound:?}") }
}

fn line(
    text: &mut String,
    name: &str,
    suffix: &str,
    labels: &[LabelPair],
    le: Option<&str>,
    value: f64,
) {
    text.push_str(name);
    text.push_str(suffix);
    let mut before = '{';
    let labels = labels.iter().map(|label| (label.name(), label.value()));
    for (name, value) in labels.chain(le.map(|edge| ("le", edge))) {
        text.push(before);
        before = ',';
        text.push_str(name);
        text.push_str("=\"");
        escape(text, value);
        text.push('"');
    }
    if before == ',' {
        text.push('}');
    }
    // Writing to a String does not fail.
    let _ = match value {
        f64::INFINITY => writeln!(text, " +Inf"),
        f64::NEG_INFINITY => writeln!(text, " -Inf"),
        value => writeln!(text, " {value}"),
    };
}

fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Families, Metric, Observed};

    #[test]
    fn families_are_named_as_openmetrics_wants_it() {
        let mut families = Families::default();
        families.add(&Metric::counter("a_joules_total", "Joules."), &[("b", "c")], 1.5);
        families.add(&Metric::gauge("d_info", "What d is."), &[], 1_u32);
        families.add(&Metric::gauge("e_ratio", "Of 1."), &[], 0.25);
        families.add(&Metric::gauge("megabytes", "No unit of ours."), &[], true);
        families.add(&Metric::gauge("unknown", "Nothing."), &[], None::<f64>);
        assert_eq!(
            families.openmetrics(),
            "# HELP a_joules Joules.\n# TYPE a_joules counter\n# UNIT a_joules joules\n\
             a_joules_total{b=\"c\"} 1.5\n\
             # HELP d What d is.\n# TYPE d info\nd_info 1\n\
             # HELP e_ratio Of 1.\n# TYPE e_ratio gauge\n# UNIT e_ratio ratio\ne_ratio 0.25\n\
             # HELP megabytes No unit of ours.\n# TYPE megabytes gauge\nmegabytes 1\n"
        );
    }

    #[test]
    fn odd_values_are_escaped_and_large_numbers_are_whole() {
        let mut families = Families::default();
        let labels = [("b", "a\"\\\né"), ("c", "")];
        families.add(&Metric::counter("a_total", "A \"b\"."), &labels, 9_007_199_254_740_992_u64);
        assert_eq!(
            families.openmetrics(),
            "# HELP a A \\\"b\\\".\n# TYPE a counter\n\
             a_total{b=\"a\\\"\\\\\\né\",c=\"\"} 9007199254740992\n"
        );
    }

    #[test]
    fn histograms_have_edges_with_a_decimal_point() {
        let mut families = Families::default();
        let observed =
            Observed { buckets: vec![(0.01, 1), (1.0, 3), (f64::INFINITY, 4)], sum: 7.5, count: 4 };
        let metric = Metric::histogram("a_seconds", "How long.");
        families.add_histogram(&metric, &[("b", "c")], &observed);
        assert_eq!(
            families.openmetrics(),
            "# HELP a_seconds How long.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
             a_seconds_bucket{b=\"c\",le=\"0.01\"} 1\na_seconds_bucket{b=\"c\",le=\"1.0\"} 3\n\
             a_seconds_bucket{b=\"c\",le=\"+Inf\"} 4\na_seconds_sum{b=\"c\"} 7.5\n\
             a_seconds_count{b=\"c\"} 4\n"
        );
    }
}
