//! Which server is imitated: its name, its version, and the choices of shape that follow.

use std::str::FromStr;

use crate::coding::Coding;

/// A server to imitate. Its name and version decide the shape of every answer.
///
/// Sources of the shapes: recordings of vLLM 0.32.0 and LiteLLM 1.106.2, and for other versions
/// what changed when in vLLM's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    name: Name,
    version: String,
    at: (u32, u32, u32),
    strict: bool,
    forced: bool,
    metrics: bool,
    v0: bool,
    rust: bool,
    speculates: bool,
    coding: Option<Coding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Vllm,
    LiteLlm,
    LlamaCpp,
}

/// A text that names no [`Engine`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot imitate `{0}`: expected `vllm:VERSION`, `litellm:VERSION`, `llama.cpp` or `strict`"
)]
pub struct EngineError(String);

impl Engine {
    /// vLLM of a version such as `0.32.0`. What a version did not have yet answers 404
    /// (`/v1/responses` before 0.10.0, `/v1/messages` before 0.11.1).
    pub fn vllm(version: &str) -> Self {
        Self::new(Name::Vllm, version)
    }

    /// The LiteLLM proxy of a version such as `1.106.2`.
    pub fn litellm(version: &str) -> Self {
        Self::new(Name::LiteLlm, version)
    }

    /// llama.cpp's server.
    pub fn llama_cpp() -> Self {
        Self::new(Name::LlamaCpp, "b6000")
    }

    /// A server that refuses a request with `stream_options` (400, naming it), as vLLM before 0.5
    /// did; it sends usage unasked on the last choice chunk of a chat.
    pub fn strict() -> Self {
        Self { strict: true, ..Self::new(Name::Vllm, "0.4.3") }
    }

    /// As if started with `--enable-force-include-usage`: usage comes unasked, at the end in
    /// vLLM 0.9.2 to 0.18, on every chunk from 0.19 on. Other engines do not know the switch.
    pub fn force_usage(self) -> Self {
        Self { forced: true, ..self }
    }

    /// As if started with `--enable-per-request-metrics`: vLLM from 0.25 on tells its times in whole
    /// answers and in the usage event. Other engines do not know the switch.
    pub fn per_request_metrics(self) -> Self {
        Self { metrics: true, ..self }
    }

    /// As if its older engine ran (`VLLM_USE_V1=0`), which vLLM 0.8 to 0.10 could still choose: its
    /// `/metrics` are those of V0. Other versions do not know the switch.
    pub fn v0(self) -> Self {
        Self { v0: true, ..self }
    }

    /// As if its front end were the one in Rust (`VLLM_USE_RUST_FRONTEND=1`, from 0.22 on), which always
    /// answers `/metrics` in OpenMetrics. Other versions do not know the switch.
    pub fn rust_front_end(self) -> Self {
        Self { rust: true, ..self }
    }

    /// As if it drafted three tokens ahead of every step: what a step has beyond its first token counts as
    /// accepted. vLLM from 0.8.5 on with V1, and from 0.5.4 on with V0, count that.
    pub fn speculative(self) -> Self {
        Self { speculates: true, ..self }
    }

    /// As if a compressing server stood before it: answers have this coding where the request's
    /// `accept-encoding` allows it. [`Plan::coding`](crate::Plan::coding) does not ask.
    pub fn compress(self, coding: Coding) -> Self {
        Self { coding: Some(coding), ..self }
    }

