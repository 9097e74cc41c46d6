//! Calls that do not come back.

use std::time::{Duration, Instant};

use crate::rig::{INTERVAL, Prepared, Rig, TIMEOUT};

/// For a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(3);

fn hanging(rig: &mut Rig, gpu: usize, call: &str) {
    rig.change(|script| script.gpus[gpu].hang = vec![call.to_owned()]);
}

#[test]
fn nothing_old_is_shown_and_the_exporter_answers() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    let began = Instant::now();
    hanging(&mut rig, 5, "nvmlDeviceGetPowerUsage");
    let scrape = rig.until("the source is down", |scrape| !scrape.up());
    let took = began.elapsed();
    assert!(took < TIMEOUT + INTERVAL + SLACK, "{took:?}");
    for gpu in 0..8 {
        assert_eq!(scrape.of_gpu("nvidia_gpu_up", gpu), Some(0.0));
        assert_eq!(scrape.of_gpu("nvidia_gpu_temperature_celsius", gpu), None);
    }
    assert_eq!(scrape.reads("timeout"), 1.0);
    let (status, text) = rig.ready();
    assert_eq!(status, 503);
    assert!(text.contains("did not answer within 2 s"), "{text}");
    rig.change(|script| script.gpus[5].hang.clear());
    let scrape = rig.until("it is over", |scrape| scrape.up());
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 5), Some(1.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_power_usage_milliwatts", 5), Some(505_000.0));
}

#[test]
fn a_driver_that_hangs_for_long_holds_few_threads() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    hanging(&mut rig, 0, "nvmlDeviceGetMemoryInfo_v2");
    rig.until("three reads that hang", |scrape| scrape.reads("timeout") >= 3.0);
    let threads = rig.exporter.threads();
    let readers = threads.iter().filter(|name| name.starts_with("weir-read")).count();
    assert!((1..=4).contains(&readers), "{threads:?}");
    rig.change(|script| script.gpus[0].hang.clear());
    rig.until("it is over", |scrape| scrape.up());
    let after = rig.until("one reader is left", |_| true);
    assert!(after.up());
}

#[test]
fn it_ends_while_a_call_hangs() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    hanging(&mut rig, 2, "nvmlDeviceGetUtilizationRates");
    rig.until("the source is down", |scrape| !scrape.up());
    let Rig { exporter, .. } = rig;
    assert_eq!(exporter.end(), Some(0));
}

#[test]
fn it_starts_and_ends_while_the_driver_can_not_be_opened() {
    let mut prepared = Prepared::new();
    prepared.script.hang = vec!["nvmlInit_v2".to_owned(), "nvmlInitWithFlags".to_owned()];
    let rig = prepared.start();
    assert!(!rig.scrape().up());
    assert_eq!(rig.ready().0, 503);
    let Rig { exporter, .. } = rig;
    assert_eq!(exporter.end(), Some(0));
}

/// Waiting for XID events is done elsewhere: reading goes on without it.
#[test]
fn events_that_hang_do_not_stop_the_readings() {
    let mut rig = Rig::with(|script| script.hang = vec!["nvmlEventSetWait_v2".to_owned()]);
    rig.until_read();
    assert!(rig.after_reads(5).up());
}
