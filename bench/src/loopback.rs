//! The stage of real runs: contenders and the upstream are processes of this machine, the generator is this process.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use crate::cells::Work;
use crate::contender::{Apart, Contender, ContenderError, Running, Surroundings};
use crate::load::{Counted, Load};
use crate::machine::{Cores, ProcessorTime};
use crate::open_files::{self, TooFewFiles};
use crate::rounds::{Around, Failed, Flow, Proxy, Stage};
use crate::upstream::{Upstream, UpstreamError};

/// How long memory may take to be given back once the last stream has gone.
const SETTLED: Duration = Duration::from_secs(5);

pub(crate) struct Loopback {
    surroundings: Surroundings,
    upstream: Upstream,
    /// Of the contenders' files.
    directory: PathBuf,
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoopbackError {
    #[error(transparent)]
    Files(#[from] TooFewFiles),
    #[error("keeping this process on core {0} with `taskset -acp`; taskset is part of util-linux")]
    Cores(String),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl Loopback {
    /// Keeps this process, whose threads are the generator, on its cores, and starts the upstream.
    pub(crate) async fn start(
        surroundings: Surroundings,
        cores: Option<&Cores>,
        directory: PathBuf,
    ) -> Result<Self, LoopbackError> {
        // Contenders inherit the limit.
        open_files::allow(0)?;
        let cores = cores.map(|cores| cores.others.as_str());
        if let Some(cores) = cores {
            keep_to(cores).await?;
        }
        let upstream = Upstream::start(cores).await?;
        Ok(Self { surroundings, upstream, directory })
    }

    /// Starts one for what is measured beside the cells.
    pub(crate) async fn start_apart(
        &self,
        contender: Contender,
        apart: &Apart,
    ) -> Result<Running, ContenderError> {
        let (upstream, directory) = (self.upstream.address, self.directory_apart(contender));
        contender.start_apart(apart, &self.surroundings, upstream, &directory).await
    }

    /// Its files' directory.
    pub(crate) fn directory_apart(&self, contender: Contender) -> PathBuf {
        self.directory.join(format!("{contender}-apart"))
    }

    pub(crate) async fn end(self) {
        self.upstream.end().await;
    }
}

async fn keep_to(cores: &str) -> Result<(), LoopbackError> {
    let process = std::process::id().to_string();
    let output = Command::new("taskset").args(["-acp", cores, &process]).output().await;
    let kept = output.is_ok_and(|output| output.status.success());
    kept.then_some(()).ok_or_else(|| LoopbackError::Cores(cores.to_owned()))
}

impl Stage for Loopback {
    type Proxy = Running;
    type Flow = Load;
    type Mark = (Duration, Option<ProcessorTime>);

    async fn start(&mut self, contender: Contender) -> Result<Running, Failed> {
        let directory = self.directory.join(contender.name());
        let started = contender.start(&self.surroundings, self.upstream.address, &directory).await;
        started.map_err(|error| Failed::because(&error))
    }

    async fn load(&mut self, work: &Work, on: &Running) -> Result<Load, Failed> {
        Load::start(work, on.address).await.map_err(|error| Failed::because(&error))
    }

    fn mark(&self) -> Self::Mark {
        (self.upstream.cpu(), ProcessorTime::now())
    }

    fn since(&self, (upstream, time): &Self::Mark) -> Around {
        let times = time.as_ref().zip(ProcessorTime::now());
        Around {
            upstream: self.upstream.cpu().saturating_sub(*upstream),
            // Where the system does not say there is no hypervisor.
            steal: times.map_or(0.0, |(before, now)| now.stolen_since(before)),
        }
    }

    async fn settle(&mut self) {
        tokio::time::sleep(SETTLED).await;
    }
}

impl Proxy for Running {
    fn cpu(&self) -> Duration {
        self.cpu()
    }

    fn resident_memory(&self) -> u64 {
        self.resident_memory()
    }

    async fn end(self) {
        self.end().await;
    }
}

impl Flow for Load {
    async fn window(&mut self, length: Duration) -> Result<Counted, Failed> {
        self.window(length).await.map_err(|error| Failed::because(&error))
    }

    async fn stop(self) {
        self.stop().await;
    }
}
