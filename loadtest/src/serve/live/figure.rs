//! What is shown of a source, said once: each figure is a question for Prometheus ([`Figure::promql`]), and what it comes
//! to between two scrapes of the exporter itself ([`super::between`]).

/// Rates and quantiles of Prometheus are those of the last minute.
const WINDOW: &str = "1m";

/// A list of things, told apart by these labels, with these figures of each.
#[derive(Debug)]
pub(super) struct Table {
    /// Its member in the answer.
    pub(super) name: &'static str,
    pub(super) by: &'static [&'static str],
    /// Of several for one field, the first that is known counts.
    pub(super) figures: &'static [Figure],
}

/// A figure.
#[derive(Debug)]
pub(super) struct Figure {
    /// Its member in the answer.
    pub(super) field: &'static str,
    pub(super) what: What,
    /// The metric's units in one of the answer's: 1000 milliwatts are a watt.
    pub(super) per: f64,
}

/// How a figure comes from series. Over whatever else tells series apart, they are added up, but for `Max` and `Yes`.
#[derive(Debug)]
pub(super) enum What {
    /// A gauge.
    Sum(Series),
    /// The largest of a gauge.
    Max(Series),
    /// Whether any of a gauge is not 0.
    Yes(Series),
    /// What the first counter is ahead of the second: what has begun and not ended.
    Ahead(Series, Series),
    /// The value of this label, unless it is empty.
    Label(Series, &'static str),
    /// A counter's growth.
    PerSecond(Series),
    /// Growth of the first counter by that of the second; not known while the second stands still.
    Share(Series, Series),
    /// Of a histogram, by its name without `_bucket`.
    Quantile(Series, f64),
}

/// Series of one name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) only: &'static [Only],
}

/// Which series count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Only {
    With(&'static str, &'static str),
    Without(&'static str, &'static str),
}

/// All series of a name.
pub(super) const fn all(name: &'static str) -> Series {
    Series { name, only: &[] }
}

impl Figure {
    pub(super) const fn new(field: &'static str, what: What) -> Self {
        Self { field, what, per: 1.0 }
    }

    pub(super) const fn per(self, per: f64) -> Self {
        Self { per, ..self }
    }

    /// The metric that it is of.
    pub(super) fn metric(&self) -> &'static str {
        match &self.what {
            What::Sum(series)
            | What::Max(series)
            | What::Yes(series)
            | What::Ahead(series, _)
            | What::Label(series, _)
            | What::PerSecond(series)
            | What::Share(series, _)
            | What::Quantile(series, _) => series.name,
        }
    }

    /// The expression whose vector has one sample for each thing of the table, or one for each value of a label.
    pub(super) fn promql(&self, by: &[&str]) -> String {
        let by = by.join(", ");
        match &self.what {
            What::Sum(series) => format!("sum by ({by}) ({})", series.selector("")),
            What::Max(series) | What::Yes(series) => {
                format!("max by ({by}) ({})", series.selector(""))
            }
            What::Ahead(first, second) => {
                let (first, second) = (first.selector(""), second.selector(""));
                format!("clamp_min(sum by ({by}) ({first}) - sum by ({by}) ({second}), 0)")
            }
            What::Label(series, label) => {
                format!("group by ({by}, {label}) ({})", series.selector(""))
            }
            What::PerSecond(series) => series.rate(&by),
            What::Share(part, whole) => {
                format!("{} / ({} > 0)", part.rate(&by), whole.rate(&by))
            }
            What::Quantile(histogram, quantile) => format!(
                "histogram_quantile({quantile}, sum by ({by}, le) (rate({}[{WINDOW}])))",
                histogram.selector("_bucket")
            ),
        }
    }
}

impl Series {
    fn selector(&self, suffix: &str) -> String {
        let only = self.only.iter().map(|only| match only {
            Only::With(label, value) => format!("{label}=\"{value}\""),
            Only::Without(label, value) => format!("{label}!=\"{value}\""),
        });
        let only: Vec<_> = only.collect();
        match only.is_empty() {
            true => format!("{}{suffix}", self.name),
            false => format!("{}{suffix}{{{}}}", self.name, only.join(",")),
        }
    }

    fn rate(&self, by: &str) -> String {
        format!("sum by ({by}) (rate({}[{WINDOW}]))", self.selector(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: Series = Series {
        name: "r_total",
        only: &[Only::With("status", "error"), Only::Without("route", "x")],
    };

    #[test]
    fn every_figure_is_a_question() {
        for (what, question) in [
            (What::Sum(all("g")), "sum by (a, b) (g)"),
            (What::Max(all("g")), "max by (a, b) (g)"),
            (What::Yes(all("g")), "max by (a, b) (g)"),
            (
                What::Ahead(all("s_total"), all("e_total")),
                "clamp_min(sum by (a, b) (s_total) - sum by (a, b) (e_total), 0)",
            ),
            (What::Label(all("g"), "l"), "group by (a, b, l) (g)"),
            (
                What::PerSecond(REQUESTS),
                "sum by (a, b) (rate(r_total{status=\"error\",route!=\"x\"}[1m]))",
            ),
            (
                What::Share(all("p_total"), all("w_total")),
                "sum by (a, b) (rate(p_total[1m])) / (sum by (a, b) (rate(w_total[1m])) > 0)",
            ),
            (
                What::Quantile(all("h"), 0.95),
                "histogram_quantile(0.95, sum by (a, b, le) (rate(h_bucket[1m])))",
            ),
        ] {
            assert_eq!(Figure::new("f", what).promql(&["a", "b"]), question);
        }
    }
}
