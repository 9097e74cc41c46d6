//! NVIDIA's own library on a machine without its driver.

use std::io::{Write as _, stderr};
use std::path::Path;

use crate::library::NAME;
use crate::rig::Prepared;

#[test]
fn without_a_driver_the_exporter_runs_and_says_so_once() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/nvml").join(NAME);
    if !library.exists() {
        // Not `eprintln!`, which tests keep to themselves when they pass.
        writeln!(
            stderr(),
            "skipped: no {NAME} in target/nvml (scripts/nvml-library.sh target/nvml gets it)"
        )
        .unwrap();
        return;
    }
    if Path::new("/proc/driver/nvidia").exists() {
        writeln!(stderr(), "skipped: this machine has an NVIDIA driver").unwrap();
        return;
    }
    let prepared = Prepared::new();
    std::fs::copy(library, prepared.folder().join(NAME)).unwrap();
    let mut rig = prepared.start();
    let scrape = rig.until("two tries", |scrape| scrape.reads("error") >= 2.0);
    assert_eq!(scrape.value("weir_source_up", &[("source", "nvml")]), Some(0.0));
    let (status, text) = rig.ready();
    assert_eq!(status, 503);
    assert!(text.contains("no NVIDIA driver in the kernel"), "{text}");
    let said = rig.exporter.said("The GPUs cannot be read; it is tried again.");
    assert_eq!(said.len(), 1, "{:#?}", rig.exporter.log());
    assert_eq!(rig.exporter.get("/health").0, 200);
    assert_eq!(rig.exporter.end(), Some(0));
}
