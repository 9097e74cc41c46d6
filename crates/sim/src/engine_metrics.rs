//! What the imitated engine counts about itself, for its `/metrics`.

mod exposition;
mod histogram;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::answer::Finish;
use crate::api::Api;
use crate::engine::Engine;
use crate::recorder::Plot;
use histogram::{Histogram, LATENCY, NEWER_LATENCY, NEWER_TPOT, NEWER_TTFT, TOKENS, TPOT, TTFT};

pub(crate) use exposition::expose;

/// The counters of one engine.
pub(crate) struct EngineStats(Mutex<Counts>);

struct Counts {
    running: u64,
    prompt_tokens: u64,
    generation_tokens: u64,
    cache_queries: u64,
    cache_hits: u64,
    finished_stop: u64,
    finished_length: u64,
    ttft: Histogram,
    itl: Histogram,
    tpot: Histogram,
    e2e: Histogram,
    queue: Histogram,
    prefill: Histogram,
    decode: Histogram,
    request_prompt: Histogram,
    request_generation: Histogram,
    /// By method, path (`none` for unknown ones) and class of status.
    http: BTreeMap<(String, String, String), u64>,
}

impl EngineStats {
    /// Histograms with the buckets of this engine's version.
    pub(crate) fn new(engine: &Engine) -> Self {
        let newer = !engine.vllm_before(0, 8, 5);
        let with = |edges: &[&[f64]]| Histogram::new(&edges[..1 + usize::from(newer)]);
        let latency = || with(&[LATENCY, NEWER_LATENCY]);
        Self(Mutex::new(Counts {
            running: 0,
            prompt_tokens: 0,
            generation_tokens: 0,
            cache_queries: 0,
            cache_hits: 0,
            finished_stop: 0,
            finished_length: 0,
            ttft: with(&[TTFT, NEWER_TTFT]),
            itl: with(&[TPOT, NEWER_TPOT]),
            tpot: with(&[TPOT, NEWER_TPOT]),
            e2e: latency(),
            queue: latency(),
            prefill: latency(),
            decode: latency(),
            request_prompt: Histogram::new(&[TOKENS]),
            request_generation: Histogram::new(&[TOKENS]),
            http: BTreeMap::new(),
        }))
    }

    /// A request begins to run.
    pub(crate) fn start(self: &Arc<Self>, plot: Plot) -> Run {
        self.change(|counts| {
            counts.running += 1;
            counts.cache_queries += plot.input;
            counts.cache_hits += plot.cached;
        });
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
        let (first, gap) = (self.first.is_none(), (now - self.last).as_secs_f64());
        let ttft = (now - self.plot.since).as_secs_f64();
        let input = self.plot.input;
        self.stats.change(|counts| {
            counts.generation_tokens += tokens;
            if first {
                counts.prompt_tokens += input;
                counts.ttft.observe(ttft);
            } else {
                counts.itl.observe(gap);
            }
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
        let unborn = self.first.is_none();
        self.stats.change(|counts| {
            counts.running -= 1;
            if !complete {
                return;
            }
            if unborn {
                counts.prompt_tokens += self.plot.input;
            }
            match self.plot.finish {
                Finish::Length => counts.finished_length += 1,
                Finish::Stop | Finish::ToolCalls => counts.finished_stop += 1,
            }
            counts.e2e.observe(e2e);
            counts.queue.observe(0.0);
            counts.decode.observe(decode);
            counts.prefill.observe((e2e - decode).max(0.0));
            counts.tpot.observe(decode / self.tokens.saturating_sub(1).max(1) as f64);
            counts.request_prompt.observe(self.plot.input as f64);
            counts.request_generation.observe(self.tokens as f64);
        });
    }
}
