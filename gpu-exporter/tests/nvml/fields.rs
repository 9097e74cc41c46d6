//! Field values: their scope, their ids, and the call that they are asked for instead of.

use crate::rig::Rig;

/// The scope that means all links.
const ALL: &str = "4294967295";

#[test]
fn traffic_over_nvlink_is_that_of_all_links() {
    let mut rig = Rig::with(|_| {});
    let scrape = rig.until_read();
    for (index, gpu) in rig.script().gpus.iter().enumerate() {
        let sent: u64 = gpu.links.iter().map(|link| link.tx_kib << 10).sum();
        let received: u64 = gpu.links.iter().map(|link| link.rx_kib << 10).sum();
        let read = |name| scrape.of_gpu(name, index);
        assert_eq!(read("nvidia_gpu_nvlink_transmitted_bytes_total"), Some(sent as f64));
        assert_eq!(read("nvidia_gpu_nvlink_received_bytes_total"), Some(received as f64));
        assert_eq!(read("nvidia_gpu_nvlink_links_active"), Some(18.0));
    }
    let calls = rig.calls();
    for field in ["field:138 0", "field:139 7"] {
        assert!(calls.count(field) >= 2, "{field} was asked in every read");
        assert!(calls.last_words(field).iter().all(|scope| *scope == ALL), "{calls:?}");
    }
}

#[test]
fn links_that_are_down_and_their_errors_are_counted() {
    let mut rig = Rig::with(|script| {
        script.gpus[2].links[4].active = false;
        script.gpus[2].links[4].errors = [7, 2, 30, 0, 0];
        script.gpus[2].links[5].errors = [1, 0, 3, 0, 0];
    });
    let scrape = rig.until_read();
    assert_eq!(scrape.of_gpu("nvidia_gpu_nvlink_links_active", 2), Some(17.0));
    let error =
        |kind| scrape.value("nvidia_gpu_nvlink_errors_total", &[("gpu", "2"), ("error", kind)]);
    assert_eq!(error("replay"), Some(8.0));
    assert_eq!(error("recovery"), Some(2.0));
    assert_eq!(error("crc_flit"), Some(33.0));
}

/// The fields of what slows a GPU down moved with 580.82; what stands there otherwise is power smoothing.
#[test]
fn moved_fields_are_right_before_and_after_they_moved() {
    for driver in ["535.309.01", "580.65.06", "580.82", "580.82.07", "590.44.01"] {
        let mut rig = Rig::with(|script| {
            script.driver = driver.to_owned();
            script.gpus[1].slowdowns_ns = [1_500_000_000, 2_000_000_000, 3_000_000_000];
        });
        let scrape = rig.until_read();
        let slowed = |reason| {
            let labels = [("gpu", "1"), ("reason", reason)];
            scrape.value("nvidia_gpu_throttle_seconds_total", &labels)
        };
        assert_eq!(slowed("sw_thermal"), Some(1.5), "{driver}");
        assert_eq!(slowed("hw_thermal"), Some(2.0), "{driver}");
        assert_eq!(slowed("power_brake"), Some(3.0), "{driver}");
        assert_eq!(slowed("sw_power_cap"), Some(5.0), "{driver}");
    }
}

#[test]
fn the_call_that_blocks_is_never_made() {
    let mut rig = Rig::with(|_| {});
    let scrape = rig.after_reads(5);
    assert_eq!(scrape.of_gpu("nvidia_gpu_pcie_transmitted_bytes_total", 3), Some(10_000_000_003.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_pcie_received_bytes_total", 3), Some(20_000_000_003.0));
    assert_eq!(rig.calls().count("nvmlDeviceGetPcieThroughput"), 0);
}

#[test]
fn fields_that_moved_are_not_asked_until_the_driver_says_its_version() {
    let slowed = |scrape: &crate::scrape::Scrape| {
        let labels = [("gpu", "0"), ("reason", "sw_thermal")];
        scrape.value("nvidia_gpu_throttle_seconds_total", &labels)
    };
    let version = "nvmlSystemGetDriverVersion";
    let mut rig = Rig::with(|script| script.fail = [(version.to_owned(), 999)].into());
    let scrape = rig.until_read();
    assert_eq!(slowed(&scrape), None);
    let labels = [("gpu", "0"), ("reason", "sw_power_cap")];
    assert_eq!(scrape.value("nvidia_gpu_throttle_seconds_total", &labels), Some(5.0));
    rig.change(|script| script.fail.clear());
    rig.until("its version is known", |scrape| slowed(scrape) == Some(0.25));
}

/// `nvml.h`: the value can wrap.
#[test]
fn bytes_over_pcie_go_on_where_32_bits_end() {
    let sent = "nvidia_gpu_pcie_transmitted_bytes_total";
    let mut rig = Rig::with(|script| {
        script.gpus[1].pcie_narrow = true;
        script.gpus[1].pcie_tx_bytes = 0xffff_ff00;
    });
    assert_eq!(rig.until_read().of_gpu(sent, 1), Some(4_294_967_040.0));
    rig.change(|script| script.gpus[1].pcie_tx_bytes = 0x1_0000_0100);
    rig.until("more", |scrape| scrape.of_gpu(sent, 1) == Some(4_294_967_552.0));
    rig.change(|script| script.gpus[1].pcie_tx_bytes = 0x2_0000_0010);
    rig.until("still more", |scrape| scrape.of_gpu(sent, 1) == Some(8_589_934_608.0));
}
