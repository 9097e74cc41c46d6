//! What the imitated engine counts about itself, for its `/metrics`.

mod counts;
mod exposition;
mod histogram;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::answer::Finish;
use crate::api::Api;
use crate::engine::Engine;
use crate::recorder::Plot;
use counts::{Counts, End};

pub(crate) use exposition::{content_type, expose};

/// The counters of one engine.
pub(crate) struct EngineStats(Mutex<Counts>);

/// A request that an engine serves or has served, for [`Engine::exposition`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// Tokens of its prompt.
    pub input: u64,
    /// How many of them were cached.
    pub cached: u64,
    /// How many tokens each step gave; none while it waits for a place in the batch.
    pub steps: &'static [u64],
    /// From its arrival to its place in the batch.
    pub queue: Duration,
    /// From its arrival to its first step.
    pub first_token: Duration,
    /// Between steps.
    pub gap: Duration,
    /// Whether it still runs, or waits.
    pub is_open: bool,
    /// Whether the limit of tokens ended it.
    pub is_cut: bool,
}

impl Engine {
    /// The page `/metrics` and its content type after these requests, without a server and without its
    /// chances: the same every time.
    pub fn exposition(&self, model: &str, served: &[Served]) -> (&'static str, String) {
        let mut counts = Counts::new(self);
        for request in served {
            request.count(&mut counts);
        }
        (content_type(self), expose(self, model, &EngineStats(Mutex::new(counts))))
    }
}

impl Served {
    fn count(&self, counts: &mut Counts) {
        let [first, more @ ..] = self.steps else {
            counts.waiting += 1;
            return;
        };
        let first_token = self.first_token.as_secs_f64();
        counts.start(self.input, self.cached);
        counts.first_step(self.input, *first, first_token);
        for tokens in more {
            counts.step(*tokens, self.gap.as_secs_f64());
        }
        if self.is_open {
            return;
        }
        counts.stop();
        counts.end(&End {
            input: self.input,
            tokens: self.steps.iter().sum(),
            finish: if self.is_cut { Finish::Length } else { Finish::Stop },
            queue: self.queue.as_secs_f64(),
            first_token,
            e2e: (self.first_token + self.gap * more.len() as u32).as_secs_f64(),
        });
    }
}

impl EngineStats {
    /// Histograms with the buckets of this engine's version.
    pub(crate) fn new(engine: &Engine) -> Self {
        Self(Mutex::new(Counts::new(engine)))
    }

    /// A request begins to run.
    pub(crate) fn start(self: &Arc<Self>, plot: Plot) -> Run {
        self.change(|counts| counts.start(plot.input, plot.cached));
        Run { stats: Arc::clone(self), plot, first: None, last: Instant::now(), tokens: 0 }
    }

    /// A request was answered, or not.
    pub(crate) fn http(&self, method: &str, target: &str, status: Option<u16>) {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let handler = if Api::of_path(path).is_some() { path } else { "none" };
        let class = status.map_or_else(|| "5xx".to_owned(), |status| format!("{}xx", status / 100));
        let known = ["GET", "POST", "HEAD"].contains(&method);
        let method = if known { method } else { "OTHER" };
        let key = (handler.to_owned(), method.to_owned(), class);
        self.change(|counts| *counts.http.entry(key).or_default() += 1);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One running request.
pub(crate) struct Run {
    stats: Arc<EngineStats>,
    plot: Plot,
    first: Option<Instant>,
    last: Instant,
    tokens: u64,
}

impl Run {
    /// Tokens that left the engine at the same time.
    pub(crate) fn step(&mut self, tokens: u64) {
        if tokens == 0 {
            return;
        }
        let now = Instant::now();
        let (is_first, gap) = (self.first.is_none(), (now - self.last).as_secs_f64());
        let ttft = (now - self.plot.since).as_secs_f64();
        let input = self.plot.input;
        self.stats.change(|counts| match is_first {
            true => counts.first_step(input, tokens, ttft),
            false => counts.step(tokens, gap),
        });
        self.first.get_or_insert(now);
        self.last = now;
        self.tokens += tokens;
    }

    /// The request is over. As in vLLM, only a complete one counts as finished.
    pub(crate) fn end(self, complete: bool) {
        let now = Instant::now();
        let e2e = (now - self.plot.since).as_secs_f64();
        let decode = self.first.map_or(0.0, |first| (self.last - first).as_secs_f64());
        let is_unborn = self.first.is_none();
        self.stats.change(|counts| {
            counts.stop();
            if !complete {
                return;
            }
            if is_unborn {
                counts.prompt_tokens += self.plot.input;
            }
            counts.end(&End {
                input: self.plot.input,
                tokens: self.tokens,
                finish: self.plot.finish,
                queue: 0.0,
                first_token: (e2e - decode).max(0.0),
                e2e,
            });
        });
    }
}
