//! The container runtime's API, Docker's or podman's, through bollard: the one file that names it.
//!
//! It only ever reads: `GET /version`, `/containers/json`, `/containers/{id}/json`, `/images/{id}/json` and
//! `/events`. Nothing that the runtime says is in an error, since environments hold secrets.

mod endpoint;
mod event;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::{EventsOptionsBuilder, ListContainersOptionsBuilder};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;

use self::endpoint::Endpoint;
use crate::container::{Environment, inspect};
use crate::follow::{Connect, Runtime, RuntimeError, RuntimeEvent};

const VERSION: &str = "GET /version";
const LIST: &str = "GET /containers/json";
const INSPECT: &str = "GET /containers/{id}/json";
const IMAGE: &str = "GET /images/{id}/json";
const EVENTS: &str = "GET /events";

/// How a container runtime is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerConfig {
    /// A socket's path, or an address as in `DOCKER_HOST`; `None`: what the environment says, else the usual
    /// sockets of Docker and podman.
    pub address: Option<String>,
    /// For each answer.
    pub timeout: Duration,
    /// How often everything is read anew.
    pub resync: Duration,
}

impl Default for DockerConfig {
    fn default() -> Self {
        let (timeout, resync) = (Duration::from_secs(5), Duration::from_secs(60));
        Self { address: None, timeout, resync }
    }
}

/// Where a runtime is looked for.
#[derive(Clone, Debug)]
pub struct Daemon(DockerConfig);

/// A runtime that has answered.
#[derive(Debug)]
pub struct Connection {
    docker: Docker,
    timeout: Duration,
}

impl Daemon {
    /// Nothing is asked yet.
    pub const fn new(config: DockerConfig) -> Self {
        Self(config)
    }
}

impl Connect for Daemon {
    type Runtime = Connection;

    async fn connect(&self) -> Result<Connection, RuntimeError> {
        let DockerConfig { address, timeout, .. } = &self.0;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = endpoint::find(address.as_deref(), variable, |path| path.exists())?;
        let docker =
            open(&endpoint, *timeout).map_err(|error| failed(VERSION, &error, *timeout))?;
        let docker = within(*timeout, VERSION, docker.negotiate_version()).await?;
        Ok(Connection { docker, timeout: *timeout })
    }
}

impl Runtime for Connection {
    async fn list(&self) -> Result<Vec<String>, RuntimeError> {
        let all = ListContainersOptionsBuilder::new().all(true).build();
        let list = self.read(LIST, self.docker.list_containers(Some(all))).await?;
        let list = list.as_array().ok_or(RuntimeError::Unreadable { what: LIST })?;
        let mut found: Vec<(bool, &str)> = list
            .iter()
            .filter_map(|container| {
                let id = container.get("Id")?.as_str().filter(|id| inspect::is_id(id))?;
                let state = container.get("State").and_then(Value::as_str);
                Some((state != Some("running"), id))
            })
            .collect();
        // Those that run first, the newest of them before the others, as Docker lists them.
        found.sort_by_key(|(is_ended, _)| *is_ended);
        Ok(found.into_iter().map(|(_, id)| id.to_owned()).collect())
    }

    async fn inspect(&self, id: &str) -> Result<Value, RuntimeError> {
        if !inspect::is_id(id) {
            return Err(RuntimeError::Gone { what: INSPECT });
        }
        self.read(INSPECT, self.docker.inspect_container(id, None)).await
    }

    async fn image_environment(&self, image: &str) -> Option<Environment> {
        let description = self.read(IMAGE, self.docker.inspect_image(image)).await.ok()?;
        Some(inspect::image_environment(&description))
    }

    fn events(&self, since: SystemTime) -> BoxStream<'static, Result<RuntimeEvent, RuntimeError>> {
        let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let filters: HashMap<String, Vec<String>> = HashMap::from([
            ("type".to_owned(), names(&["container", "network"])),
            ("event".to_owned(), names(&event::NAMES)),
        ]);
        let options = EventsOptionsBuilder::new()
            .since(&since.as_secs().to_string())
            .filters(&filters)
            .build();
        let timeout = self.timeout;
        let events = self.docker.events(Some(options));
        let read = move |said: Result<EventMessage, Error>| async move {
            match said {
                Ok(message) => happened(&message).map(Ok),
                Err(error) => Some(Err(failed(EVENTS, &error, timeout))),
            }
        };
        events.filter_map(read).boxed()
    }
}

