//! Metric families as OpenMetrics text: the crate's own encoder writes text 0.0.4 only, and the admin
//! pages want the richer of the two.

use std::fmt::Write as _;

use prometheus::proto::{MetricFamily, MetricType};

/// Units in which a family's name may end.
const UNITS: [&str; 8] =
    ["bytes", "celsius", "hertz", "joules", "milliwatts", "ratio", "seconds", "watts"];

/// The families, without `# EOF`.
pub(super) fn encode(families: &[MetricFamily]) -> String {
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
    for sample in family.get_metric() {
        text.push_str(family.name());
        let mut before = '{';
        for label in sample.get_label() {
            text.push(before);
            before = ',';
            text.push_str(label.name());
            text.push_str("=\"");
            escape(text, label.value());
            text.push('"');
        }
        if before == ',' {
            text.push('}');
        }
        let value = match family.get_field_type() {
            MetricType::COUNTER => sample.get_counter().get_value(),
            _ => sample.get_gauge().get_value(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(text, " {value}");
    }
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
    use super::super::families::{Families, Metric};
    use super::*;

    #[test]
    fn families_are_named_as_openmetrics_wants_it() {
        let mut families = Families::default();
        families.add(&Metric::counter("a_joules_total", "Joules."), &[("b", "c")], 1.5);
        families.add(&Metric::gauge("d_info", "What d is."), &[], 1_u32);
        families.add(&Metric::gauge("e_ratio", "Of 1."), &[], 0.25);
        families.add(&Metric::gauge("megabytes", "No unit of ours."), &[], true);
        families.add(&Metric::gauge("unknown", "Nothing."), &[], None::<f64>);
        assert_eq!(
            encode(&families.finish()),
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
            encode(&families.finish()),
            "# HELP a A \\\"b\\\".\n# TYPE a counter\n\
             a_total{b=\"a\\\"\\\\\\né\",c=\"\"} 9007199254740992\n"
        );
    }
}
