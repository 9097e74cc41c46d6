//! Files with what is expected, and pages as they are exported.

use std::path::PathBuf;

use weir_discovery::engine_metrics::{EngineMetrics, Labels};
use weir_families::Families;
use weir_sim::Scrape;

/// Compares with the file, or writes it with `UPDATE=1`.
pub(crate) fn compare(file: &str, text: &str) {
    let path = folder().join(file);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == text {
        return;
    }
    let differs = expected.lines().zip(text.lines()).find(|(a, b)| a != b);
    panic!(
        "{} is not what comes out; first difference: {differs:#?}; if it is right, run `UPDATE=1 cargo test \
         -p weir-discovery --test engine_metrics` and review the diff",
        path.display()
    );
}

pub(crate) fn recorded(version: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("recorded/vllm-{version}.prom"))).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/engine_metrics")
}

/// As it is exported for a container named `a`.
pub(crate) fn exported(metrics: &EngineMetrics, version: &str) -> String {
    let mut families = Families::default();
    let labels = Labels {
        container: "a",
        container_id: "",
        model: Some("fallback"),
        engine_version: Some(version),
    };
    metrics.add(&mut families, &labels);
    families.openmetrics()
}

pub(crate) fn read(body: impl AsRef<[u8]>) -> EngineMetrics {
    EngineMetrics::read(body.as_ref(), None).unwrap()
}

pub(crate) fn scrape(metrics: &EngineMetrics) -> Scrape {
    Scrape::parse(&exported(metrics, "0")).unwrap()
}
