//! Token usage as servers report it: one reader for every dialect's spelling.

use std::time::Duration;

use serde::de::MapAccess;

use crate::lenient::{Count, Maybe, Number, Object, skip};

/// A usage object as it stands in an answer. Members that are missing stay `None`.
///
/// Spellings: OpenAI chat and completions (`prompt_tokens`, `completion_tokens`), OpenAI
/// responses and Anthropic messages (`input_tokens`, `output_tokens`). What was heard is told in
/// tokens, or as `{"type":"duration","seconds":…}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    input: Option<u64>,
    pub(crate) output: Option<u64>,
    total: Option<u64>,
    /// Anthropic's, which `input` leaves out; OpenAI's spelling of it is within `input`.
    cache_read: Option<u64>,
    cache_creation: Option<u64>,
    cached: Option<u64>,
    cache_write: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    /// Length of the audio that was heard.
    pub(crate) audio: Option<Duration>,
}

/// Whether `input` leaves cached tokens out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheRule {
    /// OpenAI: cached tokens are among the prompt tokens.
    Within,
    /// Anthropic: they come on top.
    OnTop,
}

impl Usage {
    /// Usage of which only the input is known.
    pub(crate) fn of_input(tokens: u64) -> Self {
        Self { input: Some(tokens), ..Self::default() }
    }

    /// Takes what `later` says over what was known: usage is cumulative, never summed.
    pub(crate) fn update(&mut self, later: &Self) {
        let take = |old: &mut Option<u64>, new: Option<u64>| *old = new.or(*old);
        // There is no prompt of no tokens: a 0 where more was known is a member that was not filled,
        // unless all of the prompt was in a cache.
        let is_known = self.input.is_some();
        let cached = later.cache_read.unwrap_or(0) + later.cache_creation.unwrap_or(0) > 0;
        take(&mut self.input, later.input.filter(|input| *input > 0 || !is_known || cached));
        take(&mut self.output, later.output);
        take(&mut self.total, later.total);
        take(&mut self.cache_read, later.cache_read);
        take(&mut self.cache_creation, later.cache_creation);
        take(&mut self.cached, later.cached);
        take(&mut self.cache_write, later.cache_write);
        take(&mut self.reasoning, later.reasoning);
        self.audio = later.audio.or(self.audio);
    }

    /// Adds the usage of another answer of the same session.
    pub(crate) fn add(&mut self, other: &Self) {
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut self.input, other.input);
        add(&mut self.output, other.output);
        add(&mut self.total, other.total);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_creation, other.cache_creation);
        add(&mut self.cached, other.cached);
        add(&mut self.cache_write, other.cache_write);
        add(&mut self.reasoning, other.reasoning);
        if let Some(audio) = other.audio {
            self.audio = Some(self.audio.unwrap_or_default().saturating_add(audio));
        }
    }

    /// The same, where several reports that were added up repeat the tokens of the prompt.
    pub(crate) fn with_input_shared_by(self, reports: u64) -> Self {
        let share = |sum: Option<u64>| sum.map(|sum| sum / reports);
        Self {
            input: share(self.input),
            cache_read: share(self.cache_read),
            cache_creation: share(self.cache_creation),
            cached: share(self.cached),
            cache_write: share(self.cache_write),
            ..self
        }
    }

    /// The same, but for the output: it was only a beginning.
    pub(crate) fn without_output(self) -> Self {
        Self { output: None, ..self }
    }

    /// Whether any number was understood.
    pub(crate) fn says_something(&self) -> bool {
        let tokens = self.input.is_some() || self.output.is_some() || self.total.is_some();
        tokens || self.audio.is_some()
    }

    /// Whether it only stands for one: LiteLLM writes zeros where it does not know, such as on each
    /// event of a completion whose client did not ask. There is no prompt of no tokens.
    pub(crate) fn is_blank(&self) -> bool {
        self.input(CacheRule::OnTop) == Some(0) && self.output.unwrap_or(0) == 0
    }

    /// All prompt tokens.
    pub(crate) fn input(&self, rule: CacheRule) -> Option<u64> {
        match rule {
            CacheRule::Within => {
                self.input.or_else(|| self.total.filter(|_| self.output.is_none()))
            }
            CacheRule::OnTop => self.input.map(|input| {
                let cached = [self.cache_read, self.cache_creation].into_iter().flatten();
                cached.fold(input, u64::saturating_add)
            }),
        }
    }

    /// Prompt tokens read from a cache.
    pub(crate) fn cached_input(&self) -> Option<u64> {
        self.cached.or(self.cache_read)
    }

    /// Prompt tokens written to a cache.
    pub(crate) fn cache_write_input(&self) -> Option<u64> {
        self.cache_write.or(self.cache_creation)
    }
}

