//! Usage that is told choice by choice, and never for all of them together: vLLM 0.4 and TGI on the
//! last event of each choice, llama.cpp in an event of its own behind each.

use crate::usage::Usage;

/// More choices are not told apart.
const MOST: usize = 64;

/// What was reported for each choice.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// On events of a choice, by its index. Cumulative, so that the last one counts.
    on_events: Vec<Option<Usage>>,
    /// In events that have nothing but usage.
    alone: u64,
    alone_sum: Option<Box<Usage>>,
}

impl Shares {
    /// Usage on an event of the choice with this index.
    pub(crate) fn on_event(&mut self, index: u64, usage: &Usage) {
        let index = usize::try_from(index).unwrap_or(MOST).min(MOST);
        if self.on_events.len() <= index {
            self.on_events.resize(index + 1, None);
        }
        self.on_events[index].get_or_insert_default().update(usage);
    }

    /// Usage in an event of its own.
    pub(crate) fn alone(&mut self, usage: &Usage) {
        self.alone += 1;
        self.alone_sum.get_or_insert_default().add(usage);
    }

    /// Whether one event of its own has told it for all.
    pub(crate) fn is_told_at_once(&self) -> bool {
        self.alone == 1
    }

    /// For how many choices it was told.
    pub(crate) fn count(&self) -> u64 {
        if self.alone > 0 { self.alone } else { self.on_events.iter().flatten().count() as u64 }
    }

    /// The sum. Each of the `per_prompt` choices of a prompt repeats its input tokens.
    pub(crate) fn sum(&self, per_prompt: u64) -> Usage {
        let mut sum = Usage::default();
        if let Some(alone) = &self.alone_sum {
            sum.add(alone);
        } else {
            self.on_events.iter().flatten().for_each(|share| sum.add(share));
        }
        sum.with_input_shared_by(per_prompt.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::Maybe;
    use crate::usage::CacheRule;

    fn usage(input: u64, output: u64) -> Usage {
        let json = format!(r#"{{"prompt_tokens":{input},"completion_tokens":{output}}}"#);
        serde_json::from_str::<Maybe<Usage>>(&json).unwrap().object().unwrap()
    }

    #[test]
    fn two_choices_of_one_prompt_share_its_tokens() {
        let mut shares = Shares::default();
        for (index, usage) in [(0, usage(7, 1)), (1, usage(7, 2)), (0, usage(7, 3))] {
            shares.on_event(index, &usage);
        }
        let sum = shares.sum(2);
        assert_eq!(
            (sum.input(CacheRule::Within), sum.output, shares.count()),
            (Some(7), Some(5), 2)
        );
    }

    #[test]
    fn two_prompts_add_up() {
        let mut shares = Shares::default();
        shares.alone(&usage(2, 2));
        assert!(shares.is_told_at_once());
        shares.alone(&usage(3, 3));
        let sum = shares.sum(1);
        assert_eq!(
            (sum.input(CacheRule::Within), sum.output, shares.count()),
            (Some(5), Some(5), 2)
        );
    }

    #[test]
    fn an_index_without_end_takes_no_memory() {
        let mut shares = Shares::default();
        shares.on_event(u64::MAX, &usage(1, 1));
        assert_eq!(shares.on_events.len(), MOST + 1);
    }
}
