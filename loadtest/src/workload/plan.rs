//! What each conversation says, by its number.

use rand::RngExt as _;
use serde_json::{Value, json};

use super::prompts::{self, Line};
use super::random::{Purpose, random};
use super::{lengths, weighted, words};
use crate::scenario::{Load, Scenario, ScenarioError};
use crate::trace::{self, BLOCK_TOKENS, TraceLine};

/// What the words of a prompt are for: a model that means well answers at length.
const TASK: &str = "Tell a long story with these words:";
const TASK_WORDS: usize = 7;

/// A scenario, with what its files hold.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    source: Source,
}

/// Where prompts come from.
#[derive(Debug)]
enum Source {
    Generated,
    File(Vec<Line>),
    Trace(Vec<TraceLine>),
}

/// What is asked in a turn.
#[derive(Debug)]
pub(super) struct Question {
    /// What comes behind the messages so far.
    pub(super) messages: Vec<Value>,
    /// The same prompt has the same one.
    pub(super) number: u64,
    /// The user's text, if contents are kept.
    pub(super) prompt: String,
    pub(super) max_tokens: u32,
}

impl Plan {
    pub(super) fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        if scenario.models.is_empty() {
            return Err(ScenarioError::NoModel);
        }
        let source = match (&scenario.load, &scenario.prompt.file) {
            (Load::Trace { file, .. }, _) => Source::Trace(trace::read(file)?),
            (_, Some(file)) => Source::File(prompts::read(file, scenario.endpoint)?),
            (_, None) => Source::Generated,
        };
        Ok(Self { scenario: scenario.clone(), source })
    }

    /// The prompt and the model of a conversation.
    pub(super) fn pick(&self, conversation: u64) -> (u64, usize) {
        let models = &self.scenario.models;
        if self.scenario.capture {
            let count = models.len().max(1) as u64;
            return (conversation / count, (conversation % count) as usize);
        }
        let mut random = self.random(Purpose::Model, conversation, 0);
        let weights = models.iter().map(|model| model.weight);
        (conversation, weighted::choose(weights, &mut random))
    }

    pub(super) fn model(&self, index: usize) -> &str {
        self.scenario.models.get(index).map_or("", |model| model.name.as_str())
    }

    pub(super) fn is_streamed(&self, number: u64, turn: u32) -> bool {
        let drawn: f64 = self.random(Purpose::Streamed, number, turn).random();
        drawn < self.scenario.stream
    }

    /// A length of the scenario's.
    pub(super) fn length(&self, purpose: Purpose, number: u64, turn: u32) -> u32 {
        let lengths = match purpose {
            Purpose::Turns => &self.scenario.conversation.turns,
            Purpose::OutputLength => &self.scenario.output.tokens,
            _ => &self.scenario.prompt.tokens,
        };
        lengths::draw(lengths, &mut self.random(purpose, number, turn))
    }

    /// The system prompt of a conversation; empty: none.
    pub(super) fn prefix(&self, number: u64) -> String {
        let prompt = &self.scenario.prompt;
        let mut text = String::new();
        if prompt.shared_prefix > 0 {
            let groups = u64::from(prompt.prefix_groups.max(1));
            let group = self.random(Purpose::PrefixGroup, number, 0).random_range(0..groups);
            let mut random = self.random(Purpose::PrefixWords, group, 0);
            words::append(&mut text, prompt.shared_prefix as usize, &mut random);
        }
        text
    }

    pub(super) fn question(&self, number: u64, turn: u32) -> Question {
        match &self.source {
            Source::Generated => {
                let length = self.length(Purpose::PromptLength, number, turn);
                self.says(self.text(number, turn, length as usize), number, turn, None)
            }
            Source::File(lines) => match nth(lines, number) {
                Some((index, line)) => self.of_line(index, line, number),
                None => self.says(String::new(), number, turn, None),
            },
            Source::Trace(lines) => {
                let line = nth(lines, number).map(|(_, line)| line);
                let text = line.map(|line| self.recorded(number, line)).unwrap_or_default();
                self.says(text, number, turn, line.map(|line| line.output))
            }
        }
    }

    fn says(&self, text: String, number: u64, turn: u32, max_tokens: Option<u32>) -> Question {
        let max_tokens =
            max_tokens.unwrap_or_else(|| self.length(Purpose::OutputLength, number, turn));
        let prompt = if self.scenario.capture { text.clone() } else { String::new() };
        let messages = vec![json!({"role": "user", "content": text})];
        Question { messages, number, prompt, max_tokens }
    }

    /// Asked over and over, a prompt of a file keeps the number of its line.
    fn of_line(&self, index: u64, line: &Line, number: u64) -> Question {
        let drawn = || self.length(Purpose::OutputLength, number, 0);
        let prompt = if self.scenario.capture { line.prompt().to_owned() } else { String::new() };
        let max_tokens = line.max_tokens.unwrap_or_else(drawn);
        Question { messages: line.messages.clone(), number: index, prompt, max_tokens }
    }

    /// A prompt of so many words. It begins with the run's salt and its number, so that no cache of beginnings
    /// helps.
    fn text(&self, number: u64, turn: u32, length: usize) -> String {
        let mut text = match self.scenario.salt {
            None | Some(0) => format!("{number}"),
            Some(salt) => format!("{salt}-{number}"),
        };
        let mut left = length.saturating_sub(1);
        // Not where the words would be hardly more than the task.
        if left > 2 * TASK_WORDS {
            text.push_str(". ");
            text.push_str(TASK);
            left -= TASK_WORDS;
        }
        words::append(&mut text, left, &mut self.random(Purpose::PromptWords, number, turn));
        text
    }

    /// The prompt of a trace's line: equal ids give equal text.
    fn recorded(&self, number: u64, line: &TraceLine) -> String {
        let mut text = String::new();
        let mut left = line.input as usize;
        for id in &line.hash_ids {
            let length = left.min(BLOCK_TOKENS);
            words::append(&mut text, length, &mut self.random(Purpose::BlockWords, *id, 0));
            left -= length;
        }
        if left > 0 {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&self.text(number, 0, left));
        }
        text
    }

    fn random(&self, purpose: Purpose, number: u64, turn: u32) -> rand_chacha::ChaCha8Rng {
        random(self.scenario.seed, purpose, number, turn)
    }
}

/// Over and over.
fn nth<T>(lines: &[T], number: u64) -> Option<(u64, &T)> {
    let index = number.checked_rem(lines.len() as u64)?;
    Some((index, lines.get(index as usize)?))
}
