//! The standard `process_*` metrics of this process, and how busy the machine is, from `/proc`.

use std::fmt::{Display, Write};

use procfs::ProcResult;
use procfs::process::{LimitValue, Process, Stat};
use procfs::{CurrentSI, KernelStats};

/// What `/proc` says of a process at one moment. What it does not say is `None`, and absent from
/// the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessReading {
    /// CPU time spent, user and system, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Resident memory, in bytes.
    pub resident_memory_bytes: Option<u64>,
    /// Virtual memory, in bytes.
    pub virtual_memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// The soft limit of open file descriptors; `None` also where there is no limit.
    pub max_fds: Option<u64>,
    /// When the process started, in seconds since 1970.
    pub start_time_seconds: Option<f64>,
    /// Threads.
    pub threads: Option<u64>,
}

impl ProcessReading {
    /// Reads `/proc/self`.
    pub fn of_self() -> Self {
        Self::read(Process::myself())
    }

    /// Reads `/proc/PID`: nothing is known of a process that is no more.
    pub fn of(pid: u32) -> Self {
        let pid = pid.try_into().map_err(|_| procfs::ProcError::NotFound(None));
        Self::read(pid.and_then(Process::new))
    }

    fn read(process: ProcResult<Process>) -> Self {
        let Ok(process) = process else { return Self::default() };
        let stat = process.stat().ok();
        let stat = stat.as_ref();
        let ticks_per_second = procfs::ticks_per_second() as f64;
        Self {
            cpu_seconds: stat.map(|stat| (stat.utime + stat.stime) as f64 / ticks_per_second),
            resident_memory_bytes: stat.map(|stat| stat.rss * procfs::page_size()),
            virtual_memory_bytes: stat.map(|stat| stat.vsize),
            open_fds: process.fd_count().ok().map(|count| count as u64),
            max_fds: max_fds(&process).ok().flatten(),
            start_time_seconds: stat.and_then(|stat| started(stat, ticks_per_second).ok()),
            threads: stat.and_then(|stat| stat.num_threads.try_into().ok()),
        }
    }

    /// The metrics, as OpenMetrics text without `# EOF`.
    pub fn openmetrics(&self) -> String {
        let mut text = String::new();
        let all: [(&str, &str, &str, Option<&dyn Display>); 7] = [
            (
                "process_cpu_seconds",
                "counter",
                "CPU time spent, user and system, in seconds.",
                displayed(&self.cpu_seconds),
            ),
            (
                "process_resident_memory_bytes",
                "gauge",
                "Resident memory in bytes.",
                displayed(&self.resident_memory_bytes),
            ),
            (
                "process_virtual_memory_bytes",
                "gauge",
                "Virtual memory in bytes.",
                displayed(&self.virtual_memory_bytes),
            ),
            ("process_open_fds", "gauge", "Open file descriptors.", displayed(&self.open_fds)),
            (
                "process_max_fds",
                "gauge",
                "Soft limit of open file descriptors.",
                displayed(&self.max_fds),
            ),
            (
                "process_start_time_seconds",
                "gauge",
                "Start of the process, in seconds since 1970.",
                displayed(&self.start_time_seconds),
            ),
            ("process_threads", "gauge", "Threads of the process.", displayed(&self.threads)),
        ];
        for (family, kind, help, value) in all {
            let Some(value) = value else { continue };
            let suffix = if kind == "counter" { "_total" } else { "" };
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "# HELP {family} {help}\n# TYPE {family} {kind}\n{family}{suffix} {value}"
            );
        }
        text
    }
}

/// Processor time of the whole machine since its boot, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineReading {
    /// Not idle, and not waiting for disks.
    busy: u64,
    all: u64,
}

impl MachineReading {
    /// Reads `/proc/stat`; `None` on systems without it.
    pub fn now() -> Option<Self> {
        let total = KernelStats::current().ok()?.total;
        // Guests are part of `user` and `nice`.
        let busy = [Some(total.user), Some(total.nice), Some(total.system)]
            .into_iter()
            .chain([total.irq, total.softirq, total.steal])
            .flatten()
            .sum();
        Some(Self { busy, all: busy + total.idle + total.iowait.unwrap_or(0) })
    }

    /// The part of its time, 0 to 1, in which the machine was busy since `earlier`; `None` where too little has passed
    /// to tell, or nothing is counted.
    pub fn busy_since(&self, earlier: &Self) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|ticks| *ticks > 0)?;
        let busy = self.busy.checked_sub(earlier.busy)?;
        Some((busy as f64 / all as f64).min(1.0))
    }
}

fn displayed<T: Display>(value: &Option<T>) -> Option<&dyn Display> {
    value.as_ref().map(|value| value as &dyn Display)
}

fn max_fds(process: &Process) -> ProcResult<Option<u64>> {
    Ok(match process.limits()?.max_open_files.soft_limit {
        LimitValue::Value(limit) => Some(limit),
        LimitValue::Unlimited => None,
    })
}

/// `/proc` counts from the boot of the machine, whose time it gives in whole seconds.
fn started(stat: &Stat, ticks_per_second: f64) -> ProcResult<f64> {
    Ok(procfs::boot_time_secs()? as f64 + stat.starttime as f64 / ticks_per_second)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{MachineReading, ProcessReading};

    #[test]
    fn what_is_not_known_is_absent() {
        let reading = ProcessReading {
            cpu_seconds: Some(1.5),
            open_fds: Some(9),
            ..ProcessReading::default()
        };
        assert_eq!(
            reading.openmetrics(),
            "# HELP process_cpu_seconds CPU time spent, user and system, in seconds.\n\
             # TYPE process_cpu_seconds counter\n\
             process_cpu_seconds_total 1.5\n\
             # HELP process_open_fds Open file descriptors.\n\
             # TYPE process_open_fds gauge\n\
             process_open_fds 9\n"
        );
        assert_eq!(ProcessReading::default().openmetrics(), "");
    }

    #[test]
    fn a_machine_is_as_busy_as_its_ticks() {
        let reading = |busy, all| MachineReading { busy, all };
        assert_eq!(reading(150, 400).busy_since(&reading(75, 300)), Some(0.75));
        assert_eq!(reading(75, 300).busy_since(&reading(75, 300)), None);
        // The time that disks are waited for may become less.
        assert_eq!(reading(150, 299).busy_since(&reading(75, 300)), None);
        let now = MachineReading::now().unwrap();
        assert!(now.busy <= now.all, "{now:?}");
    }

    #[test]
    fn this_process_can_be_read() {
        let reading = ProcessReading::of_self();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!(reading.resident_memory_bytes.unwrap() > 100_000, "{reading:?}");
        assert!(reading.virtual_memory_bytes >= reading.resident_memory_bytes, "{reading:?}");
        assert!(reading.open_fds.unwrap() >= 3, "{reading:?}");
        assert!(reading.threads.unwrap() >= 1, "{reading:?}");
        assert!(reading.cpu_seconds.unwrap() < 3_600.0, "{reading:?}");
        let age = now - reading.start_time_seconds.unwrap();
        assert!((-2.0..3_600.0).contains(&age), "started {age} s ago");
        let same = ProcessReading::of(std::process::id());
        assert_eq!(same.start_time_seconds, reading.start_time_seconds);
        assert_eq!(ProcessReading::of(u32::MAX), ProcessReading::default());
    }
}
