use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use super::{Containers, Notice, cgroup, is_proc};
use crate::snapshot::{Gpu, GpuError, Identity, Process, Reading, Snapshot};

const ONE: &str = "1f1d6e2d4940ddac13abd421a2617992bf89f0e0f9a902ed58278c5f843e9ae7";
const TWO: &str = "aed1dcce39a52379aaa25179323c2597863a7a9bc9a974950c58d6b5ea4f04e7";

/// A `/proc` of our own; gone when it is dropped.
struct Proc(PathBuf);

impl Proc {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weir-proc-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn containers(&self) -> Containers {
        Containers::new(&self.0, Notice::default())
    }

    fn folder(&self, pid: u32) -> PathBuf {
        let folder = self.0.join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn starts(&self, pid: u32, start_time: u64, container: &str) {
        self.says(pid, start_time, &format!("0::/system.slice/docker-{container}.scope\n"));
    }

    fn says(&self, pid: u32, start_time: u64, cgroup: &str) {
        let folder = self.folder(pid);
        let zeros = "0 ".repeat(18);
        fs::write(folder.join("stat"), format!("{pid} (a) b) S {zeros}{start_time} 1 2 3\n"))
            .unwrap();
        fs::write(folder.join("cgroup"), cgroup).unwrap();
    }

    fn forgets(&self, pid: u32, file: &str) {
        fs::remove_file(self.folder(pid).join(file)).unwrap();
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn on_gpus(pids: &[&[u32]]) -> Snapshot {
    let of_pid = |&pid: &u32| Process { pid, ..Process::default() };
    let gpus = pids.iter().zip(0..).map(|(pids, index)| {
        let processes = Some(pids.iter().map(of_pid).collect());
        let identity = Identity { index, ..Identity::default() };
        Gpu {
            identity,
            xids: BTreeMap::new(),
            xid_watched: None,
            reading: Ok(Reading { processes, ..Reading::default() }),
        }
    });
    Snapshot { taken: SystemTime::UNIX_EPOCH, driver: None, gpus: gpus.collect() }
}

/// The containers of these pids, in their order.
fn filled(containers: &mut Containers, pids: &[u32]) -> Vec<Option<String>> {
    let mut snapshot = on_gpus(&[pids]);
    containers.fill(&mut snapshot);
    of(&snapshot)
}

fn of(snapshot: &Snapshot) -> Vec<Option<String>> {
    let readings = snapshot.gpus.iter().filter_map(|gpu| gpu.reading.as_ref().ok());
    readings
        .flat_map(|reading| reading.processes.iter().flatten())
        .map(|process| process.container.clone())
        .collect()
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn each_process_has_its_own() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    proc.starts(12, 100, TWO);
    proc.says(13, 100, "0::/system.slice/ssh.service\n");
    let found = filled(&mut proc.containers(), &[11, 12, 13, 14]);
    assert_eq!(found, [some(ONE), some(TWO), None, None], "13 is in none, 14 does not exist");
}

#[test]
fn a_gpu_that_cannot_be_asked_is_in_nobodys_way() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    let mut snapshot = on_gpus(&[&[], &[11], &[11]]);
    snapshot.gpus[0].reading = Err(GpuError::Lost);
    proc.containers().fill(&mut snapshot);
    assert_eq!(of(&snapshot), [some(ONE), some(ONE)], "one process on two GPUs");
}

#[test]
fn who_has_a_container_keeps_it() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    let mut snapshot = on_gpus(&[&[11]]);
    snapshot.gpus[0].reading.as_mut().unwrap().processes.as_mut().unwrap()[0].container = some(TWO);
    proc.containers().fill(&mut snapshot);
    assert_eq!(of(&snapshot), [some(TWO)]);
}

#[test]
fn a_cgroup_is_read_once() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    let mut containers = proc.containers();
    assert_eq!(filled(&mut containers, &[11]), [some(ONE)]);
    proc.forgets(11, "cgroup");
    assert_eq!(filled(&mut containers, &[11]), [some(ONE)]);
}

#[test]
fn a_pid_that_came_again_is_another_process() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    let mut containers = proc.containers();
    assert_eq!(filled(&mut containers, &[11]), [some(ONE)]);
    proc.starts(11, 101, TWO);
    assert_eq!(filled(&mut containers, &[11]), [some(TWO)]);
}

