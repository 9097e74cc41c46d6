//! `--fail-if`: what would be too much of a change.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::comparison::Row;
use super::metric::{METRICS, Metric, Unit};
use super::statistics::Interval;

/// A change that is too much, such as `time_to_first_token.p95 > 5%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gate {
    metric: &'static str,
    beyond: Beyond,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    Above,
    Below,
}

/// How much, and of what.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// Of side A: 0.05 is 5 %.
    Relative(f64),
    /// In the metric's own unit.
    Absolute(f64),
}

/// What became of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GateVerdict {
    /// The whole interval is within the limit.
    Passed,
    /// The whole interval is beyond it.
    Missed,
    /// The limit lies in the interval, or there is none.
    Undecided,
}

impl Gate {
    pub(super) fn judge(&self, rows: &[Row]) -> GateVerdict {
        let row = rows.iter().find(|row| row.name == self.metric);
        let (interval, limit) = match self.limit {
            Limit::Relative(limit) => (row.and_then(|row| row.relative_interval), limit),
            Limit::Absolute(limit) => (row.and_then(|row| row.interval), limit),
        };
        interval.map_or(GateVerdict::Undecided, |interval| self.beyond.judge(interval, limit))
    }
}

impl Beyond {
    fn judge(self, (low, high): Interval, limit: f64) -> GateVerdict {
        let (is_beyond, is_within) = match self {
            Self::Above => (low > limit, high <= limit),
            Self::Below => (high < limit, low >= limit),
        };
        match (is_beyond, is_within) {
            (true, _) => GateVerdict::Missed,
            (_, true) => GateVerdict::Passed,
            _ => GateVerdict::Undecided,
        }
    }
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape =
            "expected METRIC > LIMIT or METRIC < LIMIT, such as time_to_first_token.p95 > 5%";
        let (place, sign) = text.match_indices(['<', '>']).next().ok_or(shape)?;
        let beyond = if sign == ">" { Beyond::Above } else { Beyond::Below };
        let (name, limit) = (text.get(..place), text.get(place + 1..));
        let (name, limit) = name.zip(limit).ok_or(shape)?;
        let metric = Metric::named(name.trim()).ok_or_else(|| unknown(name.trim()))?;
        let limit = parse_limit(limit.trim(), metric.unit).ok_or_else(|| expected(metric))?;
        Ok(Self { metric: metric.name, beyond, limit })
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
    format!("no metric is {name:?}: expected one of {}", names.join(", "))
}

fn expected(metric: &Metric) -> String {
    let own = match metric.unit {
        Unit::Seconds => "10ms or 0.5s",
        Unit::PerSecond => "-2 (per second)",
        Unit::Share => "-0.01 (a part of all)",
    };
    format!("expected a limit for {} such as 5%, -5%, or {own}", metric.name)
}

fn parse_limit(text: &str, unit: Unit) -> Option<Limit> {
    let number = |text: &str| {
        let number: f64 = text.trim().parse().ok()?;
        number.is_finite().then_some(number)
    };
    if let Some(percent) = text.strip_suffix('%') {
        return Some(Limit::Relative(number(percent)? / 100.0));
    }
    let absolute = match unit {
        // The longer ones first: all end with s.
        Unit::Seconds => [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)]
            .into_iter()
            .find_map(|(unit, factor)| Some(number(text.strip_suffix(unit)?)? * factor)),
        Unit::PerSecond | Unit::Share => number(text),
    };
    absolute.map(Limit::Absolute)
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.beyond == Beyond::Above { '>' } else { '<' };
        let is_time = Metric::named(self.metric).is_some_and(|it| it.unit == Unit::Seconds);
        write!(f, "{} {sign} ", self.metric)?;
        match self.limit {
            // No more digits than somebody wrote.
            Limit::Relative(limit) => write!(f, "{}%", (limit * 1e8).round() / 1e6),
            Limit::Absolute(limit) if is_time => write!(f, "{}ms", (limit * 1e9).round() / 1e6),
            Limit::Absolute(limit) => write!(f, "{limit}"),
        }
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(text: &str) -> Gate {
        text.parse().unwrap()
    }

    #[test]
    fn gates_are_read_as_people_write_them() {
        for (text, written) in [
            ("time_to_first_token.p95 > 5%", "time_to_first_token.p95 > 5%"),
            ("time_to_first_token.p95>10ms", "time_to_first_token.p95 > 10ms"),
            ("duration.p50 > 0.0355 s", "duration.p50 > 35.5ms"),
            ("duration.p50 < -250us", "duration.p50 < -0.25ms"),
            ("requests_per_second < -5 %", "requests_per_second < -5%"),
            ("success_rate < -0.01", "success_rate < -0.01"),
            ("output_tokens_per_second < -33.3%", "output_tokens_per_second < -33.3%"),
        ] {
            assert_eq!(gate(text).to_string(), written);
            assert_eq!(gate(written).to_string(), written);
        }
    }

    #[test]
    fn wrong_gates_say_what_was_expected() {
        let said = |text: &str| text.parse::<Gate>().unwrap_err();
        assert!(said("duration.p50").starts_with("expected METRIC > LIMIT"));
        let unknown = said("ttft > 5%");
        assert!(
            unknown.starts_with("no metric is \"ttft\": expected one of time_to_first_token.mean")
        );
        assert!(unknown.ends_with("success_rate, goodput"));
        for limit in ["", "5", "%", "nan%", "inf ms", "5 ms 6", "=5%"] {
            let said = said(&format!("duration.p50 > {limit}"));
            assert!(said.contains("for duration.p50 such as 5%, -5%, or 10ms"), "{limit}: {said}");
        }
        assert!(said("success_rate < 1ms").contains("-0.01 (a part of all)"));
    }

    #[test]
    fn a_gate_is_missed_only_with_certainty() {
        let row = |low, high| {
            let metric = Metric::named("duration.p50").unwrap();
            [Row::new(metric, Some(2.0), Some(2.0), Some((low, high)))]
        };
        use GateVerdict::{Missed, Passed, Undecided};
        let above = gate("duration.p50 > 5%");
        for (low, high, verdict) in [
            (0.11, 0.3, Missed),
            (0.10, 0.3, Undecided),
            (-0.1, 0.11, Undecided),
            (-0.1, 0.10, Passed),
            (-0.3, -0.2, Passed),
        ] {
            assert_eq!(above.judge(&row(low, high)), verdict, "{low} to {high}");
        }
        let below = gate("duration.p50 < -100ms");
        assert_eq!(below.judge(&row(-0.3, -0.11)), Missed);
        assert_eq!(below.judge(&row(-0.3, -0.1)), Undecided);
        assert_eq!(below.judge(&row(-0.1, 0.5)), Passed);
        assert_eq!(below.judge(&[]), Undecided);
    }
}
