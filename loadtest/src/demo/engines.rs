//! The two simulated engines: what they are, and how fast.

use std::io;
use std::time::Duration;

use weir_sim::{Engine, Plan, Upstream};

use crate::order::{Dialect, Pace, Recipient};

/// An engine of the demo.
pub(crate) struct EngineSpec {
    /// The proxy's route to it.
    pub(crate) route: &'static str,
    pub(crate) model: &'static str,
    /// Its version of vLLM.
    pub(crate) version: &'static str,
    /// A dialect that this version has beside chat and completions.
    pub(crate) third: Dialect,
    pub(crate) pace: Pace,
    /// How many requests it is sent at a time, at most.
    pub(crate) clients: usize,
}

/// A large model on a recent vLLM, a small one that reasons on an older one.
pub(crate) const ENGINES: [EngineSpec; 2] = [
    EngineSpec {
        route: "llama",
        model: "llama-3.3-70b",
        version: "0.32.0",
        third: Dialect::Messages,
        pace: Pace {
            first_token: Duration::from_millis(80),
            per_prompt_token: Duration::from_micros(60),
            gap: Duration::from_millis(14),
            reasoning_tenths: 0,
        },
        clients: 4,
    },
    EngineSpec {
        route: "qwen",
        model: "qwen3-8b",
        version: "0.10.0",
        third: Dialect::Responses,
        pace: Pace {
            first_token: Duration::from_millis(30),
            per_prompt_token: Duration::from_micros(15),
            gap: Duration::from_millis(8),
            reasoning_tenths: 4,
        },
        clients: 3,
    },
];

impl EngineSpec {
    /// Starts it on a free port. Requests that bring no plan of their own get a paced answer.
    pub(crate) async fn start(&self) -> io::Result<Upstream> {
        let tokens = 48;
        let plan = Plan {
            tokens,
            reasoning_tokens: self.pace.reasoning(tokens),
            ttft: self.pace.first_token,
            gap: self.pace.gap,
            ..Plan::default()
        };
        Upstream::builder()
            .engine(Engine::vllm(self.version))
            .models([self.model])
            .plan(plan)
            // Nobody looks at them here, and a load test sends many.
            .keep_requests(1)
            .keep_bodies(0)
            .start()
            .await
    }

    /// Whom its requests are for.
    pub(crate) fn recipient(&self) -> Recipient<'_> {
        let Self { model, route, third, pace, .. } = *self;
        Recipient { model, route: Some(route), third, pace }
    }
}
