//! What a card or its driver can't tell is absent, and not asked again.

use crate::rig::Rig;

/// What the log says of all that is not supported.
const SUMMARY: &str = "A GPU or its driver cannot tell these; they are absent.";

/// Calls and parts of calls, and what is absent without them.
const LACKING: [(&str, &str); 9] = [
    ("nvmlDeviceGetTotalEnergyConsumption", "nvidia_gpu_energy_joules_total"),
    ("nvmlDeviceGetUtilizationRates", "nvidia_gpu_duty_cycle"),
    ("nvmlDeviceGetPowerUsage", "nvidia_gpu_power_usage_milliwatts"),
    ("nvmlDeviceGetTemperature", "nvidia_gpu_temperature_celsius"),
    ("nvmlDeviceGetPerformanceState", "nvidia_gpu_performance_state"),
    ("field:82", "nvidia_gpu_memory_temperature_celsius"),
    ("field:230", "nvidia_gpu_recovery_action"),
    ("field:138", "nvidia_gpu_nvlink_transmitted_bytes_total"),
    ("gpm:5", "nvidia_gpu_tensor_active_ratio"),
];

#[test]
fn it_is_absent_for_that_gpu_alone_and_asked_once() {
    let mut rig = Rig::with(|script| {
        script.gpus[2].unsupported = LACKING.map(|(what, _)| what.to_owned()).to_vec();
    });
    rig.until_read();
    let scrape = rig.after_reads(3);
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 2), Some(1.0));
    let calls = rig.calls();
    for (what, metric) in LACKING {
        assert_eq!(scrape.gpus_with(metric), [0, 1, 3, 4, 5, 6, 7], "{metric} without {what}");
        if !what.starts_with("gpm") {
            assert_eq!(calls.count(&format!("{what} 2")), 1, "{what}");
            assert!(calls.count(&format!("{what} 3")) > 3, "{what}");
        }
    }
    assert_eq!(scrape.gpus_with("nvidia_gpu_memory_used_bytes").len(), 8);
    let told = rig.exporter.said(SUMMARY);
    assert_eq!(told.len(), 1, "{:#?}", rig.exporter.log());
    let list = told[0]["list"].as_str().unwrap();
    assert!(list.contains("total energy consumption"), "{list}");
}

/// A library may have a function, and the driver below it not.
#[test]
fn a_function_that_the_driver_does_not_find_is_asked_once() {
    const FUNCTION_NOT_FOUND: u32 = 13;
    let energy = "nvmlDeviceGetTotalEnergyConsumption";
    let mut rig = Rig::with(|script| {
        for gpu in &mut script.gpus {
            gpu.fail.insert(energy.to_owned(), FUNCTION_NOT_FOUND);
        }
    });
    rig.until_read();
    let scrape = rig.after_reads(2);
    assert!(scrape.gpus_with("nvidia_gpu_energy_joules_total").is_empty());
    assert_eq!(rig.calls().count(energy), 8);
    assert_eq!(scrape.gpus_with("nvidia_gpu_duty_cycle").len(), 8);
}

#[test]
fn it_is_asked_again_of_another_driver() {
    let energy = "nvmlDeviceGetTotalEnergyConsumption";
    let mut rig = Rig::with(|script| script.gpus[2].unsupported = vec![energy.to_owned()]);
    rig.until_read();
    rig.change(|script| script.all = 999);
    rig.until("the driver is gone", |scrape| !scrape.up());
    rig.change(|script| {
        script.all = 0;
        script.gpus[2].unsupported.clear();
    });
    let scrape = rig.until("the driver is back", |scrape| scrape.up());
    assert_eq!(scrape.gpus_with("nvidia_gpu_energy_joules_total").len(), 8);
}

#[test]
fn a_call_that_fails_for_once_is_absent_for_once() {
    let mut rig = Rig::with(|_| {});
    let power = "nvidia_gpu_power_usage_milliwatts";
    assert_eq!(rig.until_read().gpus_with(power).len(), 8);
    rig.change(|script| {
        script.gpus[1].fail.insert("nvmlDeviceGetPowerUsage".to_owned(), 999);
    });
    let scrape = rig.until("the failure", |scrape| scrape.of_gpu(power, 1).is_none());
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 1), Some(1.0));
    assert!(scrape.of_gpu("nvidia_gpu_temperature_celsius", 1).is_some());
    rig.change(|script| script.gpus[1].fail.clear());
    rig.until("it is over", |scrape| scrape.of_gpu(power, 1) == Some(501_000.0));
}

/// A driver that was opened anew while all GPUs are lost tells nothing of what it can't.
#[test]
fn lost_gpus_are_no_news_of_what_is_not_supported() {
    let mut rig = Rig::with(|script| {
        script.gpus.truncate(2);
        for gpu in &mut script.gpus {
            gpu.unsupported = vec!["field:82".to_owned()];
        }
    });
    rig.until_read();
    rig.change(|script| script.gpus.iter_mut().for_each(|gpu| gpu.all = 15));
    rig.until("two tries", |scrape| scrape.reads("error") >= 2.0);
    rig.change(|script| script.gpus.iter_mut().for_each(|gpu| gpu.all = 0));
    rig.until("they are back", |scrape| scrape.up());
    rig.after_reads(2);
    let told = rig.exporter.said(SUMMARY);
    assert_eq!(told.len(), 1, "{told:#?}");
}
