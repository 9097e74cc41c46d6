//! A container as its runtime describes it: plain data, and the contract between those who ask a runtime,
//! those who make something of the answer, and those who show it.

mod environment;
pub mod inspect;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::SystemTime;

pub use environment::Environment;

/// A container, running or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Without the slash that Docker puts in front.
    pub name: String,
    /// The image as it was named when the container was made, such as `vllm/vllm-openai:v0.11.0`.
    pub image: String,
    /// Labels, of the image too. Whoever starts a container writes them: they are claims.
    pub labels: BTreeMap<String, String>,
    /// What runs: entrypoint and arguments.
    pub argv: Vec<String>,
    /// Its environment, in which there are secrets.
    pub env: Environment,
    /// The part of the environment that the image brings, if it could be asked for.
    pub image_env: Option<Environment>,
    /// What it does now.
    pub state: State,
    /// How often the runtime has started it again by itself.
    pub restarts: u64,
    /// How its network is set up.
    pub network_mode: NetworkMode,
    /// Networks that it is part of, by name.
    pub networks: BTreeMap<String, Attachment>,
    /// TCP ports that its image or its maker names, with where they are published.
    pub ports: Vec<Port>,
    /// GPUs that were asked for.
    pub gpus: GpuWishes,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// As the runtime calls it.
    pub status: Status,
    /// The verdict of its health check; `None`: it has none.
    pub health: Option<Health>,
    /// Whether the kernel killed it for its use of memory the last time that it ended.
    pub oom_killed: bool,
    /// With what it ended the last time.
    pub exit_code: Option<i64>,
    /// When it was started last.
    pub started_at: Option<SystemTime>,
    /// When it ended last.
    pub finished_at: Option<SystemTime>,
}

/// What a runtime says that a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Made and not started yet.
    Created,
    /// Its first process runs.
    Running,
    /// Halted.
    Paused,
    /// It ended, and is about to be started again.
    Restarting,
    /// It ended.
    Exited,
    /// It is being taken away.
    Removing,
    /// It could not be taken away.
    Dead,
    /// Something that is not known here.
    Other,
}

/// The verdict of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Not decided yet.
    Starting,
    /// Well.
    Healthy,
    /// Not well.
    Unhealthy,
}

/// How a container's network is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// It has networks of its own.
    Networks,
    /// It uses the host's.
    Host,
    /// It uses that of the container of this id or name.
    Container(String),
    /// It has none.
    None,
}

/// A container's place in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Its addresses there, IPv4 first; none while it does not run.
    pub addresses: Vec<IpAddr>,
    /// Names by which others in that network find it.
    pub aliases: Vec<String>,
}

/// A TCP port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Inside.
    pub container: u16,
    /// Where it is published: address (unspecified for all of them) and port.
    pub published: Vec<(IpAddr, u16)>,
}

/// GPUs that were asked for, as the runtime repeats it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuWishes {
    /// Docker's `HostConfig.DeviceRequests` for GPUs.
    pub requests: Vec<DeviceRequest>,
    /// CDI names among the devices (`nvidia.com/gpu=0`), as podman lists them.
    pub cdi: Vec<String>,
    /// Whether the runtime is NVIDIA's, which goes by the environment.
    pub nvidia_runtime: bool,
}

/// One of Docker's device requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// How many; −1 for all. Without meaning where there are ids.
    pub count: i64,
    /// Indices, UUIDs or CDI names.
    pub ids: Vec<String>,
}

impl Container {
    /// Whether its first process runs.
    pub fn is_running(&self) -> bool {
        matches!(self.state.status, Status::Running | Status::Paused)
    }
}
