//! GPUs that fall off the bus while the others go on, and handles that go stale.

use crate::rig::Rig;
use crate::scrape::Scrape;
use crate::script::Gpu;

const LOST: u32 = 15;
const RESET_REQUIRED: u32 = 16;

/// What the log says of a GPU that went, and of one that came back.
const GONE: &str = "A GPU cannot be read.";
const BACK: &str = "A GPU can be read again.";

fn up(scrape: &Scrape) -> Vec<f64> {
    (0..8).filter_map(|index| scrape.of_gpu("nvidia_gpu_up", index)).collect()
}

#[test]
fn one_gpu_goes_and_the_others_go_on() {
    for code in [LOST, RESET_REQUIRED] {
        let mut rig = Rig::with(|_| {});
        rig.until_read();
        rig.change(|script| {
            script.gpus[3].all = code;
            script.gpus[4].temperature = 77;
        });
        let without = [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        rig.until("GPU 3 is down", |scrape| up(scrape) == without);
        let scrape = rig.after_reads(3);
        assert_eq!(up(&scrape), without);
        assert!(scrape.up());
        assert_eq!(scrape.of_gpu("nvidia_gpu_temperature_celsius", 3), None);
        assert_eq!(scrape.of_gpu("nvidia_gpu_energy_joules_total", 3), None);
        assert_eq!(scrape.of_gpu("nvidia_gpu_temperature_celsius", 4), Some(77.0));
        assert_eq!(scrape.value("nvidia_gpu_num_devices", &[]), Some(8.0));
        assert_eq!(rig.exporter.said(GONE).len(), 1, "{:#?}", rig.exporter.log());
        assert_eq!(rig.exporter.said(GONE)[0]["gpu"], 3);
        rig.change(|script| script.gpus[3].all = 0);
        rig.until("GPU 3 is back", |scrape| up(scrape) == [1.0; 8]);
        assert_eq!(rig.exporter.said(BACK).len(), 1, "{:#?}", rig.exporter.log());
    }
}

#[test]
fn a_gpu_that_was_lost_before_the_start_is_shown() {
    let mut rig = Rig::with(|script| script.gpus[5].all = LOST);
    let scrape = rig.until_read();
    assert_eq!(up(&scrape), [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    rig.change(|script| script.gpus[5].all = 0);
    let scrape = rig.until("GPU 5 is there", |scrape| up(scrape) == [1.0; 8]);
    assert_eq!(scrape.of_gpu("nvidia_gpu_temperature_celsius", 5), Some(55.0));
}

#[test]
fn all_gpus_are_lost() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.change(|script| script.gpus.iter_mut().for_each(|gpu| gpu.all = LOST));
    let scrape = rig.until("all are down", |scrape| up(scrape) == [0.0; 8]);
    assert!(scrape.gpus_with("nvidia_gpu_temperature_celsius").is_empty());
    rig.change(|script| script.gpus.iter_mut().for_each(|gpu| gpu.all = 0));
    rig.until("all are back", |scrape| up(scrape) == [1.0; 8] && scrape.up());
}

#[test]
fn stale_handles_are_asked_for_anew() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.change(|script| {
        script.handles = 1;
        script.gpus[0].temperature = 78;
    });
    let temperature = "nvidia_gpu_temperature_celsius";
    rig.until("new handles", |scrape| {
        scrape.of_gpu(temperature, 0) == Some(78.0) && up(scrape) == [1.0; 8]
    });
    assert!(rig.calls().count("nvmlDeviceGetHandleByIndex_v2") >= 16);
}

/// Taking one out needs the driver to be loaded anew; the GPUs after it move up then.
#[test]
fn a_gpu_that_is_taken_out_is_down_and_no_other_gets_its_numbers() {
    let mut rig = Rig::with(|_| {});
    rig.until_read();
    rig.change(|script| script.all = 999);
    rig.until("the driver is gone", |scrape| !scrape.up());
    rig.change(|script| {
        script.all = 0;
        script.handles = 1;
        script.gpus.remove(2);
    });
    let scrape = rig.until("the driver is back", Scrape::up);
    for index in 0..8 {
        let uuid = Gpu::h200(index).uuid;
        let read = |name| scrape.value(name, &[("uuid", &uuid)]);
        assert_eq!(read("nvidia_gpu_up"), Some(if index == 2 { 0.0 } else { 1.0 }), "{uuid}");
        let temperature = (index != 2).then_some(f64::from(50 + index));
        assert_eq!(read("nvidia_gpu_temperature_celsius"), temperature, "{uuid}");
    }
}
