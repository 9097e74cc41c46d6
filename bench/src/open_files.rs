//! The limit of open files, which thousands of connections reach.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process has open beside its connections.
const OTHERS: u64 = 64;

/// The system does not let this process open enough.
#[derive(Debug, thiserror::Error)]
#[error(
    "{connections} connections at once need {needed} open files, and this process may have {allowed}: raise the hard \
     limit (`ulimit -Hn {needed}`) or ask for fewer streams"
)]
pub(crate) struct TooFewFiles {
    connections: usize,
    needed: u64,
    allowed: u64,
}

/// Raises the soft limit to the hard one, which processes started from here inherit.
pub(crate) fn allow(connections: usize) -> Result<(), TooFewFiles> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    check(if raised { maximum } else { current }, connections)
}

/// `allowed`: `None` is without a limit.
fn check(allowed: Option<u64>, connections: usize) -> Result<(), TooFewFiles> {
    let needed = connections as u64 + OTHERS;
    match allowed {
        Some(allowed) if allowed < needed => Err(TooFewFiles { connections, needed, allowed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::{allow, check};

    #[test]
    fn all_that_the_system_gives_is_taken() {
        allow(1).unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }

    #[test]
    fn too_few_are_refused_with_what_is_needed() {
        check(None, 5_000).unwrap();
        check(Some(5_064), 5_000).unwrap();
        let text = check(Some(1_024), 5_000).unwrap_err().to_string();
        assert!(text.contains("need 5064 open files") && text.contains("have 1024"), "{text}");
    }
}
