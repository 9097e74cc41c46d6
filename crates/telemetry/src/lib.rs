//! Spans and metrics to an OTLP collector: what the standard `OTEL_*` variables say, a bounded queue, a thread of its own.
//!
//! Whoever has a span to export offers it and goes on: [`Traces::offer`] never waits. A collector that is slow,
//! refuses or is gone costs the queue, and counts of what was lost. The one crate that names OpenTelemetry's.
//!
//! ```
//! use std::sync::Arc;
//! use weir_telemetry::{Read, Traces};
//!
//! // Nothing is set, so nothing is exported.
//! let Read { settings, warnings } = Read::variables("my-daemon", "0.1.0", |_| None);
//! assert!(warnings.is_empty());
//! let traces = settings.map(|settings| Traces::start(&settings, Arc::new(|_fate, _count| {})));
//! assert!(traces.is_none());
//! ```

mod collector;
mod environment;
mod exporter;
mod headers;
mod metrics;
mod pace;
mod sampler;
mod span;
mod traces;
mod worker;

pub use environment::{Compression, Protocol, Queue, Read, Settings};
pub use exporter::SetUpError;
pub use metrics::{Attributes, Histogram, Instrument, Metrics};
pub use sampler::Sampler;
pub use span::{Event, Span, Value};
pub use traces::{Count, Fate, Traces};

/// Whether `OTEL_METRICS_EXPORTER` asks for metrics; `None`: it says nothing.
pub fn wants_metrics(variable: impl Fn(&str) -> Option<String>) -> Option<bool> {
    let listed = variable("OTEL_METRICS_EXPORTER").filter(|listed| !listed.trim().is_empty())?;
    Some(listed.split(',').any(|one| one.trim() == "otlp"))
}

/// Whether the variable asks for the newest conventions of generative AI.
pub fn wants_latest_gen_ai(variable: impl Fn(&str) -> Option<String>) -> bool {
    let listed = variable("OTEL_SEMCONV_STABILITY_OPT_IN").unwrap_or_default();
    listed.split(',').any(|one| one.trim() == "gen_ai_latest_experimental")
}
