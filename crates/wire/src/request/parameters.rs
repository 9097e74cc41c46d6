//! Numbers by which a request says how it wants to be answered.

use super::fields::{Field, Fields};

/// What a request asks for in numbers, as it wrote them: what is not there, or is no number, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parameters {
    /// How many choices (`n`).
    pub choices: Option<u64>,
    /// How many tokens it allows (`max_tokens` or one of its younger names).
    pub max_tokens: Option<u64>,
    /// `temperature`
    pub temperature: Option<f64>,
    /// `top_p`
    pub top_p: Option<f64>,
    /// `top_k`; -1 is vLLM's word for all.
    pub top_k: Option<f64>,
    /// `frequency_penalty`
    pub frequency_penalty: Option<f64>,
    /// `presence_penalty`
    pub presence_penalty: Option<f64>,
    /// `seed`
    pub seed: Option<i64>,
}

impl Parameters {
    pub(super) fn read(fields: &Fields) -> Self {
        Self {
            choices: fields.number(Field::N),
            max_tokens: fields
                .number(Field::MaxCompletionTokens)
                .or_else(|| fields.number(Field::MaxOutputTokens))
                .or_else(|| fields.number(Field::MaxTokens)),
            temperature: fields.number(Field::Temperature),
            top_p: fields.number(Field::TopP),
            top_k: fields.number(Field::TopK),
            frequency_penalty: fields.number(Field::FrequencyPenalty),
            presence_penalty: fields.number(Field::PresencePenalty),
            seed: fields.number(Field::Seed),
        }
    }
}
