//! GPU performance monitoring: the window is from read to read, whoever scrapes.

use crate::exporter::get;
use crate::rig::Rig;

#[test]
fn scrapes_do_not_move_the_window() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    let scrapes = std::thread::scope(|scope| {
        let address = rig.exporter.address;
        let scraper = move || (0..100).filter(|_| get(address, "/metrics").0 == 200).count();
        let both = [scope.spawn(scraper), scope.spawn(scraper)];
        both.map(|one| one.join().unwrap()).iter().sum::<usize>()
    });
    assert_eq!(scrapes, 200);
    let scrape = rig.after_reads(1);
    let calls = rig.calls();
    let samples = calls.count("nvmlGpmSampleGet 0");
    let reads = scrape.reads("success") as usize;
    // The log may be ahead of the scrape by the read that goes on.
    assert!((reads..=reads + 2).contains(&samples), "{samples} samples in {reads} reads");
    assert!(calls.count("window 0") < samples, "{calls:?}");
    assert_eq!(scrape.of_gpu("nvidia_gpu_tensor_active_ratio", 3), Some(0.501_25));
}

#[test]
fn samples_are_given_back() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.after_reads(10);
    let calls = rig.calls();
    let held = calls.count("nvmlGpmSampleAlloc") - calls.count("nvmlGpmSampleFree");
    assert!(held <= 9, "{held} samples are held: one per GPU, and one of the read that goes on");
    rig.change(|script| script.all = 999);
    rig.until("the driver is gone", |scrape| !scrape.up());
    rig.change(|script| script.all = 0);
    rig.until("it is back", |scrape| scrape.up());
    let calls = rig.calls();
    let held = calls.count("nvmlGpmSampleAlloc") - calls.count("nvmlGpmSampleFree");
    assert!(held <= 9, "{held} samples are held");
}

#[test]
fn a_gpu_without_it_has_the_rest() {
    let mut rig = Rig::with(|script| script.gpus[6].gpm.clear());
    rig.until_read();
    let scrape = rig.after_reads(2);
    assert_eq!(scrape.gpus_with("nvidia_gpu_sm_active_ratio"), [0, 1, 2, 3, 4, 5, 7]);
    assert_eq!(scrape.gpus_with("nvidia_gpu_duty_cycle").len(), 8);
    let calls = rig.calls();
    assert_eq!(calls.count("nvmlGpmQueryDeviceSupport 6"), 1);
    assert_eq!(calls.count("nvmlGpmSampleGet 6"), 0);
}
