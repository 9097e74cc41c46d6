//! How the load tester itself does: its processor time, the machine's, and its open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use weir_daemon::process::{MachineReading, ProcessReading};

use crate::report::Tester;

/// From here on the load tester's own waiting shows in the tail: of its cores, and of the whole machine.
const OWN: f64 = 0.8;
const MACHINE: f64 = 0.9;
/// What the process has open beside its connections: the store, logs, questions to Prometheus and the proxy.
const OTHERS: u64 = 64;
/// Processor time is counted in hundredths of a second: of shorter runs nothing is said.
const SHORTEST: f64 = 0.5;

/// Processor time since a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TesterClock {
    process: ProcessReading,
    machine: Option<MachineReading>,
}

impl TesterClock {
    pub(crate) fn start() -> Self {
        Self { process: ProcessReading::of_self(), machine: MachineReading::now() }
    }

    /// What was used in the `seconds` since then, and in words, if that was too much.
    pub(crate) fn stop(self, seconds: f64) -> (Tester, Vec<String>) {
        let now = Self::start();
        let enough = Some(seconds).filter(|seconds| *seconds >= SHORTEST);
        let own = self.process.cpu_seconds.zip(now.process.cpu_seconds).zip(enough);
        let machine = self.machine.zip(now.machine).filter(|_| enough.is_some());
        let tester = Tester {
            cores_used: own.map(|((before, after), seconds)| (after - before) / seconds),
            machine_busy: machine.and_then(|(before, after)| after.busy_since(&before)),
        };
        let warnings = warnings(&tester, cores());
        (tester, warnings)
    }
}

/// Cores that this process may use, a container's limit considered.
pub(crate) fn cores() -> Option<usize> {
    std::thread::available_parallelism().ok().map(Into::into)
}

fn warnings(tester: &Tester, cores: Option<usize>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(used), Some(cores)) = (tester.cores_used, cores)
        && used > OWN * cores as f64
    {
        warnings.push(format!(
            "The load tester used {used:.1} of {cores} cores: do not trust the tail; use fewer \
             clients or another machine."
        ));
    }
    if let Some(busy) = tester.machine_busy.filter(|busy| *busy > MACHINE) {
        warnings.push(format!(
            "The load tester's machine was {:.0} % busy: whatever shares it waited too; do not \
             trust the tail.",
            busy * 100.0
        ));
    }
    warnings
}

/// Asks the system for as many open files as it may give; says so if that is too few for so many connections at once.
pub(crate) fn allow(connections: usize) -> Option<String> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    too_few(if raised { maximum } else { current }, connections)
}

/// `allowed`: `None` is without a limit.
fn too_few(allowed: Option<u64>, connections: usize) -> Option<String> {
    let allowed = allowed?;
    let room = allowed.saturating_sub(OTHERS);
    (room < connections as u64).then(|| {
        format!(
            "The system allows {allowed} open files, which is room for {room} of {connections} \
             connections: some requests will fail here and not at the target. Raise the limit \
             (ulimit -n, LimitNOFILE, --ulimit nofile)."
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn too_much_is_said_in_words() {
        let said = |cores_used, machine_busy| {
            let tester = Tester { cores_used: Some(cores_used), machine_busy: Some(machine_busy) };
            warnings(&tester, Some(2))
        };
        assert_eq!(said(1.6, 0.9), [""; 0]);
        assert_eq!(
            said(1.94, 0.5),
            [
                "The load tester used 1.9 of 2 cores: do not trust the tail; use fewer clients or another machine."
            ]
        );
        assert!(said(0.1, 0.97)[0].starts_with("The load tester's machine was 97 % busy"));
        assert_eq!(warnings(&Tester::default(), Some(2)), [""; 0]);
        let unknown = Tester { cores_used: Some(64.0), machine_busy: None };
        assert_eq!(warnings(&unknown, None), [""; 0]);
    }

    #[test]
    fn a_busy_thread_is_a_core() {
        let (clock, began) = (TesterClock::start(), Instant::now());
        while began.elapsed() < Duration::from_millis(600) {
            std::hint::black_box(began);
        }
        // Other tests run beside it, and other processes.
        let (tester, _) = clock.stop(began.elapsed().as_secs_f64());
        let used = tester.cores_used.unwrap();
        assert!((0.02..=1_024.0).contains(&used), "{used} cores");
        assert!(tester.machine_busy.is_none_or(|busy| (0.0..=1.0).contains(&busy)), "{tester:?}");
    }

    #[test]
    fn of_a_short_run_nothing_is_said() {
        assert_eq!(TesterClock::start().stop(0.2), (Tester::default(), Vec::new()));
    }

    #[test]
    fn too_few_open_files_are_said() {
        assert_eq!(too_few(Some(1_024), 960), None);
        assert_eq!(too_few(None, usize::MAX), None);
        let said = too_few(Some(1_024), 2_000).unwrap();
        assert!(said.contains("1024 open files") && said.contains("960 of 2000"), "{said}");
        assert_eq!(allow(1), None);
    }
}
