//! A driver that is not there, goes away, or is another one when it comes back.

use std::io::{Write as _, stderr};

use crate::rig::{Prepared, Rig};

const DRIVER_NOT_LOADED: u32 = 9;
const LIB_RM_VERSION_MISMATCH: u32 = 18;
const UNKNOWN: u32 = 999;

/// What the log says when the GPUs can no longer be read.
const FAILED: &str = "The GPUs cannot be read; it is tried again.";

fn assert_down(rig: &mut Rig, because: &str) {
    let scrape =
        rig.until("the source is down", |scrape| !scrape.up() && scrape.reads("error") >= 1.0);
    assert_eq!(scrape.value("weir_source_up", &[("source", "nvml")]), Some(0.0));
    assert!(scrape.gpus_with("nvidia_gpu_temperature_celsius").is_empty());
    let (status, text) = rig.ready();
    assert_eq!(status, 503, "{text}");
    assert!(text.contains(because), "{text}");
    assert!(rig.status().to_string().contains(because));
    assert_eq!(rig.exporter.get("/health").0, 200);
}

#[test]
fn no_driver_is_said_once_and_tried_again_until_there_is_one() {
    let mut rig = Rig::with(|script| script.init = DRIVER_NOT_LOADED);
    assert_down(&mut rig, "no NVIDIA driver in the kernel");
    rig.until("three tries", |scrape| scrape.reads("error") >= 3.0);
    assert_eq!(rig.exporter.said(FAILED).len(), 1, "{:#?}", rig.exporter.log());
    rig.change(|script| script.init = 0);
    rig.until_read();
    assert_eq!(rig.ready().0, 200);
    assert_eq!(rig.exporter.said("The GPUs are read.").len(), 1);
}

#[test]
fn a_driver_that_is_upgraded_under_the_exporter() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.change(|script| {
        script.all = UNKNOWN;
        script.init = LIB_RM_VERSION_MISMATCH;
    });
    rig.until("an error", |scrape| scrape.reads("error") >= 2.0);
    assert_down(&mut rig, "of another version");
    let scrape = rig.scrape();
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 7), Some(0.0));
    rig.change(|script| {
        script.all = 0;
        script.init = 0;
        script.driver = "590.44.01".to_owned();
        script.handles = 1;
    });
    let scrape = rig.until("the new driver", |scrape| scrape.up());
    let version = [("gpu", "0"), ("driver_version", "590.44.01")];
    assert_eq!(scrape.value("nvidia_gpu_info", &version), Some(1.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 7), Some(1.0));
}

/// In a container, device nodes vanish after `systemctl daemon-reload`: NVML says `Unknown`.
#[test]
fn a_driver_that_can_not_be_opened_for_a_while() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.change(|script| {
        script.all = UNKNOWN;
        script.init = UNKNOWN;
    });
    rig.until("tries", |scrape| scrape.reads("error") >= 2.0);
    assert_down(&mut rig, "initialising NVML failed");
    rig.change(|script| {
        script.all = 0;
        script.init = 0;
    });
    rig.until("it is back", |scrape| scrape.up());
    assert_eq!(rig.ready().0, 200);
}

#[test]
fn no_library_at_all() {
    let prepared = Prepared::new();
    std::fs::remove_file(prepared.folder().join(crate::library::NAME)).unwrap();
    if Prepared::library_of_the_system().is_some() {
        // Not `eprintln!`, which tests keep to themselves when they pass.
        writeln!(stderr(), "skipped: this machine has a {} of its own", crate::library::NAME)
            .unwrap();
        return;
    }
    let mut rig = prepared.start();
    assert_down(&mut rig, "libnvidia-ml.so.1");
    rig.until("tries", |scrape| scrape.reads("error") >= 2.0);
    assert_eq!(rig.exporter.said(FAILED).len(), 1);
    // The driver is installed while the exporter runs.
    crate::library::install(rig.folder());
    rig.until_read();
}

#[test]
fn no_gpu_is_no_error() {
    let mut rig = Rig::with(|script| script.gpus.clear());
    let scrape = rig.until_read();
    assert_eq!(scrape.value("nvidia_gpu_num_devices", &[]), Some(0.0));
    assert_eq!(rig.ready().0, 200);
}

/// They are there a little later: the machine was still starting, say.
#[test]
fn gpus_that_come_after_the_start_are_found() {
    let mut rig = Rig::with(|script| script.gpus.clear());
    rig.until_read();
    rig.change(|script| script.gpus = crate::script::Script::default().gpus);
    let scrape = rig.until("eight GPUs", |it| it.value("nvidia_gpu_num_devices", &[]) == Some(8.0));
    assert_eq!(scrape.gpus_with("nvidia_gpu_temperature_celsius").len(), 8);
    assert!(scrape.up() && scrape.reads("error") == 0.0);
}

#[test]
fn no_version_is_shown_of_a_driver_that_is_not_loaded() {
    let mut rig = Rig::with(|_| {});
    let shown = |scrape: &crate::scrape::Scrape| {
        scrape.samples("nvidia_gpu_info", &[("driver_version", "580.95.05")]).count()
    };
    assert_eq!(shown(&rig.until_read()), 8);
    rig.change(|script| (script.all, script.init) = (DRIVER_NOT_LOADED, DRIVER_NOT_LOADED));
    let scrape = rig.until("it is gone", |scrape| !scrape.up());
    assert_eq!(shown(&scrape), 0);
    assert_eq!(scrape.gpus_with("nvidia_gpu_info").len(), 8);
    assert!(rig.status()["driver_version"].is_null());
}
