//! Prometheus: finding it, its configuration, its process.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use super::address;
use super::child::{Child, ChildError};
use super::folder::Folder;

/// Not Prometheus' own, at which Debian's runs by itself.
const PORT: u16 = 23001;
/// The demo's figures change by the second.
const SCRAPES: Duration = Duration::from_secs(2);
const RULES: Duration = Duration::from_secs(5);

/// A running Prometheus.
pub(crate) struct Prometheus {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

/// What it reads: a job and its targets.
pub(crate) type Job = (&'static str, Vec<String>);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrometheusError {
    #[error("finding a free port")]
    Address(#[source] io::Error),
    #[error("writing its configuration")]
    Config(#[source] io::Error),
    #[error(transparent)]
    Child(#[from] ChildError),
}

/// The program of this name that a shell would run.
pub(crate) fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("prometheus")).find(|file| file.is_file())
}

impl Prometheus {
    /// Starts `program`, and waits until it is ready.
    pub(crate) async fn start(
        program: &Path,
        folder: &Folder,
        jobs: &[Job],
        rules: Option<&Path>,
        client: &Client,
    ) -> Result<Self, PrometheusError> {
        let address = address::local(PORT).map_err(PrometheusError::Address)?;
        let text = config(jobs, rules, address).to_string();
        let file = folder.write("prometheus.yml", &text).map_err(PrometheusError::Config)?;
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--enable-feature=exemplar-storage", "--log.level=warn"]);
        let mut child = Child::start("Prometheus", command)?;
        child.ready(client, &format!("http://{address}/-/ready")).await?;
        Ok(Self { child, address })
    }
}

impl PrometheusError {
    /// Whether it ran, and ended.
    pub(crate) fn is_its_end(&self) -> bool {
        matches!(self, Self::Child(ChildError::Died { .. }))
    }

    /// What it says itself, in one line: of its log the first line that tells an error, else the last.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Child(error) => reason(error),
            Self::Address(error) | Self::Config(error) => format!("{self}: {error}"),
        }
    }
}

/// The same of a child.
pub(crate) fn reason(error: &ChildError) -> String {
    let log = match error {
        ChildError::Died { log, .. } | ChildError::NotReady { log, .. } => log,
        ChildError::Start { source, .. } | ChildError::Wait { source, .. } => {
            return format!("{error}: {source}");
        }
        ChildError::NotFound { .. } => return error.to_string(),
    };
    let told = log.lines().find_map(|line| line.split_once(" err=").map(|(_, told)| told));
    let told = told.map(|told| serde_json::from_str(told).unwrap_or_else(|_| told.to_owned()));
    told.or_else(|| log.lines().last().map(|line| line.trim().to_owned())).unwrap_or_default()
}

/// How a child ended, in one line.
pub(crate) fn ending(error: &ChildError) -> String {
    match error {
        ChildError::Died { name, status, .. } => {
            format!("{name} ended ({status}): {}", reason(error))
        }
        _ => error.to_string(),
    }
}

/// The configuration; JSON is YAML too, and knows how to quote.
fn config(jobs: &[Job], rules: Option<&Path>, own: SocketAddr) -> Value {
    let own: Job = ("prometheus", vec![own.to_string()]);
    let jobs = jobs
        .iter()
        .chain([&own])
        .map(|(name, targets)| json!({"job_name": name, "static_configs": [{"targets": targets}]}));
    let seconds = |span: Duration| format!("{}s", span.as_secs());
    json!({
        "global": {
            "scrape_interval": seconds(SCRAPES),
            "scrape_timeout": seconds(SCRAPES),
            "evaluation_interval": seconds(RULES),
        },
        "rule_files": rules.map(all_in).into_iter().collect::<Vec<_>>(),
        "scrape_configs": jobs.collect::<Vec<_>>(),
    })
}

/// A pattern for the rule files of a folder.
fn all_in(folder: &Path) -> String {
    let mut pattern = String::new();
    for character in folder.to_string_lossy().chars() {
        if matches!(character, '*' | '?' | '[' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "/*.yml"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_job_and_itself() {
        let own = ([127, 0, 0, 1], 23001).into();
        let jobs = [("weir-proxy", vec!["127.0.0.1:9900".to_owned()])];
        let config = config(&jobs, Some(Path::new("/a [b]/rules")), own);
        assert_eq!(config["rule_files"], json!(["/a \\[b]/rules/*.yml"]));
        let jobs = config["scrape_configs"].as_array().unwrap();
        let names: Vec<_> = jobs.iter().map(|job| job["job_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["weir-proxy", "prometheus"]);
        assert_eq!(jobs[1]["static_configs"][0]["targets"], json!(["127.0.0.1:23001"]));
    }

    #[test]
    fn no_rules_are_no_pattern() {
        assert_eq!(config(&[], None, ([127, 0, 0, 1], 1).into())["rule_files"], json!([]));
    }

    #[test]
    fn its_own_words_are_found_in_its_log() {
        let died = |log: &str| {
            let status = std::process::ExitStatus::default();
            reason(&ChildError::Died { name: "Prometheus", status, log: log.to_owned() })
        };
        let log = "  ts=1 level=warn msg=\"no retention\"\n  \
                   ts=2 level=error msg=\"loading groups failed\" err=\"/r/a.yml: 5:15: group \\\"x\\\"\"\n  \
                   ts=3 level=error err=\"error loading config\"";
        assert_eq!(died(log), "/r/a.yml: 5:15: group \"x\"");
        assert_eq!(died("  ts=2 level=error err=EOF"), "EOF");
        assert_eq!(
            died("  one\n  prometheus: error: unknown flag"),
            "prometheus: error: unknown flag"
        );
    }
}
