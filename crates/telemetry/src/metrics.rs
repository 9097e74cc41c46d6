//! Metrics to a collector: histograms that are kept here and exported every now and then, by threads of their own.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tracing::{info, warn};

use crate::environment::Settings;
use crate::exporter::{self, Exporter, SetUpError};
use crate::span::Value;

/// A histogram to be.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    /// What it is called.
    pub name: &'static str,
    /// In what it counts: `s`, `{token}`.
    pub unit: &'static str,
    /// Upper bounds of its buckets, in their order.
    pub bounds: &'static [f64],
}

/// A histogram of which each set of attributes has its own; those beyond 2000 are one, `otel.metric.overflow`.
#[derive(Clone, Debug)]
pub struct Histogram(opentelemetry::metrics::Histogram<f64>);

/// What is known of a value: of few values each.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Vec<KeyValue>);

impl Attributes {
    /// Another one.
    pub fn push(&mut self, name: &'static str, value: Value) {
        self.0.push(KeyValue::new(name, value.into_otel()));
    }

    /// These, and another one.
    pub fn with(&self, name: &'static str, value: Value) -> Self {
        let mut more = self.clone();
        more.push(name, value);
        more
    }
}

impl Histogram {
    /// Puts a value in its bucket. Waits for no collector.
    pub fn record(&self, value: f64, attributes: &Attributes) {
        self.0.record(value, &attributes.0);
    }
}

/// An export that is running.
pub struct Metrics {
    provider: SdkMeterProvider,
}

impl Metrics {
    /// Starts the export. Nothing is sent until there is a value.
    pub fn start(settings: &Settings) -> Result<Self, SetUpError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("weir-otlp-metrics")
            .enable_all()
            .build()?;
        let exporter = {
            let _within = runtime.enter();
            exporter::build_of_metrics(settings)
        };
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                // Whoever asked may be inside of another runtime, where none may be waited for.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let host = settings.endpoint.host().unwrap_or_default().to_owned();
        let within = WithinRuntime {
            exporter,
            runtime: Some(runtime),
            limit: settings.queue.timeout,
            host,
            is_failing: AtomicBool::new(false),
        };
        let reader = PeriodicReader::builder(within).with_interval(settings.queue.delay).build();
        let provider = SdkMeterProvider::builder()
            .with_reader(reader)
            .with_resource(exporter::resource(settings))
            .build();
        Ok(Self { provider })
    }

    /// A histogram of its own, though others may have its name.
    pub fn histogram(&self, instrument: Instrument) -> Histogram {
        let Instrument { name, unit, bounds } = instrument;
        let meter = self.provider.meter("weir");
        Histogram(
            meter.f64_histogram(name).with_unit(unit).with_boundaries(bounds.to_vec()).build(),
        )
    }

    /// Exports what there is, for 5 s at most; then it is over.
    pub fn shutdown(&self) {
        // The log has told what failed.
        let _told = self.provider.shutdown();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The exporter, whose sockets and timers are a runtime's: the SDK's thread asks it from outside of any.
struct WithinRuntime {
    exporter: Exporter<MetricExporter>,
    /// There until it is dropped.
    runtime: Option<Runtime>,
    limit: Duration,
    host: String,
    is_failing: AtomicBool,
}

impl WithinRuntime {
    /// The result of an export, for the log: the first that failed, and the first that did not again.
    fn tell(&self, result: &OTelSdkResult) {
        let host = &self.host;
        let is_failing = result.is_err();
        let was_failing = self.is_failing.swap(is_failing, Ordering::Relaxed);
        match result {
            Err(error) if !was_failing => {
                let why = self.exporter.complaint.take().unwrap_or_else(|| error.to_string());
                let why = why.get(..why.floor_char_boundary(200)).unwrap_or_default();
                warn!(host, why, "Metrics can't be exported; they are kept, and tried again.");
            }
            Ok(()) if was_failing => info!(host, "Metrics are exported again."),
            _ => {}
        }
    }
}

impl PushMetricExporter for WithinRuntime {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let Some(runtime) = &self.runtime else { return Err(OTelSdkError::AlreadyShutdown) };
        let mut export = pin!(async {
            let export = self.exporter.otlp.export(metrics);
            timeout(self.limit, export).await.unwrap_or(Err(OTelSdkError::Timeout(self.limit)))
        });
        let result = poll_fn(|context| {
            let _within = runtime.enter();
            export.as_mut().poll(context)
        })
        .await;
        self.tell(&result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.otlp.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.otlp.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.otlp.temporality()
    }
}

impl Drop for WithinRuntime {
    fn drop(&mut self) {
        // Inside of another runtime none may be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
