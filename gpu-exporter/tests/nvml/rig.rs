//! An exporter with the stand-in for its driver, in a folder of their own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::calls::Calls;
use crate::exporter::{DEADLINE, Exporter};
use crate::library;
use crate::scrape::Scrape;
use crate::script::Script;

/// From one read to the next.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);
/// How long a read may take. A busy machine must not reach it by itself.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);

/// What the exporter is given, before it starts.
pub(crate) struct Prepared {
    folder: PathBuf,
    pub(crate) script: Script,
    /// [`TIMEOUT`] unless set.
    pub(crate) timeout: Duration,
}

/// An exporter that serves.
pub(crate) struct Rig {
    prepared: Prepared,
    pub(crate) exporter: Exporter,
}

impl Prepared {
    /// Eight H200s, and a process of a container on each.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("nvml-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(folder.join("proc")).unwrap();
        library::install(&folder);
        let calls = Some(folder.join("calls"));
        let prepared =
            Self { folder, script: Script { calls, ..Script::default() }, timeout: TIMEOUT };
        for (index, gpu) in prepared.script.gpus.iter().enumerate() {
            let scope = format!("0::/system.slice/docker-{}.scope\n", container(index));
            prepared.process(gpu.processes[0].pid, b"python3", &scope);
        }
        prepared
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the system itself has the driver's library, if it has.
    pub(crate) fn library_of_the_system() -> Option<PathBuf> {
        let folders =
            ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
        folders
            .iter()
            .map(|folder| Path::new(folder).join(library::NAME))
            .find(|path| path.exists())
    }

    /// Makes a process that the exporter can look up.
    pub(crate) fn process(&self, pid: u32, name: &[u8], cgroup: &str) {
        let folder = self.folder.join("proc").join(pid.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let before = format!("{pid} (");
        let after = ") S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 12345 1 1 1\n";
        let stat = [before.as_bytes(), name, after.as_bytes()].concat();
        std::fs::write(folder.join("stat"), stat).unwrap();
        std::fs::write(folder.join("cgroup"), cgroup).unwrap();
    }

    /// Writes the script as it is now; the library never sees half of it.
    fn write(&self) {
        let new = self.folder.join("script.new");
        std::fs::write(&new, serde_json::to_vec(&self.script).unwrap()).unwrap();
        std::fs::rename(new, self.folder.join("script.json")).unwrap();
    }

    /// Starts the exporter.
    pub(crate) fn start(self) -> Rig {
        self.write();
        let config = self.folder.join("weir.toml");
        let text = format!(
            "[gpu_exporter]\ninterval = \"{}ms\"\ntimeout = \"{}ms\"\nproc = {:?}\n",
            INTERVAL.as_millis(),
            self.timeout.as_millis(),
            self.folder.join("proc"),
        );
        std::fs::write(&config, text).unwrap();
        let script = self.folder.join("script.json");
        let exporter = Exporter::start(&config, &self.folder, &[("WEIR_NVML_STAND_IN", &script)]);
        Rig { prepared: self, exporter }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // What a failed test leaves behind is worth a look.
        if !std::thread::panicking() {
            std::fs::remove_dir_all(&self.folder).unwrap();
        }
    }
}

impl Rig {
    /// With the script changed like this.
    pub(crate) fn with(change: impl FnOnce(&mut Script)) -> Self {
        let mut prepared = Prepared::new();
        change(&mut prepared.script);
        prepared.start()
    }

    /// Changes the driver's state under the exporter.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Script)) {
        change(&mut self.prepared.script);
        self.prepared.write();
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.prepared.folder()
    }

    pub(crate) fn script(&self) -> &Script {
        &self.prepared.script
    }

    pub(crate) fn scrape(&self) -> Scrape {
        let (status, text) = self.exporter.get("/metrics");
        assert_eq!(status, 200, "{text}");
        Scrape(text)
    }

    /// Scrapes until this holds.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let scrape = self.scrape();
            if holds(&scrape) {
                return scrape;
            }
            if Instant::now() > deadline {
                panic!("never: {what}\n{:#?}\n{}", self.exporter.log(), scrape.0);
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Scrapes until everything can be read, GPM included, which takes two reads.
    pub(crate) fn until_read(&mut self) -> Scrape {
        self.until("two reads", |scrape| scrape.up() && scrape.reads("success") >= 2.0)
    }

    /// Scrapes after this many more reads that succeeded.
    pub(crate) fn after_reads(&mut self, more: u32) -> Scrape {
        let before = self.scrape().reads("success");
        let enough = before + f64::from(more);
        self.until("more reads", |scrape| scrape.reads("success") >= enough)
    }

    /// What was asked of the library.
    pub(crate) fn calls(&self) -> Calls {
        Calls::read(&self.prepared.folder.join("calls"))
    }

    /// The page `/ready`.
    pub(crate) fn ready(&self) -> (u16, String) {
        self.exporter.get("/ready")
    }

    /// The page `/status`.
    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_str(&self.exporter.get("/status").1).unwrap()
    }
}

/// The id of the container that the process on this GPU runs in.
pub(crate) fn container(gpu: usize) -> String {
    format!("{gpu:x}").repeat(64)
}
