//! XID events: they come by themselves, and are counted even if the driver fails in between.

use crate::rig::Rig;
use crate::scrape::Scrape;
use crate::script::XidEvent;

const WATCHED: &str = "nvidia_gpu_xid_watched";
const LOST: u32 = 15;
/// What the log says when they can't be heard.
const DEAF: &str = "XIDs of these GPUs cannot be heard; it is tried again.";

fn count(scrape: &Scrape, gpu: &str, xid: &str) -> Option<f64> {
    scrape.value("nvidia_gpu_xid_errors_total", &[("gpu", gpu), ("xid", xid)])
}

fn tell(rig: &mut Rig, events: &[(usize, u64)]) {
    rig.change(|script| {
        script.xids.extend(events.iter().map(|(gpu, xid)| XidEvent { gpu: *gpu, xid: *xid }));
    });
}

fn until_watched(rig: &mut Rig) -> Scrape {
    rig.until_read();
    let gpus = rig.script().gpus.len();
    rig.until("all are listened to", |scrape| {
        scrape.samples(WATCHED, &[]).filter(|line| line.ends_with(" 1")).count() == gpus
    })
}

#[test]
fn two_at_once_are_both_counted() {
    let mut rig = Rig::with(|_| {});
    let before = until_watched(&mut rig);
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

/// The only GPU says why it goes, and goes before the next read.
#[test]
fn one_that_comes_right_before_the_driver_fails_is_shown_while_it_does() {
    for hang in [false, true] {
        let mut rig = Rig::with(|script| script.gpus.truncate(1));
        until_watched(&mut rig);
        rig.change(|script| {
            // Until the XID has been told: no read in between.
            script.gpus[0].hang = vec!["nvmlDeviceGetPowerUsage".to_owned()];
        });
        let reads = rig.scrape().reads("success");
        rig.until("no read ends any more", |scrape| scrape.reads("success") <= reads + 1.0);
        tell(&mut rig, &[(0, 79)]);
        rig.exporter.logged("The driver tells of an XID.");
        if !hang {
            rig.change(|script| {
                script.gpus[0].all = LOST;
                script.gpus[0].hang.clear();
            });
        }
        let scrape = rig.until("the source is down", |scrape| !scrape.up());
        assert_eq!(count(&scrape, "0", "79"), Some(1.0), "hang: {hang}");
        assert_eq!(scrape.of_gpu("nvidia_gpu_up", 0), Some(0.0));
    }
}

/// The one GPU that hangs says why after the others can no longer be read either.
#[test]
fn one_that_comes_while_the_driver_hangs_is_shown() {
    let mut rig = Rig::with(|_| {});
    until_watched(&mut rig);
    rig.change(|script| script.gpus[2].hang = vec!["nvmlDeviceGetPowerUsage".to_owned()]);
    rig.until("the source is down", |scrape| !scrape.up());
    tell(&mut rig, &[(2, 119)]);
    let scrape = rig.until("the event", |scrape| count(scrape, "2", "119") == Some(1.0));
    assert!(!scrape.up());
}

/// A set of events that was made without a GPU never tells of it.
#[test]
fn a_gpu_that_was_lost_and_comes_back_is_listened_to_again() {
    for at_the_start in [false, true] {
        let mut rig = Rig::with(|script| {
            script.gpus[3].all = if at_the_start { LOST } else { 0 };
        });
        rig.until_read();
        rig.change(|script| script.gpus[3].all = LOST);
        rig.until("GPU 3 is down", |scrape| scrape.of_gpu("nvidia_gpu_up", 3) == Some(0.0));
        rig.after_reads(2);
        let before = rig.calls().count("nvmlInit_v2");
        rig.change(|script| script.gpus[3].all = 0);
        until_watched(&mut rig);
        tell(&mut rig, &[(3, 63), (4, 63)]);
        let scrape = rig.until("both", |scrape| {
            count(scrape, "3", "63") == Some(1.0) && count(scrape, "4", "63") == Some(1.0)
        });
        assert_eq!(scrape.value("weir_gpu_reads_total", &[("result", "error")]), Some(0.0));
        let calls = rig.calls();
        assert!(calls.count("nvmlInit_v2") > before, "initialised anew");
        assert!(calls.count("nvmlShutdown") > 0);
    }
}

/// While one is down, the others go on, and the driver is initialised anew now and then.
#[test]
fn the_driver_is_initialised_anew_while_one_gpu_is_down() {
    let mut rig = Rig::with(|script| script.gpus[3].all = LOST);
    rig.until_read();
    rig.until("another GPU is down", |scrape| scrape.of_gpu("nvidia_gpu_up", 3) == Some(0.0));
    let deadline = std::time::Instant::now() + crate::exporter::DEADLINE;
    while rig.calls().count("nvmlInit_v2") < 3 {
        assert!(std::time::Instant::now() < deadline, "not initialised anew");
        assert!(rig.after_reads(1).up());
    }
    let begun = rig.calls().count("nvmlInit_v2");
    let ended = rig.calls().count("nvmlShutdown");
    assert!(ended + 1 >= begun, "{begun} begun, {ended} ended: the driver saw no new beginning");
}

/// Refused for once, when the exporter starts: that is no card that tells of none.
#[test]
fn a_refusal_that_passes_is_said_and_tried_again() {
    let types = "nvmlDeviceGetSupportedEventTypes";
    let mut rig = Rig::with(|script| {
        for gpu in &mut script.gpus {
            gpu.fail.insert(types.to_owned(), 999);
        }
    });
    rig.until("deafness", |scrape| scrape.of_gpu(WATCHED, 6) == Some(0.0));
    rig.change(|script| script.gpus.iter_mut().for_each(|gpu| gpu.fail.clear()));
    until_watched(&mut rig);
    assert_eq!(rig.exporter.said(DEAF).len(), 1, "{:#?}", rig.exporter.log());
    tell(&mut rig, &[(6, 31)]);
    rig.until("the event", |scrape| count(scrape, "6", "31") == Some(1.0));
}

/// Four failures that are long over make nobody wait longer after the next one.
#[test]
fn waits_that_end_normally_make_up_for_those_that_failed() {
    let wait = "nvmlEventSetWait_v2";
    let mut rig = Rig::with(|script| script.gpus.truncate(2));
    until_watched(&mut rig);
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..5 {
        rig.change(|script| script.fail = [(wait.to_owned(), 999)].into());
        rig.until("deafness", |scrape| scrape.of_gpu(WATCHED, 0) == Some(0.0));
        rig.change(|script| script.fail.clear());
        let began = std::time::Instant::now();
        until_watched(&mut rig);
        let waits = rig.calls().count(wait);
        while rig.calls().count(wait) < waits + 2 {
            assert!(began.elapsed() < crate::exporter::DEADLINE, "no more waits");
            rig.after_reads(1);
        }
        longest = longest.max(began.elapsed());
    }
    assert!(longest < std::time::Duration::from_secs(8), "{longest:?}");
}

#[test]
fn a_card_that_tells_of_none_is_not_said_to_be_watched() {
    let mut rig = Rig::with(|script| {
        script.gpus[1].unsupported = vec!["nvmlDeviceGetSupportedEventTypes".to_owned()];
    });
    rig.until_read();
    let scrape = rig.until("the others", |scrape| scrape.of_gpu(WATCHED, 0) == Some(1.0));
    assert_eq!(scrape.gpus_with(WATCHED), [0, 2, 3, 4, 5, 6, 7]);
}