#[test]
fn who_is_gone_is_forgotten() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    proc.starts(12, 100, TWO);
    let mut containers = proc.containers();
    filled(&mut containers, &[11, 12]);
    assert_eq!(containers.known.len(), 2);
    proc.forgets(12, "stat");
    assert_eq!(
        filled(&mut containers, &[11, 12]),
        [some(ONE), None],
        "ended, though the driver still names it"
    );
    assert_eq!(containers.known.len(), 1);
    filled(&mut containers, &[]);
    assert!(containers.known.is_empty());
}

#[test]
fn a_failure_is_not_remembered() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    proc.forgets(11, "cgroup");
    let mut containers = proc.containers();
    assert_eq!(filled(&mut containers, &[11]), [None]);
    proc.starts(11, 100, ONE);
    assert_eq!(filled(&mut containers, &[11]), [some(ONE)]);
}

#[test]
fn more_than_are_remembered_are_found_as_well() {
    let proc = Proc::new();
    let pids = [1, 2, 3, 4, 5];
    for pid in pids {
        proc.starts(pid, 100, ONE);
    }
    let mut containers = proc.containers();
    containers.most_known = 3;
    for _ in 0..2 {
        assert!(filled(&mut containers, &pids).iter().all(|found| found.as_deref() == Some(ONE)));
        assert_eq!(containers.known.len(), 3);
    }
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let proc = Proc::new();
    let huge = format!("0::/docker/{ONE}\n").repeat(cgroup::MOST_BYTES);
    proc.says(11, 100, &huge);
    proc.says(12, 100, &format!("\u{fffd}\0\0\n0::/docker/{ONE}\n"));
    fs::write(proc.folder(13).join("stat"), [0xff; 300]).unwrap();
    fs::create_dir_all(proc.folder(14).join("stat")).unwrap();
    fs::write(
        proc.folder(12).join("cgroup"),
        [b"\xff\xfe\n0::/docker/", ONE.as_bytes(), b"\n"].concat(),
    )
    .unwrap();
    let found = filled(&mut proc.containers(), &[11, 12, 13, 14]);
    assert_eq!(
        found,
        [None, some(ONE), None, None],
        "broken UTF-8 in one line leaves the others alone"
    );
}

#[test]
fn without_a_proc_nobody_has_a_container() {
    let mut containers = Containers::new(Path::new("/nowhere"), Notice::default());
    assert_eq!(filled(&mut containers, &[1, 2]), [None, None]);
}

#[test]
fn those_that_are_not_found_are_counted() {
    let proc = Proc::new();
    proc.starts(11, 100, ONE);
    proc.says(12, 100, "0::/system.slice/ssh.service\n");
    proc.starts(13, 100, TWO);
    proc.forgets(13, "cgroup");
    let mut snapshot = on_gpus(&[&[11, 12], &[12, 13, 14], &[], &[15]]);
    snapshot.gpus[2].reading.as_mut().unwrap().processes = None;
    proc.containers().fill(&mut snapshot);
    let unresolved =
        snapshot.gpus.iter().map(|gpu| gpu.reading.as_ref().unwrap().processes_unresolved);
    assert_eq!(
        unresolved.collect::<Vec<_>>(),
        [Some(0), Some(2), None, Some(1)],
        "12 is found, in no container"
    );
}

#[test]
fn what_is_a_proc() {
    let proc = Proc::new();
    assert!(!is_proc(&proc.0), "an empty folder");
    fs::create_dir_all(proc.0.join("12")).unwrap();
    fs::write(proc.0.join("stat"), "").unwrap();
    assert!(!is_proc(&proc.0), "a folder with a number");
    proc.starts(11, 100, ONE);
    assert!(is_proc(&proc.0));
    let other = Proc::new();
    std::os::unix::fs::symlink("4711", other.0.join("self")).unwrap();
    assert!(is_proc(&other.0), "of other pids than ours");
    let file = proc.0.join("stat");
    assert!(is_proc(Path::new("/proc")) && !is_proc(&file) && !is_proc(Path::new("/nowhere")));
}
