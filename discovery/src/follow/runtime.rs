//! A container runtime as it is followed: what can be asked of it, and why that may fail.

use std::time::{Duration, SystemTime};

use futures_util::stream::BoxStream;
use serde_json::Value;

use crate::container::Environment;

/// How a runtime is reached, again and again.
pub trait Connect: Send + Sync + 'static {
    /// What a connection is.
    type Runtime: Runtime;

    /// Connects and finds out what the runtime can do.
    fn connect(&self) -> impl Future<Output = Result<Self::Runtime, RuntimeError>> + Send;
}

/// A runtime that can be asked. Each question has a bound in time; none changes anything.
pub trait Runtime: Send + Sync + 'static {
    /// Ids of all containers, those that run first.
    fn list(&self) -> impl Future<Output = Result<Vec<String>, RuntimeError>> + Send;

    /// A container's description.
    fn inspect(&self, id: &str) -> impl Future<Output = Result<Value, RuntimeError>> + Send;

    /// The environment that an image brings; `None` where the runtime does not say.
    fn image_environment(&self, image: &str) -> impl Future<Output = Option<Environment>> + Send;

    /// What happens, from a moment on. It is asked for once the stream is polled.
    fn events(&self, since: SystemTime) -> BoxStream<'static, Result<RuntimeEvent, RuntimeError>>;
}

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeEvent {
    /// To which one: 64 hexadecimal digits.
    pub container: String,
    /// What.
    pub action: Action,
    /// When, by the runtime's clock.
    pub at: Option<SystemTime>,
}

/// What happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Create,
    /// It was started.
    Start,
    /// It ended.
    Die,
    /// The kernel killed a process of it for its use of memory.
    Oom,
    /// It is gone.
    Destroy,
    /// It has another name.
    Rename,
    /// It was halted.
    Pause,
    /// It goes on.
    Unpause,
    /// Its health check came to another verdict.
    Health,
    /// It was connected to a network, or disconnected from one.
    NetworkChanged,
    /// Something that changes nothing that is looked at here.
    Other,
}

/// Why a runtime can't be asked. In words for operators: nothing that the runtime says is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// There is none where one is looked for.
    #[error(
        "no container runtime's socket at {}; DOCKER_HOST or the configuration can name another",
        .0.join(", ")
    )]
    Absent(Vec<String>),
    /// The address is none that can be used.
    #[error("the container runtime's address {0}")]
    Address(String),
    /// No connection, or it broke.
    #[error("{what}: {reason}")]
    Failed {
        /// What was asked for.
        what: &'static str,
        /// What lies at the bottom of it.
        reason: String,
    },
    /// It took too long.
    #[error("{what}: no answer within {after:?}")]
    Timeout {
        /// What was asked for.
        what: &'static str,
        /// The bound.
        after: Duration,
    },
    /// It is not there any more.
    #[error("{what}: not found (status 404)")]
    Gone {
        /// What was asked for.
        what: &'static str,
    },
    /// It answers with an error.
    #[error("{what}: answered with status {status}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// The status code.
        status: u16,
    },
    /// The answer can't be read.
    #[error("{what}: the answer is not the JSON that was expected")]
    Unreadable {
        /// What was asked for.
        what: &'static str,
    },
    /// The stream of events has ended.
    #[error("GET /events: the stream has ended")]
    Ended,
}