impl Connection {
    /// An answer as JSON. bollard knows names for states and the like and refuses others: then its error holds
    /// what was said.
    async fn read<T: serde::Serialize>(
        &self,
        what: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<Value, RuntimeError> {
        let unreadable = RuntimeError::Unreadable { what };
        let answer = tokio::time::timeout(self.timeout, answer)
            .await
            .map_err(|_| RuntimeError::Timeout { what, after: self.timeout })?;
        match answer {
            Ok(answer) => serde_json::to_value(answer).map_err(|_| unreadable),
            Err(Error::JsonDataError { contents, .. }) => {
                serde_json::from_str(&contents).map_err(|_| unreadable)
            }
            Err(error) => Err(failed(what, &error, self.timeout)),
        }
    }
}

fn open(endpoint: &Endpoint, timeout: Duration) -> Result<Docker, Error> {
    let seconds = timeout.as_secs().max(1);
    let newest = bollard::API_DEFAULT_VERSION;
    match endpoint {
        Endpoint::Socket(path) => Docker::connect_with_unix(path, seconds, newest),
        Endpoint::Plain(address) => Docker::connect_with_http(address, seconds, newest),
        Endpoint::Tls { address, certificates: folder } => {
            let file = |name| folder.join(name);
            let (key, certificate, trusted) = (file("key.pem"), file("cert.pem"), file("ca.pem"));
            Docker::connect_with_ssl(address, &key, &certificate, &trusted, seconds, newest)
        }
    }
}

async fn within<T>(
    timeout: Duration,
    what: &'static str,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, RuntimeError> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answer) => answer.map_err(|error| failed(what, &error, timeout)),
        Err(_) => Err(RuntimeError::Timeout { what, after: timeout }),
    }
}

fn happened(message: &EventMessage) -> Option<RuntimeEvent> {
    let actor = message.actor.as_ref()?;
    let action = message.action.as_deref()?;
    let (container, action) = match message.typ? {
        EventMessageTypeEnum::CONTAINER => (actor.id.as_ref()?, event::of_container(action)),
        EventMessageTypeEnum::NETWORK => {
            (actor.attributes.as_ref()?.get("container")?, event::of_network(action))
        }
        _ => return None,
    };
    let at = match (message.time_nano, message.time) {
        (Some(nanos), _) if nanos > 0 => Duration::from_nanos(nanos.unsigned_abs()),
        (_, Some(seconds)) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
        _ => Duration::ZERO,
    };
    let at = SystemTime::UNIX_EPOCH.checked_add(at).filter(|_| !at.is_zero());
    inspect::is_id(container).then(|| RuntimeEvent { container: container.clone(), action, at })
}

/// In words for operators. bollard's own words quote what was said.
fn failed(what: &'static str, error: &Error, timeout: Duration) -> RuntimeError {
    let reason = match error {
        Error::DockerResponseServerError { status_code: 404, .. } if what != VERSION => {
            return RuntimeError::Gone { what };
        }
        Error::DockerResponseServerError { status_code: status, .. } => {
            return RuntimeError::Status { what, status: *status };
        }
        Error::RequestTimeoutError => return RuntimeError::Timeout { what, after: timeout },
        Error::SocketNotFoundError(path) => format!("there is no socket at {path}"),
        Error::CertPathError { path } => format!("can't read {}", path.display()),
        Error::CertParseError { path } => format!("{} holds no certificate or key", path.display()),
        Error::NoNativeCertsError { .. } | Error::LoadNativeCertsErrors { .. } => {
            "the system's certificates can't be read".to_owned()
        }
        Error::HyperResponseError { .. }
        | Error::HyperLegacyError { .. }
        | Error::IOError { .. } => transport(error),
        _ => return RuntimeError::Unreadable { what },
    };
    RuntimeError::Failed { what, reason }
}

/// What lies at the bottom of a connection that failed.
fn transport(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::PermissionDenied) => {
            "permission denied; the socket's group, mostly `docker`, must be one of this process"
                .to_owned()
        }
        _ => innermost.to_string(),
    }
}
