//! Calls that do not come back.

use std::time::{Duration, Instant};

use crate::exporter::DEADLINE;
use crate::rig::{INTERVAL, Prepared, Rig, TIMEOUT};

/// For a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(3);

/// What the log says of a thread that hangs while it waits for XIDs.
const DEAF: &str = "Waiting for XIDs hangs in the driver; none is heard.";

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
    let which = "did not answer within 2 s (asked GPU 5: power usage)";
    assert!(text.contains(which), "{text}");
    assert!(rig.status()["error"].to_string().contains(which));
    let said = rig.exporter.said("The GPUs cannot be read; it is tried again.");
    assert!(said[0]["error"].to_string().contains(which), "{said:?}");
    rig.change(|script| script.gpus[5].hang.clear());
    let scrape = rig.until("it is over", |scrape| scrape.up());
    assert_eq!(scrape.of_gpu("nvidia_gpu_up", 5), Some(1.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_power_usage_milliwatts", 5), Some(505_000.0));
}

/// One reader is in use and three are left to themselves, after 1, 2 and 4 s. A fifth would have come 8 s
/// after the fourth gave up.
#[test]
fn a_driver_that_hangs_for_long_holds_few_threads() {
    let mut prepared = Prepared::new();
    prepared.timeout = Duration::from_millis(500);
    let mut rig = prepared.start();
    rig.until_read();
    hanging(&mut rig, 0, "nvmlDeviceGetMemoryInfo_v2");
    let readers = |rig: &Rig| {
        rig.exporter.threads().iter().filter(|name| name.starts_with("weir-read")).count()
    };
    rig.until("four reads that hang", |scrape| scrape.reads("timeout") >= 4.0);
    assert_eq!(readers(&rig), 4);
    let then = Instant::now();
    let later = rig.until("time for a fifth", |_| then.elapsed() > Duration::from_secs(10));
    assert_eq!((readers(&rig), later.reads("timeout")), (4, 4.0));
    rig.change(|script| script.gpus[0].hang.clear());
    rig.until("it is over", |scrape| scrape.up());
    let deadline = Instant::now() + DEADLINE;
    while readers(&rig) > 1 {
        assert!(Instant::now() < deadline, "{:?}", rig.exporter.threads());
        std::thread::park_timeout(INTERVAL);
    }
    assert!(rig.after_reads(2).up());
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

/// Waiting for XID events is done elsewhere: reading goes on without it, and both are told.
#[test]
fn events_that_hang_do_not_stop_the_readings() {
    let watched = "nvidia_gpu_xid_watched";
    let mut rig = Rig::with(|script| script.hang = vec!["nvmlEventSetWait_v2".to_owned()]);
    rig.until_read();
    let scrape = rig.until("deafness", |scrape| scrape.of_gpu(watched, 3) == Some(0.0));
    assert!(scrape.up() && rig.after_reads(5).up());
    assert_eq!(rig.exporter.said(DEAF).len(), 1, "{:#?}", rig.exporter.log());
    rig.change(|script| script.hang.clear());
    rig.until("it is over", |scrape| scrape.of_gpu(watched, 3) == Some(1.0));
}
