//! What the servers behind say of their own work: for the log and the span, in their words. No metric
//! is made of it, since not every answer has it.

use std::time::Duration;

use serde::de::MapAccess;

use crate::lenient::{Number, Object, skip};

/// Longest text that is kept, in bytes.
const LONGEST: usize = 128;

/// What the engine says in its answer. What it does not say is `None`.
///
/// Sources: vLLM's `metrics` (from 0.25, `--enable-per-request-metrics`) and `system_fingerprint`
/// (from 0.22; OpenAI has one too); llama.cpp's `timings`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineReport {
    /// `system_fingerprint`, such as `vllm-0.32.0-tp8-1a2b3c4d`; at most 128 bytes of it.
    pub fingerprint: Option<String>,
    /// Time in the engine's queue (`queue_time_ms`).
    pub queue: Option<Duration>,
    /// Arrival at the engine → first token (`time_to_first_token_ms`).
    pub time_to_first_token: Option<Duration>,
    /// Time spent on the prompt (llama.cpp's `prompt_ms`).
    pub prompt: Option<Duration>,
    /// Time spent on the answer (`generation_time_ms`, llama.cpp's `predicted_ms`).
    pub generation: Option<Duration>,
    /// Mean time between tokens (`mean_itl_ms`, llama.cpp's `predicted_per_token_ms`).
    pub inter_token: Option<Duration>,
}

/// What LiteLLM says in the head of its answer (`x-litellm-…`). Streams lack the cost and have only a
/// part of the duration: their head is sent before these are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayReport {
    /// `x-litellm-call-id`.
    pub call_id: Option<String>,
    /// `x-litellm-model-id`: the deployment, a key to `/model/info`.
    pub model_id: Option<String>,
    /// `x-litellm-model-api-base`: the engine that answered; scheme, host and port of it.
    pub api_base: Option<String>,
    /// `x-litellm-response-cost`, in US dollars.
    pub cost_usd: Option<f64>,
    /// `x-litellm-response-duration-ms`.
    pub duration: Option<Duration>,
    /// `x-litellm-overhead-duration-ms`: LiteLLM's own part of it.
    pub overhead: Option<Duration>,
    /// `x-litellm-attempted-retries`.
    pub retries: Option<u64>,
    /// `x-litellm-attempted-fallbacks`.
    pub fallbacks: Option<u64>,
}

impl EngineReport {
    /// Takes the times of a later event over those that were known.
    pub(crate) fn update(&mut self, later: &Self) {
        let Self { fingerprint: _, queue, time_to_first_token, prompt, generation, inter_token } =
            *later;
        self.queue = queue.or(self.queue);
        self.time_to_first_token = time_to_first_token.or(self.time_to_first_token);
        self.prompt = prompt.or(self.prompt);
        self.generation = generation.or(self.generation);
        self.inter_token = inter_token.or(self.inter_token);
    }
}

impl<'de> Object<'de> for EngineReport {
    /// A member of `metrics` or of `timings`.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let time = match name {
            "queue_time_ms" => &mut self.queue,
            "time_to_first_token_ms" => &mut self.time_to_first_token,
            "prompt_ms" => &mut self.prompt,
            "generation_time_ms" | "predicted_ms" => &mut self.generation,
            "mean_itl_ms" | "predicted_per_token_ms" => &mut self.inter_token,
            _ => return skip(map),
        };
        *time = map.next_value::<Number>()?.milliseconds();
        Ok(())
    }
}

/// How the names of LiteLLM's headers begin.
const HEADERS: &str = "x-litellm-";

impl GatewayReport {
    /// Whether a header is the gateway's.
    pub(crate) fn has(name: &str) -> bool {
        name.starts_with(HEADERS)
    }

    /// A header of the answer. What LiteLLM does not know it writes as `None`.
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        let Some(name) = name.strip_prefix(HEADERS) else { return };
        let value = value.trim();
        if value.is_empty() || value == "None" {
            return;
        }
        let number = || value.parse().ok().filter(|number: &f64| number.is_finite());
        match name {
            "call-id" => self.call_id = Some(cut(value)),
            "model-id" => self.model_id = Some(cut(value)),
            "model-api-base" => self.api_base = origin(value).as_deref().map(cut),
            "response-cost" => self.cost_usd = number().filter(|cost| *cost >= 0.0),
            "response-duration-ms" => self.duration = Number(number()).milliseconds(),
            "overhead-duration-ms" => self.overhead = Number(number()).milliseconds(),
            "attempted-retries" => self.retries = value.parse().ok(),
            "attempted-fallbacks" => self.fallbacks = value.parse().ok(),
            _ => {}
        }
    }
}

/// The beginning of a server's text.
pub(crate) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

/// Scheme, host and port. A key can stand in any other part of a URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litellm_tells_who_answered_and_what_it_cost() {
        let mut report = GatewayReport::default();
        for (name, value) in [
            ("x-litellm-call-id", "c1"),
            ("x-litellm-model-api-base", "https://user:sk-1@host:8000/v1?key=sk-2#sk-3"),
            ("x-litellm-response-cost", "0.00021"),
            ("x-litellm-response-duration-ms", "12.5"),
            ("x-litellm-overhead-duration-ms", "None"),
            ("x-litellm-attempted-retries", "0"),
            ("x-litellm-model-id", ""),
            ("content-type", "text/plain"),
        ] {
            report.header(name, value);
        }
        let expected = GatewayReport {
            call_id: Some("c1".into()),
            api_base: Some("https://host:8000".into()),
            cost_usd: Some(0.00021),
            duration: Some(Duration::from_micros(12_500)),
            retries: Some(0),
            ..GatewayReport::default()
        };
        assert_eq!(report, expected);
    }

    #[test]
    fn what_is_no_number_is_unknown() {
        let mut report = GatewayReport::default();
        for value in ["-1", "NaN", "inf", "1e999", "x"] {
            report.header("x-litellm-response-cost", value);
            report.header("x-litellm-response-duration-ms", value);
            report.header("x-litellm-attempted-fallbacks", value);
            report.header("x-litellm-model-api-base", value);
        }
        assert_eq!(report, GatewayReport::default());
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(cut(&"ä".repeat(100)).len(), 128);
        assert_eq!(cut(&("x".to_owned() + &"ä".repeat(100))).len(), 127);
    }
}
