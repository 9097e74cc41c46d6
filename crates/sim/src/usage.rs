//! Tokens of one answer, and how each engine writes them.

use crate::engine::{Engine, Name};
use crate::json::Obj;

/// Token counts as an answer reported them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All prompt tokens, cached ones included, however the dialect splits them.
    pub input: u64,
    /// All output tokens, reasoning included, over all choices.
    pub output: u64,
    /// Cached prompt tokens, if the answer said how many.
    pub cached: Option<u64>,
    /// Reasoning tokens, if the answer said how many.
    pub reasoning: Option<u64>,
}

impl Usage {
    pub(crate) fn total(&self) -> u64 {
        self.input + self.output
    }

    /// The `usage` of a chunk of a chat or completions stream.
    pub(crate) fn openai_chunk(&self, engine: &Engine, last: bool) -> String {
        if !engine.is(Name::Vllm) {
            return self.not_vllm(true);
        }
        let object = Obj::new()
            .raw("prompt_tokens", self.input)
            .raw("total_tokens", self.total())
            .raw("completion_tokens", self.output);
        let object = match self.cached {
            Some(cached) => object.raw("prompt_tokens_details", cached_tokens(cached)),
            None => object,
        };
        match self.reasoning {
            Some(tokens) => object.raw("completion_tokens_details", reasoning_tokens(tokens)),
            None if last || !engine.recent_vllm() => object,
            None => object.nulls(&["completion_tokens_details"]),
        }
        .end()
    }

    /// The `usage` of a whole chat or completions answer.
    pub(crate) fn openai_whole(&self, engine: &Engine) -> String {
        if !engine.is(Name::Vllm) {
            return self.not_vllm(false);
        }
        let cached = self.cached.map_or_else(|| "null".to_owned(), cached_tokens);
        let reasoning = self.reasoning.map_or_else(|| "null".to_owned(), reasoning_tokens);
        Obj::new()
            .raw("prompt_tokens", self.input)
            .raw("total_tokens", self.total())
            .raw("completion_tokens", self.output)
            .raw("prompt_tokens_details", cached)
            .when(engine.recent_vllm() || self.reasoning.is_some(), |object| {
                object.raw("completion_tokens_details", reasoning)
            })
            .end()
    }

    fn not_vllm(&self, streamed: bool) -> String {
        let object = Obj::new()
            .raw("completion_tokens", self.output)
            .raw("prompt_tokens", self.input)
            .raw("total_tokens", self.total());
        let object = match self.reasoning {
            Some(tokens) => {
                let text = self.output.saturating_sub(tokens);
                let details = Obj::new().raw("reasoning_tokens", tokens);
                let details = details.when(streamed, |o| o.raw("text_tokens", text)).end();
                object.raw("completion_tokens_details", details)
            }
            None => object,
        };
        match self.cached {
            Some(tokens) => object.raw("prompt_tokens_details", cached_tokens(tokens)),
            None => object,
        }
        .end()
    }
}

fn cached_tokens(tokens: u64) -> String {
    Obj::new().raw("cached_tokens", tokens).end()
}

fn reasoning_tokens(tokens: u64) -> String {
    Obj::new().raw("reasoning_tokens", tokens).end()
}
