//! The counters themselves, and what moves them.

use std::collections::BTreeMap;

use super::histogram::{
    CAPTURED, CHOICES, Histogram, LATENCY, MORE_TOKENS, NEWER_LATENCY, NEWER_TPOT, NEWER_TTFT,
    OLD_LATENCY, PREEMPTIONS, STEP, TOKENS, TPOT, TTFT,
};
use crate::answer::Finish;
use crate::engine::Engine;

/// Tokens drafted ahead of a step.
const DRAFTED: u64 = 3;

pub(super) struct Counts {
    pub(super) running: u64,
    pub(super) waiting: u64,
    pub(super) prompt_tokens: u64,
    pub(super) generation_tokens: u64,
    pub(super) cache_queries: u64,
    pub(super) cache_hits: u64,
    pub(super) finished_stop: u64,
    pub(super) finished_length: u64,
    pub(super) drafts: u64,
    pub(super) draft_tokens: u64,
    pub(super) accepted_tokens: u64,
    pub(super) ttft: Histogram,
    pub(super) itl: Histogram,
    pub(super) tpot: Histogram,
    pub(super) e2e: Histogram,
    pub(super) queue: Histogram,
    pub(super) inference: Histogram,
    pub(super) prefill: Histogram,
    pub(super) decode: Histogram,
    pub(super) iteration: Histogram,
    pub(super) request_prompt: Histogram,
    pub(super) request_generation: Histogram,
    pub(super) request_choices: Histogram,
    pub(super) request_preemptions: Histogram,
    /// By method, path (`none` for unknown ones) and class of status.
    pub(super) http: BTreeMap<(String, String, String), u64>,
}

/// A finished request; times in seconds.
pub(super) struct End {
    pub(super) input: u64,
    pub(super) tokens: u64,
    pub(super) finish: Finish,
    pub(super) queue: f64,
    pub(super) first_token: f64,
    pub(super) e2e: f64,
}

impl Counts {
    /// Histograms with the buckets of this engine's version.
    pub(super) fn new(engine: &Engine) -> Self {
        let newer = !engine.vllm_before(0, 8, 5);
        let with = |edges: &[&[f64]]| Histogram::new(&edges[..1 + usize::from(newer)]);
        let latency = || match engine.vllm_before(0, 6, 0) {
            true => Histogram::new(&[OLD_LATENCY]),
            false => with(&[LATENCY, NEWER_LATENCY]),
        };
        let rust = usize::from(engine.has_rust_front_end());
        let tokens = || Histogram::new(&[TOKENS, MORE_TOKENS][..=rust]);
        Self {
            running: 0,
            waiting: 0,
            prompt_tokens: 0,
            generation_tokens: 0,
            cache_queries: 0,
            cache_hits: 0,
            finished_stop: 0,
            finished_length: 0,
            drafts: 0,
            draft_tokens: 0,
            accepted_tokens: 0,
            ttft: with(&[TTFT, NEWER_TTFT]),
            itl: with(&[TPOT, NEWER_TPOT]),
            tpot: with(&[TPOT, NEWER_TPOT]),
            e2e: latency(),
            queue: latency(),
            inference: latency(),
            prefill: latency(),
            decode: latency(),
            iteration: Histogram::new(&[if newer { STEP } else { CAPTURED }]),
            request_prompt: tokens(),
            request_generation: tokens(),
            request_choices: Histogram::new(&[CHOICES]),
            request_preemptions: Histogram::new(&[PREEMPTIONS]),
            http: BTreeMap::new(),
        }
    }

    /// A request begins to run.
    pub(super) fn start(&mut self, input: u64, cached: u64) {
        self.running += 1;
        self.cache_queries += input;
        self.cache_hits += cached;
    }

    /// A request gives its first tokens.
    pub(super) fn first_step(&mut self, input: u64, tokens: u64, ttft: f64) {
        self.prompt_tokens += input;
        self.generation_tokens += tokens;
        self.ttft.observe(ttft);
        self.iteration.observe((input + tokens) as f64);
    }

    /// A request gives more tokens.
    pub(super) fn step(&mut self, tokens: u64, gap: f64) {
        self.generation_tokens += tokens;
        self.itl.observe(gap);
        self.iteration.observe(tokens as f64);
        self.drafts += 1;
        self.draft_tokens += DRAFTED.max(tokens - 1);
        self.accepted_tokens += tokens - 1;
    }

    /// A request does not run any more.
    pub(super) fn stop(&mut self) {
        self.running -= 1;
    }

    /// A request has finished.
    pub(super) fn end(&mut self, end: &End) {
        match end.finish {
            Finish::Length => self.finished_length += 1,
            Finish::Stop | Finish::ToolCalls => self.finished_stop += 1,
        }
        let decode = (end.e2e - end.first_token).max(0.0);
        self.e2e.observe(end.e2e);
        self.queue.observe(end.queue);
        self.inference.observe(end.e2e - end.queue);
        self.prefill.observe(end.first_token - end.queue);
        self.decode.observe(decode);
        self.tpot.observe(decode / end.tokens.saturating_sub(1).max(1) as f64);
        self.request_prompt.observe(end.input as f64);
        self.request_generation.observe(end.tokens as f64);
        self.request_choices.observe(1.0);
        self.request_preemptions.observe(0.0);
    }
}
