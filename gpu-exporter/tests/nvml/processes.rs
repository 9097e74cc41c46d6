//! Processes on a GPU: very many, gone ones, strange ones, and whose they are.

use crate::rig::{Prepared, Rig, container};
use crate::script::Process;

/// Said where the exporter sees other processes than the driver.
const NONE_FOUND: &str = "None of the processes that the driver lists is found, so that no share of a GPU has a \
    container. In a container, run the exporter with the host's pids (pid: host), or mount the host's /proc and \
    name it in gpu_exporter.proc.";

#[test]
fn processes_that_are_all_unknown_are_told_once() {
    let mut rig = Rig::with(|script| {
        for gpu in &mut script.gpus {
            gpu.processes[0].pid += 1_000;
        }
    });
    let line = rig.exporter.logged(NONE_FOUND);
    assert_eq!((&line["level"], &line["processes"]), (&"WARN".into(), &8.into()));
    let scrape = rig.after_reads(10);
    assert_eq!(scrape.of_gpu("nvidia_gpu_processes_unresolved", 7), Some(1.0));
    rig.change(|script| script.gpus[0].processes[0].pid -= 1_000);
    rig.exporter.logged("Processes that the driver lists are found again.");
    assert_eq!(rig.exporter.said(NONE_FOUND).len(), 1);
}

#[test]
fn each_process_has_its_container() {
    let mut rig = Rig::with(|_| {});
    let scrape = rig.until_read();
    for index in 0..8 {
        let gpu = index.to_string();
        let pid = (4_000_000 + index).to_string();
        let id = container(index);
        let labels = [("gpu", gpu.as_str()), ("pid", &pid), ("container_id", &id)];
        assert_eq!(scrape.value("nvidia_gpu_process_info", &labels), Some(1.0));
        let labels = [("gpu", gpu.as_str()), ("container_id", &id), ("attribution", "exclusive")];
        assert_eq!(scrape.value("nvidia_gpu_container_share", &labels), Some(1.0));
    }
}

#[test]
fn a_shared_gpu_is_shared_by_sm_time() {
    let mut prepared = Prepared::new();
    let other = "e".repeat(64);
    prepared.process(77, b"VLLM::Worker", &format!("0::/docker/{other}\n"));
    let processes = &mut prepared.script.gpus[1].processes;
    processes[0].sm = Some(60);
    processes.push(Process { pid: 77, memory: Some(1 << 30), sm: Some(20) });
    let mut rig = prepared.start();
    let scrape = rig.until_read();
    let share = |id: &str| {
        let labels = [("gpu", "1"), ("container_id", id), ("attribution", "shared")];
        scrape.value("nvidia_gpu_container_share", &labels)
    };
    assert_eq!((share(&container(1)), share(&other)), (Some(0.75), Some(0.25)));
}

#[test]
fn names_with_odd_bytes_hide_no_container() {
    let names: [&[u8]; 5] = [b"", b"a) S 1 2", b"\xff\xfe)\n(", b"(((", b"\"\\\n\x00\x1b[31m"];
    let mut prepared = Prepared::new();
    let processes = &mut Vec::new();
    for (pid, name) in (100..).zip(names) {
        prepared.process(pid, name, &format!("0::/docker/{}\n", container(0)));
        processes.push(Process { pid, memory: Some(1 << 20), sm: None });
    }
    prepared.script.gpus[0].processes.append(processes);
    let mut rig = prepared.start();
    let scrape = rig.until_read();
    let id = container(0);
    let labels = [("gpu", "0"), ("container_id", id.as_str())];
    assert_eq!(scrape.samples("nvidia_gpu_process_info", &labels).count(), 6);
    assert_eq!(scrape.value("nvidia_gpu_container_share", &labels), Some(1.0));
}

#[test]
fn processes_that_are_gone_are_shown_without_a_container() {
    let mut rig = Rig::with(|script| {
        for pid in [1, 2, u32::MAX] {
            let process = Process { pid, memory: None, sm: None };
            script.gpus[2].processes.push(process);
        }
    });
    let scrape = rig.until_read();
    let labels = [("gpu", "2"), ("container_id", "")];
    assert_eq!(scrape.samples("nvidia_gpu_process_info", &labels).count(), 3);
    assert_eq!(scrape.of_gpu("nvidia_gpu_processes", 2), Some(4.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_processes_unresolved", 2), Some(3.0));
    assert_eq!(scrape.of_gpu("nvidia_gpu_processes_unresolved", 1), Some(0.0));
    assert_eq!(rig.exporter.said(NONE_FOUND), [] as [serde_json::Value; 0]);
}

#[test]
fn thousands_of_processes_are_counted_and_a_thousand_are_shown() {
    let mut rig = Rig::with(|script| {
        let process = |pid| Process { pid, memory: Some(u64::from(pid) << 20), sm: Some(1) };
        script.gpus[0].processes = (1..=5_000).map(process).collect();
    });
    let scrape = rig.until_read();
    assert_eq!(scrape.of_gpu("nvidia_gpu_processes", 0), Some(5_000.0));
    assert_eq!(scrape.samples("nvidia_gpu_process_info", &[("gpu", "0")]).count(), 1_000);
    let overflow = scrape.value("weir_label_overflow_total", &[("label", "pid")]);
    assert!(overflow >= Some(4_000.0), "{overflow:?}");
    assert!(scrape.up());
}
