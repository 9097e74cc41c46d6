//! Where discovery itself runs: on a host, or in a container that shares networks with others.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Place;
use crate::config::Watching;
use crate::container::{Container, NetworkMode};

/// What this process finds out about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// The id of the container that it runs in, or the first digits of it.
    pub(crate) id: Option<String>,
}

impl Own {
    /// Reads it from the files of the system.
    pub(crate) fn find() -> Self {
        let exists = |path: &str| std::path::Path::new(path).exists();
        let in_container = exists("/.dockerenv") || exists("/run/.containerenv");
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let id = own_id(&read("/proc/self/mountinfo"), read("/etc/hostname").trim());
        Self { id: id.filter(|_| in_container) }
    }

    /// Where that is among `containers`.
    pub(crate) fn place(
        &self,
        containers: &BTreeMap<String, Container>,
        watching: &Watching,
    ) -> Place {
        let own = self.id.as_ref().and_then(|id| {
            let mut those = containers.values();
            those.find(|container| container.id.starts_with(id.as_str()))
        });
        let own_networks: BTreeSet<String> =
            own.map(|own| own.networks.keys().cloned().collect()).unwrap_or_default();
        let has_own_network = own.is_some_and(|own| own.network_mode != NetworkMode::Host);
        Place {
            // Not in one of this runtime's: then it is as on its host, as far as anybody can tell.
            in_container: has_own_network,
            own_networks,
            network: watching.network.clone(),
            host: watching.host.clone(),
        }
    }
}

/// The id of the container that these mounts are of: its runtime mounts `/etc/hostname` from a folder
/// of that name. Else what Docker takes for a hostname unless told otherwise, the id's first 12 digits.
fn own_id(mountinfo: &str, hostname: &str) -> Option<String> {
    let is_hex = |text: &&str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let files = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    let mounted = mountinfo.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        files.contains(&at).then_some(root)
    });
    let mut parts = mounted.flat_map(|root| root.split('/'));
    let id = parts.find(|part| part.len() == 64 && is_hex(part));
    id.or_else(|| Some(hostname).filter(|name| name.len() == 12 && is_hex(name))).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_finds_itself_by_its_mounts() {
        let id = "0123456789abcdef".repeat(4);
        let docker = format!(
            "1 2 8:1 / / rw - ext4 /dev/sda1 rw\n\
             611 603 8:1 /var/lib/docker/containers/{id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n"
        );
        let podman = format!(
            "611 603 0:25 /containers/overlay-containers/{id}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n"
        );
        for mountinfo in [docker, podman] {
            assert_eq!(own_id(&mountinfo, "web"), Some(id.clone()));
        }
        assert_eq!(own_id("", "0123456789ab"), Some("0123456789ab".to_owned()));
        assert_eq!(own_id("611 603 8:1 / /etc/hostname rw", "gpu-server-01"), None);
    }
}