    /// `vllm`, `litellm` or `llama.cpp`.
    pub fn name(&self) -> &'static str {
        match self.name {
            Name::Vllm => "vllm",
            Name::LiteLlm => "litellm",
            Name::LlamaCpp => "llama.cpp",
        }
    }

    /// The version as it was given.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn new(name: Name, version: &str) -> Self {
        let mut parts = version.trim_start_matches(['v', 'b']).split('.').map(leading_number);
        let mut next = || parts.next().unwrap_or(0);
        let at = (next(), next(), next());
        let version = version.to_owned();
        Self {
            name,
            version,
            at,
            strict: false,
            forced: false,
            metrics: false,
            v0: false,
            rust: false,
            speculates: false,
            coding: None,
        }
    }

    pub(crate) fn kind(&self) -> Name {
        self.name
    }

    pub(crate) fn is(&self, name: Name) -> bool {
        self.name == name
    }

    /// vLLM of this version or later.
    pub(crate) fn vllm_since(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.name == Name::Vllm && self.at >= (major, minor, patch)
    }

    pub(crate) fn vllm_before(&self, major: u32, minor: u32, patch: u32) -> bool {
        self.name == Name::Vllm && self.at < (major, minor, patch)
    }

    /// vLLM with its older engine.
    pub(crate) fn is_v0(&self) -> bool {
        self.vllm_before(0, 8, 0) || self.v0 && self.vllm_before(0, 11, 0)
    }

    pub(crate) fn has_rust_front_end(&self) -> bool {
        self.rust && self.vllm_since(0, 22, 0)
    }

    /// Whether it counts what it drafts.
    pub(crate) fn counts_drafts(&self) -> bool {
        let since = if self.is_v0() { (0, 5, 4) } else { (0, 8, 5) };
        self.speculates && self.vllm_since(since.0, since.1, since.2)
    }

    /// vLLM whose answers have all the fields of the recording of 0.32.
    pub(crate) fn recent_vllm(&self) -> bool {
        self.vllm_since(0, 20, 0)
    }

    pub(crate) fn refuses_stream_options(&self) -> bool {
        self.strict
    }

    /// Forced usage: at the end, and on every chunk.
    pub(crate) fn forced_usage(&self) -> (bool, bool) {
        (self.forced && self.vllm_since(0, 9, 2), self.forced && self.vllm_since(0, 19, 0))
    }

    pub(crate) fn tells_metrics(&self) -> bool {
        self.metrics && self.vllm_since(0, 25, 0)
    }

    /// The coding for requests that accept it.
    pub(crate) fn coding(&self) -> Option<Coding> {
        self.coding
    }

    /// The fields that carry reasoning in a chat; none means that there is no reasoning.
    pub(crate) fn reasoning_fields(&self) -> &'static [&'static str] {
        match self.name {
            Name::LiteLlm | Name::LlamaCpp => &["reasoning_content"],
            Name::Vllm if self.at < (0, 7, 3) => &[],
            Name::Vllm if self.at < (0, 11, 1) => &["reasoning_content"],
            Name::Vllm if self.at < (0, 16, 0) => &["reasoning", "reasoning_content"],
            Name::Vllm => &["reasoning"],
        }
    }

    /// Flat error bodies: `{"object":"error",…}`.
    pub(crate) fn flat_errors(&self) -> bool {
        self.vllm_before(0, 10, 1)
    }

    /// `system_fingerprint` of the terminal chunk and of whole answers.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        match self.name {
            Name::Vllm if self.at >= (0, 22, 0) => Some(format!("vllm-{}-f2f3be36", self.version)),
            Name::LlamaCpp => Some(format!("{}-e54c35e4", self.version)),
            _ => None,
        }
    }
}

impl FromStr for Engine {
    type Err = EngineError;

    /// Reads `vllm:0.32.0`, `litellm:1.106.2`, `llama.cpp` or `strict`.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text.split_once(':') {
            Some(("vllm", version)) if starts_with_digit(version) => Ok(Self::vllm(version)),
            Some(("litellm", version)) if starts_with_digit(version) => Ok(Self::litellm(version)),
            None if text == "llama.cpp" => Ok(Self::llama_cpp()),
            None if text == "strict" => Ok(Self::strict()),
            _ => Err(EngineError(text.to_owned())),
        }
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn leading_number(part: &str) -> u32 {
    let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_decides_the_shape() {
        assert!(Engine::vllm("0.10.0").flat_errors());
        assert!(!Engine::vllm("0.10.1").flat_errors());
        assert_eq!(Engine::vllm("0.12.0rc1").reasoning_fields().len(), 2);
        assert_eq!(Engine::vllm("0.18.1").force_usage().forced_usage(), (true, false));
        assert_eq!(Engine::vllm("0.32.0").force_usage().forced_usage(), (true, true));
        assert_eq!(Engine::vllm("0.32.0").forced_usage(), (false, false));
    }

    #[test]
    fn an_engine_reads_from_text() {
        assert_eq!("vllm:0.6.6".parse(), Ok(Engine::vllm("0.6.6")));
        assert_eq!("strict".parse(), Ok(Engine::strict()));
        let error = "tgi:3".parse::<Engine>().unwrap_err();
        assert!(error.to_string().contains("`tgi:3`"), "{error}");
    }
}
