//! The exporter that the settings ask for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::SpanExporter as _;

use crate::collector::{Collector, Complaint};
use crate::environment::{Compression, Protocol, Settings};
use crate::pace::Asked;

/// Why spans can't be exported at all.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The certificates to trust can't be read.
    #[error("OTEL_EXPORTER_OTLP_CERTIFICATE: reading {}: {source}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What reading it said.
        source: std::io::Error,
    },
    /// There are none in it.
    #[error("OTEL_EXPORTER_OTLP_CERTIFICATE: {}: expected certificates (PEM)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The client for HTTP can't be made.
    #[error("setting up HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// The exporter can't be made.
    #[error("setting up the exporter: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// The system gave no thread or no runtime.
    #[error("starting the exporter's thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// An exporter, and what it learns of the collector on the way.
pub(crate) struct Exporter<E> {
    pub(crate) otlp: E,
    pub(crate) asked: Arc<Asked>,
    pub(crate) complaint: Arc<Complaint>,
}

/// Builds that of spans; within a runtime, as gRPC needs.
pub(crate) fn build(settings: &Settings) -> Result<Exporter<SpanExporter>, SetUpError> {
    let over = |collector| {
        Ok(match settings.protocol {
            Protocol::Http => {
                over_http(SpanExporter::builder().with_http(), settings, collector).build()?
            }
            Protocol::Grpc => over_grpc(SpanExporter::builder().with_tonic(), settings)?.build()?,
        })
    };
    let mut exporter = exporter(settings, over)?;
    exporter.otlp.set_resource(&resource(settings));
    Ok(exporter)
}

/// Builds that of metrics; within a runtime.
pub(crate) fn build_of_metrics(
    settings: &Settings,
) -> Result<Exporter<MetricExporter>, SetUpError> {
    exporter(settings, |collector| {
        Ok(match settings.protocol {
            Protocol::Http => {
                over_http(MetricExporter::builder().with_http(), settings, collector).build()?
            }
            Protocol::Grpc => {
                over_grpc(MetricExporter::builder().with_tonic(), settings)?.build()?
            }
        })
    })
}

fn exporter<E>(
    settings: &Settings,
    over: impl FnOnce(Collector) -> Result<E, SetUpError>,
) -> Result<Exporter<E>, SetUpError> {
    // Two providers may be in the build; whoever came first is as good.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let (asked, complaint) = (Arc::new(Asked::default()), Arc::new(Complaint::default()));
    let client = client(settings)?;
    let otlp =
        over(Collector { client, asked: Arc::clone(&asked), complaint: Arc::clone(&complaint) })?;
    Ok(Exporter { otlp, asked, complaint })
}

/// Who exports.
pub(crate) fn resource(settings: &Settings) -> Resource {
    let attributes =
        settings.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(attributes)
        .build()
}

fn over_http<B: WithHttpConfig + WithExportConfig>(
    builder: B,
    settings: &Settings,
    collector: Collector,
) -> B {
    let builder = builder
        .with_http_client(collector)
        .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
        .with_endpoint(settings.endpoint.to_string())
        .with_timeout(settings.timeout)
        .with_headers(settings.headers.0.clone());
    match settings.compression {
        Compression::Gzip => {
            WithHttpConfig::with_compression(builder, opentelemetry_otlp::Compression::Gzip)
        }
        Compression::None => builder,
    }
}

fn over_grpc<B: WithTonicConfig + WithExportConfig>(
    builder: B,
    settings: &Settings,
) -> Result<B, SetUpError> {
    let headers = settings.headers.0.iter().filter_map(|(name, value)| {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    });
    let mut builder = builder
        .with_endpoint(settings.endpoint.to_string())
        .with_timeout(settings.timeout)
        .with_metadata(MetadataMap::from_headers(headers.collect::<HeaderMap>()));
    if settings.compression == Compression::Gzip {
        builder = WithTonicConfig::with_compression(builder, opentelemetry_otlp::Compression::Gzip);
    }
    if settings.endpoint.scheme_str() == Some("https") {
        let tls = match authorities(settings)? {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        builder = builder.with_tls_config(tls);
    }
    Ok(builder)
}

fn client(settings: &Settings) -> Result<reqwest::Client, SetUpError> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(settings.timeout.max(Duration::from_millis(1)));
    if let Some(pem) = authorities(settings)? {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem)?);
    }
    Ok(builder.build()?)
}

/// The certificates to trust instead of the system's.
fn authorities(settings: &Settings) -> Result<Option<Vec<u8>>, SetUpError> {
    let Some(path) = settings.certificate.clone() else { return Ok(None) };
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(source) => return Err(SetUpError::Certificate { path, source }),
    };
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(SetUpError::NoCertificate { path });
    }
    Ok(Some(pem))
}
