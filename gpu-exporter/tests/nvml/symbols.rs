//! Libraries of older drivers, which lack newer functions, and files that are no driver's library.

use crate::library::{NAME, install_without};
use crate::rig::{Prepared, container};

#[test]
fn what_needs_a_newer_library_is_absent_and_the_rest_is_there() {
    let prepared = Prepared::new();
    install_without(
        prepared.folder(),
        &[
            "nvmlGpmQueryDeviceSupport",
            "nvmlGpmSampleAlloc",
            "nvmlGpmSampleGet",
            "nvmlGpmMetricsGet",
            "nvmlDeviceGetMemoryInfo_v2",
            "nvmlDeviceGetProcessUtilization",
            "nvmlDeviceGetTotalEnergyConsumption",
            "nvmlDeviceGetCurrentClocksEventReasons",
        ],
    );
    let mut rig = prepared.start();
    rig.until_read();
    let scrape = rig.after_reads(2);
    assert!(scrape.gpus_with("nvidia_gpu_sm_active_ratio").is_empty());
    assert!(scrape.gpus_with("nvidia_gpu_energy_joules_total").is_empty());
    assert!(scrape.gpus_with("nvidia_gpu_memory_reserved_bytes").is_empty());
    let [total, reserved, free, used] = rig.script().gpus[0].memory;
    assert_eq!(scrape.of_gpu("nvidia_gpu_memory_total_bytes", 0), Some(total as f64));
    assert_eq!(scrape.of_gpu("nvidia_gpu_memory_free_bytes", 0), Some(free as f64));
    // The older call counts what is reserved as used.
    assert_eq!(scrape.of_gpu("nvidia_gpu_memory_used_bytes", 0), Some((used + reserved) as f64));
    assert_eq!(scrape.gpus_with("nvidia_gpu_throttle_reason").len(), 8);
    assert_eq!(scrape.gpus_with("nvidia_gpu_container_share").len(), 8);
    assert_eq!(scrape.gpus_with("nvidia_gpu_temperature_celsius").len(), 8);
}

#[test]
fn processes_are_listed_by_the_older_function_where_there_is_no_newer_one() {
    let prepared = Prepared::new();
    install_without(prepared.folder(), &["nvmlDeviceGetComputeRunningProcesses_v3"]);
    let mut rig = prepared.start();
    let scrape = rig.until_read();
    let id = container(6);
    let labels = [("gpu", "6"), ("container_id", id.as_str())];
    assert_eq!(scrape.value("nvidia_gpu_process_info", &labels), Some(1.0));
    assert!(rig.calls().count("nvmlDeviceGetComputeRunningProcesses_v2 6") > 0);
}

#[test]
fn no_events_and_no_fields() {
    let prepared = Prepared::new();
    install_without(
        prepared.folder(),
        &["nvmlDeviceGetFieldValues", "nvmlEventSetCreate", "nvmlDeviceRegisterEvents"],
    );
    let mut rig = prepared.start();
    let scrape = rig.until_read();
    assert!(scrape.gpus_with("nvidia_gpu_memory_temperature_celsius").is_empty());
    assert!(scrape.gpus_with("nvidia_gpu_xid_errors_total").is_empty());
    assert_eq!(scrape.gpus_with("nvidia_gpu_duty_cycle").len(), 8);
}

#[test]
fn a_library_without_the_first_function_is_none() {
    let prepared = Prepared::new();
    install_without(prepared.folder(), &["nvmlInit_v2", "nvmlInitWithFlags"]);
    let mut rig = prepared.start();
    rig.until("an error", |scrape| scrape.reads("error") >= 1.0);
    let (status, text) = rig.ready();
    assert_eq!(status, 503);
    assert!(text.contains("nvmlInit"), "{text}");
}

#[test]
fn a_file_that_is_no_library() {
    let prepared = Prepared::new();
    std::fs::write(prepared.folder().join(NAME), b"not a library").unwrap();
    let mut rig = prepared.start();
    rig.until("an error", |scrape| scrape.reads("error") >= 1.0);
    let (status, text) = rig.ready();
    assert_eq!(status, 503);
    assert!(text.contains(NAME), "{text}");
}
