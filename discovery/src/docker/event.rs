//! What runtimes call the things that happen. Docker and podman differ.

use crate::follow::Action;

/// The names that are asked for: health checks that run commands are many, and none of them matters.
pub(super) const NAMES: [&str; 16] = [
    "create",
    "start",
    "restart",
    "die",
    "died",
    "stop",
    "cleanup",
    "oom",
    "destroy",
    "remove",
    "rename",
    "pause",
    "unpause",
    "health_status",
    "connect",
    "disconnect",
];

/// An event of the type `container`. Some carry more after a colon: `health_status: healthy`.
pub(super) fn of_container(action: &str) -> Action {
    match action.split(':').next().unwrap_or_default() {
        "create" => Action::Create,
        "start" | "restart" => Action::Start,
        "die" | "died" | "stop" | "cleanup" => Action::Die,
        "oom" => Action::Oom,
        "destroy" | "remove" => Action::Destroy,
        "rename" => Action::Rename,
        "pause" => Action::Pause,
        "unpause" => Action::Unpause,
        "health_status" => Action::Health,
        _ => Action::Other,
    }
}

/// An event of the type `network` that names a container.
pub(super) fn of_network(action: &str) -> Action {
    match action {
        "connect" | "disconnect" => Action::NetworkChanged,
        _ => Action::Other,
    }
}
