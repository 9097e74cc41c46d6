//! A program in a process of its own: on its cores, watched, and ended by its process id.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;
use procfs::ProcResult;
use procfs::net::TcpState;
use procfs::process::FDTarget;
use rustix::process::{Signal, kill_process};
use tokio::time::{Instant, sleep};

/// How long a program may take to end before it is killed.
const END: Duration = Duration::from_secs(5);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// What sets the cores of a process, before that becomes the program.
const TASKSET: &str = "taskset";
/// Where Debian keeps servers, and who is not root does not look.
const SYSTEM: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/// Lines of its output that an error shows.
const LAST_LINES: usize = 15;

/// Why there is no process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("there is no program {}", .0.display())]
    NotFound(PathBuf),
    #[error("there is no program {TASKSET} to keep a process on its cores: install util-linux")]
    NoTaskset,
    #[error("writing what {} says to {}", program.display(), output.display())]
    Output { program: PathBuf, output: PathBuf, source: io::Error },
    #[error("starting {}", program.display())]
    Start { program: PathBuf, source: io::Error },
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: PathBuf,
}

impl Process {
    /// Starts it on these cores, as `taskset -c` takes them, or on all, with no environment; what it says goes to the file
    /// `output`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        cores: Option<&str>,
        output: PathBuf,
    ) -> Result<Self, ProcessError> {
        let found = find(program).ok_or_else(|| ProcessError::NotFound(program.to_owned()))?;
        let mut command = match cores {
            None => Command::new(&found),
            Some(cores) => {
                let taskset = find(Path::new(TASKSET)).ok_or(ProcessError::NoTaskset)?;
                let mut command = Command::new(taskset);
                command.arg("-c").arg(cores).arg(&found);
                command
            }
        };
        let file = File::create(&output).and_then(|file| Ok((file.try_clone()?, file)));
        let (stdout, stderr) = file.map_err(|source| ProcessError::Output {
            program: found.clone(),
            output: output.clone(),
            source,
        })?;
        command.args(arguments).env_clear();
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let child =
            command.spawn().map_err(|source| ProcessError::Start { program: found, source })?;
        Ok(Self { child, output })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        // An error would mean that it is not our child.
        self.child.try_wait().ok().flatten()
    }

    /// The last lines of what it said.
    pub(crate) fn last_words(&self) -> String {
        let said = std::fs::read(&self.output).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    /// Whether it is the one that listens there, which can be told without connecting.
    pub(crate) fn listens_on(&self, address: SocketAddr) -> bool {
        listener(address).is_some_and(|socket| holds(self.id(), socket).unwrap_or(false))
    }

    /// Time on a processor so far; see [`cpu`].
    pub(crate) fn cpu(&self) -> Duration {
        cpu(self.id())
    }

    /// Resident bytes; zero once it has ended.
    pub(crate) fn resident_memory(&self) -> u64 {
        let pages = procfs_of(self.id()).and_then(|process| process.statm());
        pages.map_or(0, |pages| pages.resident * procfs::page_size())
    }

    /// Tells it to end, kills it if it does not, and waits until it is gone.
    pub(crate) async fn end(self) {
        self.end_within(END).await;
    }

    async fn end_within(mut self, patience: Duration) {
        let pid = rustix::process::Pid::from_raw(self.id().cast_signed());
        // The id of one that has ended may be somebody else's.
        if let (None, Some(pid)) = (self.ended(), pid) {
            let _ended_just_now = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + patience;
        while self.ended().is_none() && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing happens to one that has ended.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Time on a processor so far of all threads of a process, also of those that have ended, user and system, to the
/// nanosecond; zero if there is no such process.
pub(crate) fn cpu(process: u32) -> Duration {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process.cast_signed()));
    clock.and_then(ClockId::now).map(Duration::from).unwrap_or_default()
}

/// Where a program is: at its path, or by its name alone where programs are.
pub(crate) fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SYSTEM.map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// The socket that listens there.
fn listener(address: SocketAddr) -> Option<u64> {
    let sockets = procfs::net::tcp().ok()?;
    let mut listening = sockets.iter().filter(|socket| socket.state == TcpState::Listen);
    listening.find(|socket| socket.local_address == address).map(|socket| socket.inode)
}

/// Whether a process has this socket.
fn holds(process: u32, socket: u64) -> ProcResult<bool> {
    let mut open = procfs_of(process)?.fd()?;
    Ok(open.any(|file| file.is_ok_and(|file| file.target == FDTarget::Socket(socket))))
}

fn procfs_of(process: u32) -> ProcResult<procfs::process::Process> {
    procfs::process::Process::new(process.cast_signed())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Only a failing test waits so long.
    const DEADLINE: Duration = Duration::from_secs(20);

    /// A shell, and its output.
    fn shell(name: &str, script: &str, cores: Option<&str>) -> (Process, PathBuf) {
        let output = format!("weir-bench-{}-{name}", std::process::id());
        let output = std::env::temp_dir().join(output);
        let arguments = ["-c".to_owned(), script.to_owned()];
        let started = Process::start(Path::new("sh"), &arguments, cores, output.clone());
        (started.unwrap(), output)
    }

    async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}");
            sleep(LOOK).await;
        }
    }

    fn said(output: &Path) -> String {
        std::fs::read_to_string(output).unwrap()
    }

    fn is_there(process: u32) -> bool {
        procfs_of(process).is_ok()
    }

    #[tokio::test]
    async fn who_is_told_to_end_may_do_so_by_itself() {
        let script = "trap 'echo bye; exit' TERM; echo hello; while :; do sleep 0.01; done";
        let (process, output) = shell("told", script, None);
        until("it says hello", || said(&output) == "hello\n").await;
        let id = process.id();
        assert!(is_there(id));
        process.end().await;
        assert_eq!(said(&output), "hello\nbye\n");
        assert!(!is_there(id), "it was waited for");
        std::fs::remove_file(output).unwrap();
    }

    #[tokio::test]
    async fn who_does_not_end_is_killed() {
        let script = "trap '' TERM; echo hello; exec sleep 1000";
        let (process, output) = shell("deaf", script, None);
        until("it says hello", || said(&output) == "hello\n").await;
        let id = process.id();
        process.end_within(Duration::ZERO).await;
        assert!(!is_there(id));
        std::fs::remove_file(output).unwrap();
    }

    #[tokio::test]
    async fn who_is_dropped_is_gone() {
        let (process, output) = shell("dropped", "exec sleep 1000", None);
        let id = process.id();
        drop(process);
        assert!(!is_there(id));
        std::fs::remove_file(output).unwrap();
    }

    #[tokio::test]
    async fn its_end_and_its_last_words_are_told() {
        let script =
            "for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo; done; echo 'in use' >&2; exit 3";
        let (mut process, output) = shell("dies", script, None);
        until("it ends", || process.ended().is_some()).await;
        assert_eq!(process.ended().unwrap().code(), Some(3));
        assert_eq!(process.last_words(), "3\n\n4\n\n5\n\n6\n\n7\n\n8\n\n9\n\nin use");
        std::fs::remove_file(output).unwrap();
    }

    #[tokio::test]
    async fn time_on_a_processor_and_memory_are_read() {
        let (process, output) = shell("busy", "while :; do :; done", None);
        let mut readings = vec![process.cpu()];
        for _ in 0..3 {
            until("it takes time", || process.cpu() > readings[readings.len() - 1]).await;
            readings.push(process.cpu());
        }
        assert!(readings.is_sorted(), "{readings:?}");
        assert!(process.resident_memory() > 100_000, "{}", process.resident_memory());
        let id = process.id();
        process.end().await;
        assert_eq!(cpu(id), Duration::ZERO);
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn threads_that_have_ended_are_counted() {
        let before = cpu(std::process::id());
        let thread = std::thread::spawn(|| {
            let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
            let enough = Duration::from_millis(20);
            let spent = || Duration::from(clock.now().unwrap());
            while spent() < enough {}
            spent()
        });
        let spent = thread.join().unwrap();
        assert!(cpu(std::process::id()) - before >= spent);
    }

    #[tokio::test]
    async fn it_stays_on_its_cores() {
        let status = procfs::process::Process::myself().unwrap().status().unwrap();
        let core = status.cpus_allowed_list.unwrap()[0].0.to_string();
        let script = "grep Cpus_allowed_list /proc/self/status; env | grep -c CARGO";
        let (mut process, output) = shell("cores", script, Some(&core));
        until("it ends", || process.ended().is_some()).await;
        assert_eq!(said(&output), format!("Cpus_allowed_list:\t{core}\n0\n"));
        std::fs::remove_file(output).unwrap();
    }

    #[tokio::test]
    async fn who_listens_is_told_from_who_does_not() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let inode = listener(address).unwrap();
        assert!(holds(std::process::id(), inode).unwrap());
        let (other, output) = shell("other", "exec sleep 1000", None);
        assert!(!other.listens_on(address));
        drop(socket);
        assert_eq!(listener(address), None);
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn a_missing_program_is_named() {
        for program in ["/nowhere/weir-proxy", "weir-is-not-called-so"] {
            let output = std::env::temp_dir().join("weir-bench-not-written");
            let error = Process::start(Path::new(program), &[], None, output).unwrap_err();
            assert_eq!(error.to_string(), format!("there is no program {program}"));
        }
        assert!(find(Path::new("sh")).unwrap().is_absolute());
    }
}
