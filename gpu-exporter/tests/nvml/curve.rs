//! A load that rises and falls: counters grow, gauges move.

use crate::rig::Rig;

#[test]
fn what_moves_is_seen_to_move() {
    let mut rig = Rig::with(|script| script.wave_seconds = Some(4.0));
    let first = rig.until_read();
    let busy = |scrape: &crate::scrape::Scrape| scrape.of_gpu("nvidia_gpu_duty_cycle", 0);
    let energy =
        |scrape: &crate::scrape::Scrape| scrape.of_gpu("nvidia_gpu_energy_joules_total", 0);
    let later = rig.until("another load", |scrape| {
        busy(scrape).zip(busy(&first)).is_some_and(|(now, then)| (now - then).abs() > 30.0)
    });
    assert!(energy(&later) > energy(&first), "{:?}", energy(&later));
    let last = rig.after_reads(3);
    assert!(energy(&last) > energy(&later), "{:?}", energy(&last));
}
