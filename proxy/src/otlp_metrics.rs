//! Whether requests are exported as OTLP metrics, and their export while it is on.

use std::sync::Arc;

use parking_lot::RwLock;
use tracing::{error, info, warn};
use weir_telemetry::{Metrics, Read};

use crate::config::TelemetryConfig;
use crate::ended::Ended;
use crate::gen_ai::GenAi;
use crate::span::Semconv;

/// The metrics of all requests; nothing at all where they are off.
pub(crate) struct OtlpMetrics {
    now: RwLock<Option<(Arc<GenAi>, Semconv)>>,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl OtlpMetrics {
    pub(crate) fn new() -> Self {
        Self { now: RwLock::new(None) }
    }

    /// On, off, or by other names, from now on. `OTEL_METRICS_EXPORTER` counts before the configuration.
    pub(crate) fn follow(&self, config: &TelemetryConfig) {
        let wanted = weir_telemetry::wants_metrics(variable).unwrap_or(config.metrics);
        let unless_told = match weir_telemetry::wants_latest_gen_ai(variable) {
            true => Semconv::New,
            false => Semconv::Both,
        };
        let semconv = config.semconv.unwrap_or(unless_told);
        let mut now = self.now.write();
        let running = now.take();
        if wanted {
            let running = running.map(|(metrics, _)| metrics).or_else(start);
            *now = running.map(|metrics| (metrics, semconv));
        } else if let Some((metrics, _)) = running {
            // The last export takes its time, for which nobody has to wait.
            let end = move || metrics.end();
            let _no_thread = std::thread::Builder::new().spawn(end);
        }
    }

    /// Whether nothing is exported.
    pub(crate) fn are_off(&self) -> bool {
        self.now.read().is_none()
    }

    /// A request has ended.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        if let Some((metrics, semconv)) = &*self.now.read() {
            metrics.ended(ended, *semconv);
        }
    }

    /// Exports what is left, within bounds.
    pub(crate) fn end(&self) {
        let running = self.now.write().take();
        if let Some((metrics, _)) = running {
            metrics.end();
        }
    }
}

/// As the variables say.
fn start() -> Option<Arc<GenAi>> {
    let version = env!("CARGO_PKG_VERSION");
    let Read { settings, warnings } = Read::variables_of_metrics("weir-proxy", version, variable);
    for warning in warnings {
        warn!(warning, "A variable of OpenTelemetry can't be used.");
    }
    let Some(settings) = settings else {
        warn!("Metrics are to be exported, but OTEL_EXPORTER_OTLP_ENDPOINT names no collector.");
        return None;
    };
    match Metrics::start(&settings) {
        Ok(metrics) => {
            let host = settings.endpoint.host().unwrap_or_default();
            info!(host, protocol = ?settings.protocol, "Metrics are exported.");
            Some(Arc::new(GenAi::new(metrics)))
        }
        Err(error) => {
            error!(%error, "No metrics are exported.");
            None
        }
    }
}
