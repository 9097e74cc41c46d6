//! The page's configuration: read strictly, then resolved to plain types that need no defaults.

mod label_studio;
mod url;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_daemon::admin::AdminAccess;
use weir_daemon::config::{ConfigError, Layers, Loaded, RawAdminAccess, Sources as Layered, Table};
use weir_daemon::program::AdminAddress;

use self::label_studio::RawLabelStudio;
use super::live::Sources;
use crate::label_studio::LabelStudio;
use crate::prometheus::{Login, WHOLE_LOGIN};
use crate::store::Store;

/// What was configured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Where the page is, with metrics, health and status.
    pub(super) listen: SocketAddr,
    /// Who may see it.
    pub(super) admin_access: Arc<AdminAccess>,
    /// The files that say so.
    admin_secret_files: Vec<PathBuf>,
    /// The file with the runs.
    pub(super) store: PathBuf,
    /// Names by which the page is reached, beside IP addresses and localhost.
    pub(super) hosts: Vec<String>,
    pub(super) sources: Sources,
    pub(super) links: Links,
    pub(super) label_studio: Option<LabelStudio>,
}

/// Where else to look.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grafana: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<String>,
    /// With `{trace_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace: Option<String>,
}

/// `[loadtest]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLoadtest {
    listen: SocketAddr,
    admin_access: RawAdminAccess,
    store: Option<PathBuf>,
    hosts: Vec<String>,
    prometheus: Option<String>,
    prometheus_user: Option<String>,
    prometheus_password_file: Option<PathBuf>,
    prometheus_password_env: Option<String>,
    proxy: String,
    gpu_exporter: String,
    discovery: String,
    grafana: Option<String>,
    logs: Option<String>,
    trace: Option<String>,
    label_studio: Option<RawLabelStudio>,
}

impl Default for RawLoadtest {
    fn default() -> Self {
        Self {
            listen: Config::ADMIN.default,
            admin_access: RawAdminAccess::default(),
            store: None,
            hosts: Vec::new(),
            prometheus: None,
            prometheus_user: None,
            prometheus_password_file: None,
            prometheus_password_env: None,
            proxy: "http://127.0.0.1:9900/metrics".to_owned(),
            gpu_exporter: "http://127.0.0.1:9445/metrics".to_owned(),
            discovery: "http://127.0.0.1:9901/metrics".to_owned(),
            grafana: None,
            logs: None,
            trace: None,
            label_studio: None,
        }
    }
}

impl Config {
    /// Where the page is, and which key says otherwise.
    pub(super) const ADMIN: AdminAddress = AdminAddress {
        table: Table::Loadtest,
        key: "listen",
        default: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8001),
    };

    /// Reads, checks and resolves the layers.
    pub(super) fn load(layers: &Layers) -> Result<Self, ConfigError> {
        let loaded: Loaded<RawLoadtest> = Layered::read(layers)?.table(Table::Loadtest)?;
        let raw = &loaded.value;
        let admin_access = raw.admin_access.read(&loaded, "loadtest.admin_access")?;
        let link = |key, text: &Option<String>| {
            text.as_ref().map(|text| url::link(&loaded, key, text)).transpose()
        };
        let sources = Sources {
            prometheus: url::prometheus(&loaded, raw.prometheus.as_deref())?,
            login: login(&loaded)?,
            proxy: url::exporter(&loaded, "loadtest.proxy", &raw.proxy)?,
            gpu_exporter: url::exporter(&loaded, "loadtest.gpu_exporter", &raw.gpu_exporter)?,
            discovery: url::exporter(&loaded, "loadtest.discovery", &raw.discovery)?,
        };
        let links = Links {
            grafana: link("loadtest.grafana", &raw.grafana)?,
            logs: link("loadtest.logs", &raw.logs)?,
            trace: raw.trace.as_ref().map(|text| url::trace(&loaded, text)).transpose()?,
        };
        let label_studio = raw.label_studio.as_ref().map(|raw| raw.read(&loaded)).transpose()?;
        Ok(Self {
            listen: raw.listen,
            admin_access: Arc::new(admin_access),
            admin_secret_files: raw.admin_access.files(),
            store: store(&loaded)?,
            hosts: hosts(&loaded)?,
            sources,
            links,
            label_studio,
        })
    }

    /// The files whose content is in force while the page is served, the configuration's own among them.
    pub(super) fn files(&self, own: Option<&Path>) -> Vec<PathBuf> {
        own.map(Path::to_owned).into_iter().chain(self.admin_secret_files.clone()).collect()
    }

    /// Takes what can be changed while it runs, who may see the page, from `new`. The rest stays; whether any of it
    /// differs is returned.
    pub(super) fn reload(&mut self, new: Self) -> bool {
        let Self { admin_access, admin_secret_files, .. } = new.clone();
        *self = Self { admin_access, admin_secret_files, ..self.clone() };
        *self != new
    }
}

fn login(loaded: &Loaded<RawLoadtest>) -> Result<Option<Login>, ConfigError> {
    let RawLoadtest {
        prometheus_user: user,
        prometheus_password_file: file,
        prometheus_password_env: variable,
        ..
    } = &loaded.value;
    Login::of(user.clone(), file.clone(), variable.clone()).map_err(|_incomplete| {
        let found = user.as_ref().map_or_else(|| "nothing".to_owned(), |user| format!("{user:?}"));
        loaded.invalid("loadtest.prometheus_user", found, WHOLE_LOGIN)
    })
}

fn store(loaded: &Loaded<RawLoadtest>) -> Result<PathBuf, ConfigError> {
    match &loaded.value.store {
        Some(path) if path.as_os_str().is_empty() => Err(loaded.invalid(
            "loadtest.store",
            "\"\"",
            "a file, such as \"/var/lib/weir/runs.db\"",
        )),
        Some(path) => Ok(path.clone()),
        None => Store::default_path().map_err(|_| {
            let expected =
                "a file, such as \"/var/lib/weir/runs.db\": without HOME there is no default";
            loaded.invalid("loadtest.store", "nothing", expected)
        }),
    }
}

/// Names as a browser writes them in `Host`, without a port.
fn hosts(loaded: &Loaded<RawLoadtest>) -> Result<Vec<String>, ConfigError> {
    let is_name = |host: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        !host.is_empty() && host.len() <= 253 && host.chars().all(is_part)
    };
    for (at, host) in loaded.value.hosts.iter().enumerate() {
        if !is_name(host) {
            let expected = "the name of a host without a port, such as \"benchmarks.example\"";
            return Err(loaded.invalid(
                &format!("loadtest.hosts.{at}"),
                format!("{host:?}"),
                expected,
            ));
        }
    }
    Ok(loaded.value.hosts.iter().map(|host| host.to_ascii_lowercase()).collect())
}
