//! What a simulated engine is told: an answer as an engine of its kind would give.

use std::time::Duration;

use super::deck::Manner;
use super::dice::Dice;

/// How fast a simulated engine answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Time to the first token of an empty prompt, and what each prompt token adds.
    pub(crate) first_token: Duration,
    pub(crate) per_prompt_token: Duration,
    pub(crate) gap: Duration,
    /// Of ten output tokens of a chat, how many are reasoning.
    pub(crate) reasoning_tenths: usize,
}

/// Prefixes are cached by blocks of so many tokens.
const BLOCK: usize = 16;

impl Pace {
    /// The plan of a prompt with so many words: longer prompts take longer, and so do some others.
    pub(super) fn plan(&self, manner: Manner, words: usize, dice: &mut Dice) -> String {
        let tokens = dice.proportional(20.0, 160.0) as usize;
        let cached = if dice.yes(0.6) { words as f64 * dice.share() } else { 0.0 };
        let cached = cached as usize / BLOCK * BLOCK;
        let queue = if dice.yes(0.08) { 4.0 } else { 0.8 + 0.6 * dice.share() };
        let prefill = self.first_token + self.per_prompt_token.mul_f64((words - cached) as f64);
        let ttft = match manner {
            // Nobody is to see the first token.
            Manner::LeavesEarly => Duration::from_secs(5),
            _ => prefill.mul_f64(queue),
        };
        let gap = self.gap.mul_f64(0.85 + 0.4 * dice.share());
        let mut plan = format!(
            "tokens={tokens},reasoning={},prompt={words},cached={cached},ttft={}us,gap={}us",
            self.reasoning(tokens),
            ttft.as_micros(),
            gap.as_micros(),
        );
        if let Manner::Fault(fault) = manner {
            plan.push_str(",fault=");
            plan.push_str(fault);
        }
        plan
    }

    /// How many of so many output tokens are reasoning.
    pub(crate) fn reasoning(&self, tokens: usize) -> usize {
        tokens * self.reasoning_tenths / 10
    }
}
