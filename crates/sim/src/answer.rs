//! What one answer will say, whatever the dialect: counts, pieces, finish, usage.

pub(crate) mod chat;
pub(crate) mod completions;
pub(crate) mod messages;
mod metrics;
mod pieces;
pub(crate) mod realtime;
pub(crate) mod responses;
mod scores;
mod speech;
mod transcript;
mod vectors;
mod voice;
mod whole;

pub(crate) use pieces::{Kind, Piece};
pub(crate) use voice::Voice;
pub(crate) use whole::{Whole, whole};

use std::time::Duration;

use crate::api::Api;
use crate::ask::{Ask, OpenAiModel};
use crate::engine::{Engine, Name};
use crate::plan::Plan;
use crate::usage::Usage;

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    ToolCalls,
}

impl Finish {
    pub(crate) fn openai(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
        }
    }

    pub(crate) fn anthropic(self) -> &'static str {
        match self {
            Self::Stop => "end_turn",
            Self::Length => "max_tokens",
            Self::ToolCalls => "tool_use",
        }
    }
}

/// The script of one answer.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) api: Api,
    pub(crate) engine: Engine,
    pub(crate) plan: Plan,
    pub(crate) ask: Ask,
    /// What follows the dialect's prefix in the answer's id.
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) input: u64,
    /// Output tokens of each choice.
    pub(crate) output: usize,
    /// Of those, reasoning, where dialect and version know such; they come first.
    pub(crate) reasoning: usize,
    pub(crate) finish: Finish,
    /// Usage at the end of a stream, and on every chunk of it.
    pub(crate) final_usage: bool,
    pub(crate) continuous_usage: bool,
    /// The finish reason rides on the last content chunk, as in vLLM when tokens run out.
    pub(crate) finish_rides: bool,
}

/// What the server adds to a request and a plan to make an answer of them.
pub(crate) struct Setting {
    pub(crate) engine: Engine,
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) body_length: u64,
}

impl Script {
    pub(crate) fn new(api: Api, ask: Ask, plan: Plan, setting: Setting) -> Self {
        let limit = ask.max_tokens.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let output = if api.generates() { plan.tokens.min(limit) } else { 0 };
        let reasons = match api {
            Api::Chat | Api::Batch => !setting.engine.reasoning_fields().is_empty(),
            Api::Responses | Api::Messages => true,
            _ => false,
        };
        let reasoning = if reasons { plan.reasoning_tokens.min(output) } else { 0 };
        let finish = if api.generates() && output < plan.tokens {
            Finish::Length
        } else if calls_tool(api, &plan) && output > reasoning {
            Finish::ToolCalls
        } else {
            Finish::Stop
        };
        let (forced_final, forced_continuous) = setting.engine.forced_usage();
        let cut = plan.fault.as_ref().is_some_and(|fault| fault.cuts_after().is_some());
        Self {
            final_usage: ask.include_usage || forced_final,
            continuous_usage: ask.continuous_usage || forced_continuous && !api.takes_form(),
            finish_rides: setting.engine.is(Name::Vllm)
                && finish == Finish::Length
                && output > 0
                && !cut,
            input: input_tokens(api, &plan, &ask, setting.body_length),
            api,
            engine: setting.engine,
            plan,
            ask,
            id: setting.id,
            created: setting.created,
            model: setting.model,
            output,
            reasoning,
            finish,
        }
    }

    /// The usage of the whole answer, as this engine reports it for this dialect.
    pub(crate) fn usage(&self) -> Usage {
        Usage { output: (self.output * self.ask.choices) as u64, ..self.usage_so_far(0) }
    }

    /// Usage in the middle of a stream, after so many tokens.
    pub(crate) fn usage_so_far(&self, output: usize) -> Usage {
        let engine = &self.engine;
        let says_reasoning = match self.api {
            Api::Responses => true,
            Api::Chat | Api::Batch => {
                engine.is(Name::LiteLlm) || engine.vllm_since(0, 28, 0) && self.reasoning > 0
            }
            _ => false,
        };
        let reasoning = says_reasoning.then_some((self.reasoning * self.ask.choices) as u64);
        let cached = match self.api {
            Api::Responses => Some(self.plan.cached_tokens.unwrap_or(0)),
            Api::Messages if engine.vllm_before(0, 24, 0) => None,
            Api::Chat | Api::Batch | Api::Completions | Api::Messages | Api::Realtime => {
                self.plan.cached_tokens
            }
            _ => None,
        };
        Usage { input: self.input, output: output as u64, cached, reasoning }
    }

    pub(crate) fn calls_tool(&self) -> bool {
        calls_tool(self.api, &self.plan)
    }

    /// From the request to the last token, as planned.
    pub(crate) fn duration(&self) -> Duration {
        let steps = self.pieces().len().div_ceil(self.plan.events_per_write.max(1));
        let gaps = u32::try_from(steps.saturating_sub(1)).unwrap_or(u32::MAX);
        self.plan.ttft.saturating_add(self.plan.gap.saturating_mul(gaps))
    }

    /// Seconds of the audio that is heard.
    pub(crate) fn seconds(&self) -> u64 {
        seconds(&self.plan, &self.ask)
    }

    /// Whether the answer is bare audio instead of events.
    pub(crate) fn is_bare_audio(&self) -> bool {
        self.api == Api::Speech && !self.ask.stream
    }

    /// The model of OpenAI's own that is asked for, in the audio APIs.
    pub(crate) fn openai_model(&self) -> Option<OpenAiModel> {
        OpenAiModel::of_name(&self.model)
    }

    /// Whether `data: [DONE]` ends the stream, where the engine does so by itself.
    pub(crate) fn done(&self, by_itself: bool) -> bool {
        self.plan.done.unwrap_or(by_itself)
    }
}

fn calls_tool(api: Api, plan: &Plan) -> bool {
    plan.tool_call && matches!(api, Api::Chat | Api::Responses | Api::Messages)
}

/// What the plan says, or ten for every second of audio, or a quarter of the body's bytes.
fn input_tokens(api: Api, plan: &Plan, ask: &Ask, body_length: u64) -> u64 {
    let guess = || match api.takes_form() {
        true => 10 * seconds(plan, ask),
        false => (body_length / 4).max(1),
    };
    plan.prompt_tokens.unwrap_or_else(guess)
}

/// What the plan says, or the length of the file as PCM of 16 bits at 16 kHz.
fn seconds(plan: &Plan, ask: &Ask) -> u64 {
    plan.audio_seconds.unwrap_or_else(|| ask.audio.file.div_ceil(32_000).max(1))
}
