//! The machine: what it is, which of its cores do what, and how much of it the hypervisor takes.

use std::path::Path;

use procfs::process::Process;
use procfs::{CpuInfo, Current as _, CurrentSI as _, KernelStats, Meminfo};

use crate::results::Machine;

/// What is said where the system says nothing.
const UNKNOWN: &str = "unknown";
/// What rustc leaves in every program, before its version.
const MADE_BY: &[u8] = b"rustc version ";

/// Who runs where, as `taskset -c` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cores {
    pub(crate) contender: String,
    /// Of generator and upstream.
    pub(crate) others: String,
}

impl Cores {
    /// Of those that this process may use, the last one for the contender; `None` if there is but one. To be asked before
    /// this process keeps to its own.
    pub(crate) fn share_out() -> Option<Self> {
        let status = Process::myself().and_then(|process| process.status()).ok()?;
        Self::of(&status.cpus_allowed_list?)
    }

    /// From ranges, both ends included.
    fn of(allowed: &[(u32, u32)]) -> Option<Self> {
        let (&(first, last), before) = allowed.split_last()?;
        let mut others = before.to_vec();
        if first < last {
            others.push((first, last - 1));
        }
        let range = |(first, last): &(u32, u32)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let others: Vec<String> = others.iter().map(range).collect();
        (!others.is_empty()).then(|| Self { contender: last.to_string(), others: others.join(",") })
    }
}

/// What the results say of this machine; `weir` is the program that is measured.
pub(crate) fn describe(cores: Option<&Cores>, weir: &Path) -> Machine {
    let processors = CpuInfo::current().ok();
    let processors = processors.as_ref();
    let model = processors.and_then(|processors| processors.model_name(0));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        processor: model.unwrap_or(UNKNOWN).to_owned(),
        cores: processors.map_or(0, CpuInfo::num_cores),
        memory_bytes: Meminfo::current().map_or(0, |memory| memory.mem_total),
        // What comes behind a dash is somebody's own.
        kernel: match kernel.trim().split('-').next() {
            None | Some("") => UNKNOWN.to_owned(),
            Some(version) => version.to_owned(),
        },
        pinned: cores.map(|cores| (cores.contender.clone(), cores.others.clone())),
        compiler: std::fs::read(weir)
            .ok()
            .and_then(|program| compiler(&program))
            .unwrap_or_else(|| UNKNOWN.to_owned()),
    }
}

/// The compiler that a program was built by, as the program has it: such as `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler(program: &[u8]) -> Option<String> {
    let mut rests = (0..program.len()).filter_map(|at| program[at..].strip_prefix(MADE_BY));
    // This program also has the words alone.
    let version = rests.find(|rest| rest.first().is_some_and(u8::is_ascii_digit))?;
    let version = version.split(|byte| *byte == 0).next()?;
    Some(format!("rustc {}", String::from_utf8_lossy(version)))
}

/// Time of all processors since the boot, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessorTime {
    all: u64,
    /// While a processor had work, and the hypervisor let somebody else have it.
    stolen: u64,
}

impl ProcessorTime {
    /// `None` where the system does not say.
    pub(crate) fn now() -> Option<Self> {
        let total = KernelStats::current().ok()?.total;
        // Guests are part of `user` and `nice`.
        let always = [total.user, total.nice, total.system, total.idle];
        let sometimes = [total.iowait, total.irq, total.softirq, total.steal];
        let all = always.iter().sum::<u64>() + sometimes.iter().flatten().sum::<u64>();
        Some(Self { all, stolen: total.steal.unwrap_or_default() })
    }

    /// The share, 0 to 1, that was stolen since `earlier`.
    pub(crate) fn stolen_since(&self, earlier: &Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all).max(1);
        let stolen = self.stolen.saturating_sub(earlier.stolen);
        (stolen as f64 / all as f64).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_core_is_the_contenders() {
        let split = |allowed: &[(u32, u32)]| {
            Cores::of(allowed).map(|cores| (cores.contender, cores.others))
        };
        let expected = |contender: &str, others: &str| Some((contender.into(), others.into()));
        assert_eq!(split(&[]), None);
        assert_eq!(split(&[(3, 3)]), None);
        assert_eq!(split(&[(0, 1)]), expected("1", "0"));
        assert_eq!(split(&[(0, 7)]), expected("7", "0-6"));
        assert_eq!(split(&[(0, 2), (5, 5)]), expected("5", "0-2"));
        assert_eq!(split(&[(1, 1), (4, 6)]), expected("6", "1,4-5"));
    }

    #[test]
    fn what_is_stolen_is_a_share_of_all_time() {
        let reading = |all, stolen| ProcessorTime { all, stolen };
        assert_eq!(reading(1_400, 120).stolen_since(&reading(1_000, 20)), 0.25);
        assert_eq!(reading(1_000, 20).stolen_since(&reading(1_000, 20)), 0.0);
        assert_eq!(reading(999, 19).stolen_since(&reading(1_000, 20)), 0.0);
        let (first, second) = (ProcessorTime::now().unwrap(), ProcessorTime::now().unwrap());
        assert!(second.all >= first.all && first.stolen <= first.all, "{first:?} {second:?}");
    }

    #[test]
    fn this_machine_is_known() {
        let cores = Cores { contender: "1".to_owned(), others: "0".to_owned() };
        let machine = describe(Some(&cores), Path::new("/nowhere"));
        assert!(machine.cores >= 1 && machine.memory_bytes > 1 << 20, "{machine:?}");
        assert!(machine.kernel.starts_with(|first: char| first.is_ascii_digit()), "{machine:?}");
        assert_eq!(machine.pinned, Some(("1".to_owned(), "0".to_owned())));
        assert_eq!(machine.compiler, UNKNOWN);
    }

    #[test]
    fn a_program_says_who_built_it() {
        let program =
            b"\x7fELF rustc version \0 GCC: 12\0rustc version 1.95.0 (5980 2026-04-14)\0rest";
        assert_eq!(compiler(program).unwrap(), "rustc 1.95.0 (5980 2026-04-14)");
        assert_eq!(compiler(b"GCC: 12"), None);
    }
}
