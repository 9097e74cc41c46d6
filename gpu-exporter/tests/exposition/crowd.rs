//! A GPU with more processes than are shown.

use weir_gpu_exporter::exposition::left_out;
use weir_gpu_exporter::snapshot::{Process, Reading};

use crate::scripted::{gpu, nvml};

#[test]
fn the_largest_thousand_are_shown() {
    let process = |pid: u32| Process { pid, memory: Some(u64::from(pid)), ..Process::default() };
    let processes = (1..=3_500).map(process).collect();
    let gpu = gpu(0, Ok(Reading { processes: Some(processes), ..Reading::default() }));
    assert_eq!(left_out(&gpu), 2_500);
    let text = nvml("crowd", vec![gpu]).text();
    let shown: Vec<_> =
        text.lines().filter(|line| line.starts_with("nvidia_gpu_process_info{")).collect();
    assert_eq!(shown.len(), 1_000);
    assert!(shown[0].contains("pid=\"3500\"") && shown[999].contains("pid=\"2501\""));
    // Those that are not shown still count.
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(value("nvidia_gpu_processes{"), "3500");
    assert_eq!(
        value("nvidia_gpu_container_memory_used_bytes{"),
        (1..=3_500).sum::<u64>().to_string()
    );
    assert_eq!(value("nvidia_gpu_container_share{"), "1");
}
