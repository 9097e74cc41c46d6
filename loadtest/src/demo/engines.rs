//! The two simulated engines: what they are, and how fast.

use std::io;
use std::time::Duration;

use weir_sim::{Engine, Plan, Upstream};

/// An engine of the demo.
pub(crate) struct EngineSpec {
    /// The proxy's route to it.
    pub(crate) route: &'static str,
    pub(crate) model: &'static str,
    /// Its version of vLLM.
    pub(crate) version: &'static str,
    /// A dialect that this version has beside chat and completions.
    pub(crate) third: Dialect,
    /// Time to the first token of an empty prompt, and what each prompt token adds.
    pub(crate) first_token: Duration,
    pub(crate) per_prompt_token: Duration,
    pub(crate) gap: Duration,
    /// Of ten output tokens of a chat, how many are reasoning.
    pub(crate) reasoning_tenths: usize,
    /// How many requests it is sent at a time, at most.
    pub(crate) clients: usize,
}

/// What the demo speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Chat,
    Completions,
    Responses,
    Messages,
}

/// A large model on a recent vLLM, a small one that reasons on an older one.
pub(crate) const ENGINES: [EngineSpec; 2] = [
    EngineSpec {
        route: "llama",
        model: "llama-3.3-70b",
        version: "0.32.0",
        third: Dialect::Messages,
        first_token: Duration::from_millis(80),
        per_prompt_token: Duration::from_micros(60),
        gap: Duration::from_millis(14),
        reasoning_tenths: 0,
        clients: 4,
    },
    EngineSpec {
        route: "qwen",
        model: "qwen3-8b",
        version: "0.10.0",
        third: Dialect::Responses,
        first_token: Duration::from_millis(30),
        per_prompt_token: Duration::from_micros(15),
        gap: Duration::from_millis(8),
        reasoning_tenths: 4,
        clients: 3,
    },
];

impl EngineSpec {
    /// Starts it on a free port. Requests that bring no plan of their own get a paced answer.
    pub(crate) async fn start(&self) -> io::Result<Upstream> {
        let tokens = 48;
        let plan = Plan {
            tokens,
            reasoning_tokens: self.reasoning(tokens),
            ttft: self.first_token,
            gap: self.gap,
            ..Plan::default()
        };
        Upstream::builder()
            .engine(Engine::vllm(self.version))
            .models([self.model])
            .plan(plan)
            .start()
            .await
    }

    /// How many of so many output tokens are reasoning.
    pub(crate) fn reasoning(&self, tokens: usize) -> usize {
        tokens * self.reasoning_tenths / 10
    }
}
