//! Everything that eight H200s say, byte for byte.

use std::path::Path;

use crate::rig::Rig;

/// What differs from run to run.
const VOLATILE: [&str; 6] = [
    "process_",
    "weir_build_info",
    "weir_gpu_read_seconds",
    "weir_gpu_reads_total",
    "weir_source_last_success_timestamp_seconds",
    "weir_process_",
];

/// The last of them has something to say of everything that is 0 or false on the others.
#[test]
fn eight_h200s() {
    let mut rig = Rig::with(|script| {
        let gpu = &mut script.gpus[7];
        gpu.throttle_reasons = 0x4 | 0x8 | 0x40;
        gpu.violations_ns = [1, 2, 3, 4, 5, 6].map(|seconds| seconds * 1_000_000_000);
        gpu.slowdowns_ns = [7, 8, 9].map(|seconds| seconds * 1_000_000_000);
        gpu.performance_state = 2;
        gpu.ecc_enabled = false;
        gpu.ecc_errors = [11, 12, 13, 14];
        gpu.remapped_rows = [5, 6, 1, 1];
        gpu.pcie_link = [1, 5, 8, 16];
        gpu.links[0].active = false;
        gpu.links[1].errors = [1, 2, 3, 4, 5];
        gpu.encoder = 10;
        gpu.recovery_action = 2;
    });
    rig.until_read();
    let watched = "nvidia_gpu_xid_watched";
    let scrape = rig.until("XIDs are heard", |scrape| scrape.gpus_with(watched).len() == 8);
    let steady: String = scrape
        .0
        .lines()
        .filter(|line| !is_volatile(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected/nvml-stand-in.metrics");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &steady).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = steady.lines().zip(expected.lines()).find(|(is, should)| is != should);
    assert_eq!(differs, None, "of the first line that differs; UPDATE=1 writes {}", path.display());
    assert_eq!(steady.len(), expected.len(), "UPDATE=1 writes {}", path.display());
    assert_eq!(rig.ready().0, 200);
    assert_eq!(rig.exporter.end(), Some(0));
}

fn is_volatile(line: &str) -> bool {
    let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
    VOLATILE.iter().any(|volatile| name.starts_with(volatile))
}

#[test]
fn status_names_the_driver_and_says_that_nothing_is_simulated() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    let status = rig.status();
    let text = status.to_string();
    assert!(text.contains("580.95.05") && text.contains("13.0"), "{text}");
    assert!(text.contains("\"simulated\":false") && text.contains("\"up\":true"), "{text}");
    assert!(text.contains("GPU-5ca1ab1e-0000-4000-8000-000000000007"), "{text}");
}
