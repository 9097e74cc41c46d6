//! A GPU with more processes and containers than are shown.

use weir_gpu_exporter::exposition::{LeftOut, left_out};
use weir_gpu_exporter::snapshot::{Process, Reading};

use crate::scripted::{gpu, nvml};

#[test]
fn the_largest_thousand_are_shown() {
    let process = |pid: u32| Process { pid, memory: Some(u64::from(pid)), ..Process::default() };
    let processes = (1..=3_500).map(process).collect();
    let gpu = gpu(0, Ok(Reading { processes: Some(processes), ..Reading::default() }));
    assert_eq!(left_out(&gpu), LeftOut { processes: 2_500, containers: 0 });
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

#[test]
fn the_256_containers_with_the_largest_shares_have_names() {
    let process = |pid: u32| {
        let container = Some(format!("{pid:064x}"));
        Process { pid, memory: Some(1_000), sm: Some(pid), container }
    };
    let processes = (1..=300).map(process).collect();
    let gpu = gpu(0, Ok(Reading { processes: Some(processes), ..Reading::default() }));
    assert_eq!(left_out(&gpu), LeftOut { processes: 0, containers: 44 });
    let text = nvml("crowd", vec![gpu]).text();
    for name in ["nvidia_gpu_container_share{", "nvidia_gpu_container_memory_used_bytes{"] {
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with(name)).collect();
        assert_eq!(lines.len(), 257, "{name}");
        assert!(lines[256].contains("container_id=\"other\""), "{}", lines[256]);
    }
    let shares = text.lines().filter(|line| line.starts_with("nvidia_gpu_container_share{"));
    let sum: f64 =
        shares.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}
