//! Numbers by which a request says how it wants to be answered.

use super::fields::Fields;

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
            choices: fields.number("n"),
            max_tokens: fields
                .number("max_completion_tokens")
                .or_else(|| fields.number("max_output_tokens"))
                .or_else(|| fields.number("max_tokens")),
            temperature: fields.number("temperature"),
            top_p: fields.number("top_p"),
            top_k: fields.number("top_k"),
            frequency_penalty: fields.number("frequency_penalty"),
            presence_penalty: fields.number("presence_penalty"),
            seed: fields.number("seed"),
        }
    }
}
