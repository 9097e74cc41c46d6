//! XID events: they come by themselves, and are counted even if the driver fails in between.

use crate::rig::Rig;
use crate::scrape::Scrape;
use crate::script::XidEvent;

fn count(scrape: &Scrape, gpu: &str, xid: &str) -> Option<f64> {
    scrape.value("nvidia_gpu_xid_errors_total", &[("gpu", gpu), ("xid", xid)])
}

fn tell(rig: &mut Rig, events: &[(usize, u64)]) {
    rig.change(|script| {
        script.xids.extend(events.iter().map(|(gpu, xid)| XidEvent { gpu: *gpu, xid: *xid }));
    });
}

#[test]
fn two_at_once_are_both_counted() {
    let mut rig = Rig::with(|_| {});
    let before = rig.until_read();
    assert!(before.gpus_with("nvidia_gpu_xid_errors_total").is_empty());
    tell(&mut rig, &[(1, 79), (6, 48), (1, 13), (1, 13)]);
    let scrape = rig.until("all four", |scrape| count(scrape, "1", "13") == Some(2.0));
    assert_eq!(count(&scrape, "1", "79"), Some(1.0));
    assert_eq!(count(&scrape, "6", "48"), Some(1.0));
    let last = scrape
        .value("nvidia_gpu_xid_last_timestamp_seconds", &[("gpu", "6"), ("xid", "48")])
        .unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((now - 60.0..=now).contains(&last), "{last}");
}

#[test]
fn they_are_counted_on_after_the_driver_failed() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    tell(&mut rig, &[(2, 63)]);
    rig.until("the first", |scrape| count(scrape, "2", "63") == Some(1.0));
    rig.change(|script| script.all = 999);
    rig.until("the driver is gone", |scrape| !scrape.up());
    rig.change(|script| script.all = 0);
    rig.until("it is back", |scrape| scrape.up());
    tell(&mut rig, &[(2, 63), (3, 94)]);
    let scrape = rig.until("the others", |scrape| count(scrape, "3", "94") == Some(1.0));
    assert_eq!(count(&scrape, "2", "63"), Some(2.0));
}

/// While a GPU is lost, waiting for events fails at once: that must not become a loop that spins, nor
/// make the others' events unheard.
#[test]
fn a_lost_gpu_makes_nobody_spin_and_hides_no_event() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    tell(&mut rig, &[(4, 79)]);
    rig.until("the event", |scrape| count(scrape, "4", "79") == Some(1.0));
    rig.change(|script| script.gpus[4].all = 15);
    rig.until("the GPU is lost", |scrape| scrape.of_gpu("nvidia_gpu_up", 4) == Some(0.0));
    let before = rig.calls().count("nvmlEventSetWait_v2");
    let reads = 10;
    let scrape = rig.after_reads(reads);
    let waits = rig.calls().count("nvmlEventSetWait_v2") - before;
    assert!(waits < 100 * reads as usize, "{waits} waits in {reads} reads");
    assert_eq!(count(&scrape, "4", "79"), Some(1.0), "the XID of a lost GPU stays");
    tell(&mut rig, &[(0, 31)]);
    rig.until("an event of another GPU", |scrape| count(scrape, "0", "31") == Some(1.0));
}
