//! What a scripted LangFuse knows: observations, traces and scores, each with its time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An observation.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// Microseconds since the epoch, as version 4 keeps them.
    pub(crate) start: u64,
    pub(crate) kind: &'static str,
    pub(crate) model: Option<String>,
    pub(crate) level: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// In millionths of a dollar.
    pub(crate) cost: u64,
    /// Milliseconds.
    pub(crate) latency: u64,
    pub(crate) first_token: Option<u64>,
    /// Whether it is the first of its trace.
    pub(crate) is_root: bool,
    /// From when on queries find it, in microseconds.
    pub(crate) visible: u64,
}

/// A score.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub(crate) time: u64,
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// A score's value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(f64),
    Boolean(bool),
    Word(String),
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) observations: Vec<Observation>,
    pub(crate) scores: Vec<Score>,
}

impl Observation {
    /// A generation of `model`.
    pub(crate) fn generation(start: u64, model: &str, input: u64, output: u64) -> Self {
        Self {
            start,
            kind: "GENERATION",
            model: Some(model.to_owned()),
            level: "DEFAULT",
            environment: "default",
            input,
            output,
            cost: input + 3 * output,
            latency: 1500,
            first_token: Some(250),
            is_root: true,
            visible: 0,
        }
    }

    /// A span that carries the usage of its children once more.
    pub(crate) fn span(start: u64, input: u64, output: u64) -> Self {
        let generation = Self::generation(start, "", input, output);
        Self { kind: "SPAN", model: None, is_root: false, ..generation }
    }
}

impl World {
    /// Four seconds back and twenty ahead, something every seven milliseconds and something at each
    /// boundary of windows: generations of two models, spans, failures, scores.
    pub(crate) fn busy(window: Duration) -> Self {
        let now = micros(SystemTime::now());
        let (from, to) = (now - 4_000_000, now + 20_000_000);
        let step = u64::try_from(window.as_micros()).unwrap();
        let regular = (from..to).step_by(7_000);
        let boundaries = (from / step..to / step).flat_map(|index| {
            let boundary = index * step;
            [boundary, boundary - 1, boundary - 500]
        });
        let mut world = Self::default();
        for (number, start) in regular.chain(boundaries).enumerate() {
            world.observe(number as u64, start);
        }
        world
    }

    fn observe(&mut self, number: u64, start: u64) {
        let model = if number.is_multiple_of(3) { "gpt-4o" } else { "llama" };
        let level = if number.is_multiple_of(11) { "ERROR" } else { "DEFAULT" };
        let generation = Observation::generation(start, model, 100 + number, 10 + number % 7);
        self.observations.push(Observation { level, ..generation });
        if number.is_multiple_of(4) {
            self.observations.push(Observation::span(start, 100 + number, 10));
        }
        let value = match number % 3 {
            0 => Value::Number(number as f64 % 10.0),
            1 => Value::Boolean(number.is_multiple_of(2)),
            _ => Value::Word(if number.is_multiple_of(2) { "good" } else { "bad" }.to_owned()),
        };
        let name = ["quality", "correct", "tone"][number as usize % 3].to_owned();
        self.scores.push(Score { time: start, name, value });
    }

    /// Generations that began in a span of time, which does not have its end.
    pub(crate) fn generations(&self, from: SystemTime, to: SystemTime) -> Vec<&Observation> {
        let times = micros(from)..micros(to);
        let is_one = |one: &&Observation| one.kind == "GENERATION" && times.contains(&one.start);
        self.observations.iter().filter(is_one).collect()
    }
}

/// Since the epoch.
pub(crate) fn micros(instant: SystemTime) -> u64 {
    u64::try_from(instant.duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
