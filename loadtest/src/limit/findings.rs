//! What was found. Pure.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::level::{GAP, Level, OFF};
use crate::report::{Figures, Tester};
use crate::tester::cores;

/// The figures of one level.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) clients: usize,
    pub(super) requests_per_second: f64,
    /// Of streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events_per_second: Option<f64>,
    /// Seconds of a whole answer, to the first token of a stream, of a gap of a paced one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p99: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tester_cores: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) simulator_cores: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine_busy: Option<f64>,
    /// Of paced streams: whether all were served, and the gaps were measured as they were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exact: Option<bool>,
}

impl Row {
    pub(super) fn new(
        level: Level,
        figures: &Figures,
        tester: &Tester,
        simulator_cores: Option<f64>,
    ) -> Self {
        let latency = match level {
            Level::Whole(_) => "duration",
            Level::Streams(_) => "time_to_first_token",
            Level::Paced(_) => "inter_token_latency",
        };
        let latency = figures.latencies.get(latency);
        let p99 = latency.map(|latency| latency.p99);
        let is_streamed = !matches!(level, Level::Whole(_)) && figures.seconds > 0.0;
        Self {
            clients: level.clients(),
            requests_per_second: figures.successes_per_second,
            events_per_second: is_streamed.then(|| figures.events as f64 / figures.seconds),
            p50: latency.map(|latency| latency.p50),
            p99,
            tester_cores: tester.cores_used,
            simulator_cores,
            machine_busy: tester.machine_busy,
            exact: level.is_paced().then(|| is_exact(figures, p99)),
        }
    }
}

fn is_exact(figures: &Figures, p99: Option<f64>) -> bool {
    let all = figures.success_rate == Some(1.0) && figures.cut == 0 && figures.not_sent == 0;
    let off = |p99: f64| (p99 - GAP.as_secs_f64()).abs();
    all && p99.is_some_and(|p99| off(p99) <= OFF.as_secs_f64())
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Findings {
    /// Cores that may be used.
    pub(super) cores: Option<usize>,
    /// The processor's name.
    pub(super) cpu: Option<String>,
    /// Of each measurement.
    pub(super) length: Duration,
    pub(super) whole: Vec<Row>,
    pub(super) streams: Vec<Row>,
    pub(super) paced: Vec<Row>,
}

impl Findings {
    pub(super) fn new(length: Duration) -> Self {
        Self { cores: cores(), cpu: cpu(), length, ..Self::default() }
    }

    pub(super) fn add(&mut self, level: Level, row: Row) {
        match level {
            Level::Whole(_) => self.whole.push(row),
            Level::Streams(_) => self.streams.push(row),
            Level::Paced(_) => self.paced.push(row),
        }
    }

    /// The most requests per second, with how many clients.
    pub(super) fn most_requests(&self) -> Option<(f64, usize)> {
        most(self.whole.iter().map(|row| (row.requests_per_second, row.clients)))
    }

    /// The same of events.
    pub(super) fn most_events(&self) -> Option<(f64, usize)> {
        let of = |row: &Row| Some((row.events_per_second?, row.clients));
        most(self.streams.iter().filter_map(of))
    }

    /// The most paced streams whose gaps were measured as they were made.
    pub(super) fn most_paced(&self) -> Option<usize> {
        let exact = self.paced.iter().filter(|row| row.exact == Some(true));
        exact.map(|row| row.clients).max()
    }

    /// Cores that others used meanwhile, at their worst.
    pub(super) fn others(&self) -> Option<f64> {
        let cores = self.cores? as f64;
        let rows = self.whole.iter().chain(&self.streams).chain(&self.paced);
        let others = rows.filter_map(|row| {
            Some(row.machine_busy? * cores - row.tester_cores? - row.simulator_cores?)
        });
        others.reduce(f64::max)
    }

    /// As `--help` says.
    pub(super) fn json(&self) -> Value {
        let mut all = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "seconds": self.length.as_secs_f64(),
            "whole": self.whole,
            "streams": self.streams,
            "paced": self.paced,
        });
        for (name, value) in [
            ("cores", self.cores.map(Value::from)),
            ("cpu", self.cpu.clone().map(Value::from)),
            ("requests_per_second", self.most_requests().map(|(most, _)| most.into())),
            ("events_per_second", self.most_events().map(|(most, _)| most.into())),
            ("paced_streams", self.most_paced().map(Value::from)),
        ] {
            if let (Some(value), Some(all)) = (value, all.as_object_mut()) {
                all.insert(name.to_owned(), value);
            }
        }
        all
    }
}

fn most(rows: impl Iterator<Item = (f64, usize)>) -> Option<(f64, usize)> {
    rows.filter(|(value, _)| *value > 0.0).max_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// The processor's name, where the system says.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::report::Latency;

    fn figures(p99: f64) -> Figures {
        let latency = Latency { count: 100, p50: 0.02, p99, ..Latency::default() };
        Figures {
            seconds: 4.0,
            success_rate: Some(1.0),
            successes_per_second: 50.0,
            events: 10_000,
            latencies: BTreeMap::from([("inter_token_latency".to_owned(), latency)]),
            ..Figures::default()
        }
    }

    fn exact(figures: &Figures) -> bool {
        let row = Row::new(Level::Paced(50), figures, &Tester::default(), None);
        row.exact.unwrap()
    }

    #[test]
    fn gaps_are_exact_within_two_milliseconds() {
        assert!(exact(&figures(0.021_9)) && exact(&figures(0.018_1)));
        assert!(!exact(&figures(0.022_1)) && !exact(&figures(0.017_9)));
        assert!(!exact(&Figures { not_sent: 1, ..figures(0.02) }));
        assert!(!exact(&Figures { cut: 1, ..figures(0.02) }));
        assert!(!exact(&Figures { success_rate: Some(0.999), ..figures(0.02) }));
        assert!(!exact(&Figures { latencies: BTreeMap::new(), ..figures(0.02) }));
    }

    #[test]
    fn the_most_of_each() {
        let mut findings = Findings { cores: Some(2), ..Findings::default() };
        assert_eq!(findings.json().get("requests_per_second"), None);
        let row = |clients, requests_per_second, events_per_second| Row {
            clients,
            requests_per_second,
            events_per_second: Some(events_per_second),
            ..Row::default()
        };
        findings.add(Level::Whole(1), row(1, 900.0, 0.0));
        findings.add(Level::Whole(8), row(8, 4_000.0, 0.0));
        findings.add(Level::Whole(64), row(64, 3_000.0, 0.0));
        findings.add(Level::Streams(8), row(8, 40.0, 90_000.0));
        let paced = |clients, exact| Row { clients, exact: Some(exact), ..Row::default() };
        assert_eq!(findings.others(), None);
        findings.whole[0] = Row {
            tester_cores: Some(0.5),
            simulator_cores: Some(0.25),
            machine_busy: Some(0.75),
            ..findings.whole[0].clone()
        };
        assert_eq!(findings.others(), Some(0.75));
        findings.add(Level::Paced(50), paced(50, true));
        findings.add(Level::Paced(100), paced(100, false));
        assert_eq!(findings.most_requests(), Some((4_000.0, 8)));
        assert_eq!(findings.most_events(), Some((90_000.0, 8)));
        let json = findings.json();
        assert_eq!((&json["paced_streams"], &json["cores"]), (&50.into(), &2.into()));
        assert_eq!(
            json["paced"][1],
            json!({"clients": 100, "requests_per_second": 0.0, "exact": false})
        );
    }
}
