//! File descriptors: each request under way takes two, one per side.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// What the process needs beside its connections: listeners, logs, polls, idle upstream connections.
const OTHERS: u64 = 256;

/// Asks the system for as many as it may give. Returns for how many connections of clients that is
/// enough, and says so if that is less than the `connections` that the configuration allows.
pub(crate) fn allow(connections: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    // `None`: without a limit.
    let Some(allowed) = (if raised { maximum } else { current }) else { return usize::MAX };
    let room = usize::try_from(allowed.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX).max(1);
    if room < connections {
        warn!(
            open_files = allowed,
            "The system allows fewer open files than the {connections} connections of \
             proxy.limits.connections, over all listeners, may take: there is room for {room}. Raise \
             the limit (ulimit -n, LimitNOFILE, --ulimit nofile) or lower the other."
        );
    }
    room
}
