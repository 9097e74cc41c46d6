//! Prometheus beside the demo, and simulated GPUs for it to read. Whatever goes wrong with them is said, and the demo goes on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use reqwest::Client;

use super::address;
use super::child::{self, Child, ChildError};
use super::folder::Folder;
use super::prometheus::{self, Job, Prometheus, PrometheusError};
use crate::cli::DemoArgs;

/// Where the GPU exporter usually is.
const GPUS: u16 = 9445;

/// What is wrong with the arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MonitoringError {
    #[error("there is no file *.yml in {}, which --rules names", .0.display())]
    NoRules(PathBuf),
    #[error("there is no program {}, which --prometheus names", .0.display())]
    NotFound(PathBuf),
}

/// What runs of it.
#[derive(Default)]
pub(crate) struct Monitoring {
    prometheus: Option<Prometheus>,
    gpus: Option<Child>,
    /// What there is to say of it at the start: of what, and what.
    pub(crate) said: Vec<(&'static str, String)>,
}

impl Monitoring {
    /// Starts what there is, and waits until it is ready; `jobs` are to be read.
    pub(crate) async fn start(
        args: &DemoArgs,
        folder: &Folder,
        mut jobs: Vec<Job>,
        client: &Client,
    ) -> Result<Self, MonitoringError> {
        let mut monitoring = Self::default();
        if args.no_prometheus {
            return Ok(monitoring);
        }
        let rules = args.rules.as_deref().map(rules_in).transpose()?;
        let Some(program) = args.prometheus.clone().or_else(prometheus::on_path) else {
            let how = "not here: apt-get install prometheus, or name one with --prometheus PATH";
            monitoring.said.push(("prometheus", how.to_owned()));
            return Ok(monitoring);
        };
        jobs.extend(monitoring.start_gpus(client).await);
        let start = async |rules| Prometheus::start(&program, folder, &jobs, rules, client).await;
        let mut rules_are =
            rules.as_ref().map(|rules| format!(", with the rules of {}", rules.display()));
        let mut started = start(rules.as_deref()).await;
        if let (Err(error), Some(rules)) = (&started, &rules)
            && error.is_its_end()
        {
            let (rules, why) = (rules.display(), error.reason());
            rules_are = Some(format!(", without the rules of {rules}, which it refuses: {why}"));
            started = start(None).await;
        }
        match started {
            Ok(prometheus) => {
                let text =
                    format!("http://{}{}", prometheus.address, rules_are.unwrap_or_default());
                monitoring.said.push(("prometheus", text));
                monitoring.prometheus = Some(prometheus);
            }
            Err(PrometheusError::Child(ChildError::NotFound { path, .. })) => {
                return Err(MonitoringError::NotFound(path));
            }
            Err(error) => {
                // Nobody else reads them.
                monitoring.gpus = None;
                monitoring.said =
                    vec![("prometheus", format!("did not start: {}", error.reason()))];
            }
        }
        Ok(monitoring)
    }

    /// Starts simulated GPUs, if the exporter is beside this program.
    async fn start_gpus(&mut self, client: &Client) -> Option<Job> {
        let program = std::env::current_exe().ok()?.with_file_name("weir-gpu-exporter");
        if !program.is_file() {
            return None;
        }
        let address = address::local(GPUS).ok()?;
        let mut command = child::weir(&program);
        command.args(["--source", "simulate", "--listen"]).arg(address.to_string());
        let started = async {
            let mut gpus = Child::start("weir-gpu-exporter", command)?;
            gpus.ready(client, &format!("http://{address}/ready")).await?;
            Ok(gpus)
        };
        match started.await {
            Ok(gpus) => self.gpus = Some(gpus),
            Err(error) => {
                self.said.push(("gpus", format!("did not start: {}", prometheus::reason(&error))))
            }
        }
        self.gpus.is_some().then(|| ("weir-gpu-exporter", vec![address.to_string()]))
    }

    /// Where Prometheus is.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.prometheus.as_ref().map(|prometheus| prometheus.address)
    }

    /// Waits until something of it ends by itself, which it should not; returns what to say.
    pub(crate) async fn died(&mut self) -> String {
        let prometheus = self.prometheus.as_mut().map(|prometheus| &mut prometheus.child);
        let error = tokio::select! {
            error = died(prometheus) => { self.prometheus = None; error },
            error = died(self.gpus.as_mut()) => { self.gpus = None; error },
        };
        format!("{}; the demo goes on without it.", prometheus::ending(&error))
    }

    /// Ends all of it; returns what did not end by itself.
    pub(crate) async fn stop(self) -> Vec<String> {
        let prometheus = self.prometheus.map(|prometheus| prometheus.child);
        let mut killed = Vec::new();
        for child in [prometheus, self.gpus].into_iter().flatten() {
            let name = child.name();
            match child.stop().await {
                Ok(true) => {}
                Ok(false) => {
                    killed.push(format!("{name} did not end when it was told to, and was killed."))
                }
                Err(error) => killed.push(format!("{error}.")),
            }
        }
        killed
    }
}

/// Never, where there is none.
async fn died(child: Option<&mut Child>) -> ChildError {
    match child {
        Some(child) => child.died().await,
        None => std::future::pending().await,
    }
}

/// The folder, as another process finds it too.
fn rules_in(folder: &Path) -> Result<PathBuf, MonitoringError> {
    let none = || MonitoringError::NoRules(folder.to_owned());
    let folder = folder.canonicalize().map_err(|_absent| none())?;
    let mut files = folder.read_dir().map_err(|_no_folder| none())?.flatten();
    let has_rules = files.any(|file| file.path().extension().is_some_and(|it| it == "yml"));
    if has_rules { Ok(folder) } else { Err(none()) }
}

#[cfg(test)]
mod tests;