impl<'de> Object<'de> for Usage {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "prompt_tokens" | "input_tokens" => self.input = map.next_value::<Count>()?.0,
            "completion_tokens" | "output_tokens" => self.output = map.next_value::<Count>()?.0,
            "total_tokens" => self.total = map.next_value::<Count>()?.0,
            // Cohere's chat: what was read and written, beside what is paid for.
            "tokens" => {
                let tokens = map.next_value::<Maybe<Self>>()?.object().unwrap_or_default();
                self.update(&tokens);
            }
            // SGLang's.
            "reasoning_tokens" => self.reasoning = map.next_value::<Count>()?.0,
            "seconds" => self.audio = map.next_value::<Number>()?.audio(),
            "cache_read_input_tokens" => self.cache_read = map.next_value::<Count>()?.0,
            "cache_creation_input_tokens" => self.cache_creation = map.next_value::<Count>()?.0,
            "prompt_tokens_details"
            | "input_tokens_details"
            | "completion_tokens_details"
            | "output_tokens_details"
            // OpenAI's audio and realtime.
            | "input_token_details"
            | "output_token_details" => {
                if let Maybe::Object(details) = map.next_value::<Maybe<Details>>()? {
                    self.cached = details.cached.or(self.cached);
                    self.cache_write = details.cache_write.or(self.cache_write);
                    self.reasoning = details.reasoning.or(self.reasoning);
                }
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Details {
    cached: Option<u64>,
    cache_write: Option<u64>,
    reasoning: Option<u64>,
}

impl<'de> Object<'de> for Details {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "cached_tokens" => self.cached = map.next_value::<Count>()?.0,
            // OpenAI's name, and vLLM's since 0.26.
            "cache_write_tokens" | "created_cache_tokens" => {
                self.cache_write = map.next_value::<Count>()?.0;
            }
            "reasoning_tokens" | "thinking_tokens" => self.reasoning = map.next_value::<Count>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Usage {
        serde_json::from_str::<Maybe<Usage>>(json).unwrap().object().unwrap()
    }

    #[test]
    fn anthropic_counts_cached_tokens_on_top() {
        let usage = read(
            r#"{"input_tokens":6,"output_tokens":6,"cache_read_input_tokens":3,"cache_creation_input_tokens":1}"#,
        );
        assert_eq!(usage.input(CacheRule::OnTop), Some(10));
        assert_eq!((usage.cached_input(), usage.cache_write_input()), (Some(3), Some(1)));
    }

    #[test]
    fn openai_counts_them_within() {
        let usage = read(
            r#"{"prompt_tokens":9,"completion_tokens":6,"cache_read_input_tokens":3,
                "prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}"#,
        );
        assert_eq!(usage.input(CacheRule::Within), Some(9));
        assert_eq!((usage.cached_input(), usage.reasoning), (Some(3), Some(2)));
    }

    #[test]
    fn null_details_are_unknown_not_0() {
        let usage = read(r#"{"prompt_tokens":9,"prompt_tokens_details":null}"#);
        assert_eq!((usage.cached_input(), usage.output), (None, None));
    }

    #[test]
    fn zeros_are_no_report() {
        assert!(read(r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#).is_blank());
        assert!(read(r#"{"input_tokens":0,"cache_read_input_tokens":0}"#).is_blank());
        for json in [
            r#"{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9}"#,
            r#"{"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":4}"#,
            r#"{"output_tokens":0}"#,
            r#"{"prompt_tokens":0,"completion_tokens":3}"#,
        ] {
            assert!(!read(json).is_blank(), "{json}");
        }
    }

    #[test]
    fn a_later_report_replaces_and_never_adds() {
        let mut usage = read(r#"{"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":4}"#);
        usage.update(&read(r#"{"input_tokens":9,"output_tokens":6}"#));
        assert_eq!((usage.input(CacheRule::OnTop), usage.output), (Some(13), Some(6)));
    }
}
