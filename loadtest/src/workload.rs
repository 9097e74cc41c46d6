//! What is sent: conversations made of a scenario, the same ones for the same seed. Pure, but for reading the files that
//! a scenario names.

mod body;
mod lengths;
mod plan;
mod prompts;
mod random;
mod weighted;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use weir_wire::Endpoint;

use self::plan::Plan;
use self::random::Purpose;
use crate::scenario::{Scenario, ScenarioError};

/// Makes the conversations of a run, one after another. What each says depends on its number alone, not on what is
/// answered or when.
#[derive(Debug)]
pub(crate) struct Workload {
    plan: Arc<Plan>,
    /// Conversations so far.
    begun: u64,
}

/// A conversation: mostly a single request.
#[derive(Debug)]
pub(crate) struct Session {
    plan: Arc<Plan>,
    /// Which prompt it begins with.
    number: u64,
    model: usize,
    turn: u32,
    turns: u32,
    /// The system prompt; empty: none.
    prefix: String,
    /// What was said so far, as messages.
    messages: Vec<Value>,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) endpoint: Endpoint,
    /// Such as `/v1/chat/completions`.
    pub(crate) path: &'static str,
    /// JSON. A stream of an API with `stream_options` asks for usage.
    pub(crate) body: Bytes,
    pub(crate) model: String,
    pub(crate) streamed: bool,
    /// Counted from 0.
    pub(crate) turn: u32,
    /// See [`crate::report::Content::prompt_number`].
    pub(crate) prompt_number: u64,
    /// What the user says in this turn, for whoever keeps contents; empty unless the scenario does.
    pub(crate) prompt: String,
    /// To wait after the answer before it.
    pub(crate) pause: Duration,
}

impl Workload {
    /// # Errors
    /// A scenario without a model; a prompt file or a trace that cannot be read.
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        Ok(Self { plan: Arc::new(Plan::new(scenario)?), begun: 0 })
    }

    /// The next conversation. Its model is drawn by weight; but a run that keeps answers asks every model in turn each
    /// prompt, so that they stand side by side.
    pub(crate) fn next(&mut self) -> Session {
        let (number, model) = self.plan.pick(self.begun);
        self.begun += 1;
        Session {
            number,
            model,
            turn: 0,
            turns: self.plan.length(Purpose::Turns, number, 0),
            prefix: self.plan.prefix(number),
            messages: Vec::new(),
            plan: Arc::clone(&self.plan),
        }
    }
}

impl Session {
    /// The next request; `None`: the conversation is over. `answer` is what came to the one before, `None` where that
    /// failed, which ends the conversation.
    pub(crate) fn next(&mut self, answer: Option<&str>) -> Option<Ask> {
        if self.turn > 0 {
            match answer {
                // Some APIs refuse a message without content.
                Some("") => self.messages.push(json!({"role": "assistant", "content": "."})),
                Some(answer) => self.messages.push(json!({"role": "assistant", "content": answer})),
                None => self.turns = self.turn,
            }
        }
        if self.turn >= self.turns {
            return None;
        }
        let turn = self.turn;
        self.turn += 1;
        let question = self.plan.question(self.number, turn);
        self.messages.extend(question.messages);
        let scenario = &self.plan.scenario;
        let streamed = self.plan.is_streamed(self.number, turn);
        let model = self.plan.model(self.model);
        let asked = body::Asked {
            model,
            messages: &self.messages,
            prefix: &self.prefix,
            max_tokens: question.max_tokens,
            streamed,
        };
        Some(Ask {
            endpoint: body::endpoint(scenario.endpoint),
            path: body::path(scenario.endpoint),
            body: asked.body(scenario),
            model: model.to_owned(),
            streamed,
            turn,
            prompt_number: question.number,
            prompt: question.prompt,
            pause: if turn == 0 { Duration::ZERO } else { scenario.conversation.pause.duration() },
        })
    }

    /// Whether [`Self::next`] needs the text of the answer.
    pub(crate) fn needs_answer(&self) -> bool {
        self.turn < self.turns
    }
}

#[cfg(test)]
mod tests;
