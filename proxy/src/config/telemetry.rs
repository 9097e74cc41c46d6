//! `[telemetry]`: what the standard `OTEL_*` variables have no word for.

use std::time::Duration;

use serde::Deserialize;
use weir_daemon::config::{ConfigError, Loaded, Span};

use crate::span::Semconv;

/// Which requests become spans, beside those that the sampler takes, and by which names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// Requests that took this long are always exported; `None`: none for that.
    pub slow: Option<Duration>,
    /// Which conventions name the attributes; `None`: as `OTEL_SEMCONV_STABILITY_OPT_IN` says, else both.
    pub semconv: Option<Semconv>,
    /// Whether requests are exported as metrics, too, unless `OTEL_METRICS_EXPORTER` says.
    pub metrics: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { slow: Some(Duration::from_secs(10)), semconv: None, metrics: false }
    }
}

/// `[telemetry]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTelemetry {
    /// Requests that took this long are always exported; `0s`: none for that.
    slow: Span,
    /// `old`, `new` or `both`.
    semconv: Option<RawSemconv>,
    /// Whether requests are exported as metrics, too.
    metrics: bool,
}

impl Default for RawTelemetry {
    fn default() -> Self {
        Self { slow: Span::from_secs(10), semconv: None, metrics: false }
    }
}

/// `old`, `new` or `both`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawSemconv {
    Old,
    New,
    Both,
}

pub(super) fn telemetry(loaded: &Loaded<RawTelemetry>) -> Result<TelemetryConfig, ConfigError> {
    const SHORTEST: Span = Span::from_millis(1);
    let raw = &loaded.value;
    let slow = raw.slow.duration();
    if !slow.is_zero() && slow < SHORTEST.duration() {
        return Err(loaded.invalid("telemetry.slow", raw.slow, "1ms or more, or 0s for never"));
    }
    let semconv = raw.semconv.map(|raw| match raw {
        RawSemconv::Old => Semconv::Old,
        RawSemconv::New => Semconv::New,
        RawSemconv::Both => Semconv::Both,
    });
    let slow = (!slow.is_zero()).then_some(slow);
    Ok(TelemetryConfig { slow, semconv, metrics: raw.metrics })
}
