//! Where a container's port is reached from here.
//!
//! Only private addresses: who starts containers could otherwise send the prober, and with it a key, to
//! any server, or to the metadata service of a cloud.

mod private;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use private::{is_private, plain};

use crate::container::{Container, NetworkMode};

/// So many containers may share a network one through the other.
const DEEPEST: usize = 8;

/// So many addresses of one container are tried.
const MOST: usize = 16;

/// Longest name of a host, in bytes.
const LONGEST_NAME: usize = 253;

/// Networks that a runtime makes by itself: a common one that somebody made comes before them.
const BUILT_IN: [&str; 2] = ["bridge", "podman"];

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// An IP address without brackets, or the name of a host.
    pub host: String,
    /// There.
    pub port: u16,
    /// How it leads to the container.
    pub via: Via,
}

/// How an address leads to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// Through a network that both are in.
    SharedNetwork,
    /// Through a port that it publishes.
    Published,
    /// By its own address, from the host.
    ContainerAddress,
    /// It uses the host's network.
    HostNetwork,
    /// It uses the network of another container, which is reached there.
    ContainerNetwork,
}

impl Via {
    /// In one word, for pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SharedNetwork => "shared_network",
            Self::Published => "published",
            Self::ContainerAddress => "container_address",
            Self::HostNetwork => "host_network",
            Self::ContainerNetwork => "container_network",
        }
    }
}

impl fmt::Display for Address {
    /// As in a URL: IPv6 in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Where we are ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether in a container with a network of its own.
    pub in_container: bool,
    /// The networks of that container, by name.
    pub own_networks: BTreeSet<String>,
    /// The network that is to be used first.
    pub network: Option<String>,
    /// Where published ports, and those of the host's network, are reached.
    pub host: String,
}

/// Why a container's port can't be reached from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// It has no network.
    #[error("it has no network")]
    NoNetwork,
    /// The container whose network it uses is not there.
    #[error("it uses the network of a container that is not there")]
    NetworkOwnerMissing,
    /// Containers use each other's networks in a circle.
    #[error("it uses the network of a container that uses another's in turn, without end")]
    NetworkOwnerCircle,
    /// There are addresses, none of which is used.
    #[error("port {0}: only private addresses are used, and it has none that lead there")]
    NotPrivate(u16),
    /// It is published on the host's loopback, where only the host reaches it.
    #[error(
        "port {0} is published on the loopback of the host, which a container can't reach: attach \
         this container to one of its networks, or publish it on another address"
    )]
    HostLoopback(u16),
    /// Nothing leads there.
    #[error("port {0} is not published, and there is no network that both are in")]
    NoWay(u16),
}

/// The places where a port of a container may be reached, the likeliest first; never none.
///
/// `find` knows containers by their id or name.
///
/// # Errors
/// In words for operators why there are none.
pub fn candidates<'a>(
    container: &'a Container,
    port: u16,
    place: &Place,
    find: &dyn Fn(&str) -> Option<&'a Container>,
) -> Result<Vec<Address>, Unreachable> {
    let owner = network_owner(container, find)?;
    let mut search = Search { port, place, found: Vec::new(), public: false, loopback: false };
    match owner.network_mode {
        NetworkMode::None | NetworkMode::Container(_) => return Err(Unreachable::NoNetwork),
        NetworkMode::Host => search.add(&place.host, port, Via::HostNetwork),
        NetworkMode::Networks => search.own_network(owner),
    }
    let mut found = search.found;
    if !std::ptr::eq(owner, container) {
        for address in &mut found {
            address.via = Via::ContainerNetwork;
        }
    }
    match (found.is_empty(), search.loopback, search.public) {
        (false, ..) => Ok(found),
        (true, true, _) => Err(Unreachable::HostLoopback(port)),
        (true, false, true) => Err(Unreachable::NotPrivate(port)),
        (true, false, false) => Err(Unreachable::NoWay(port)),
    }
}

/// The container whose network it is.
fn network_owner<'a>(
    container: &'a Container,
    find: &dyn Fn(&str) -> Option<&'a Container>,
) -> Result<&'a Container, Unreachable> {
    let mut owner = container;
    for _ in 0..DEEPEST {
        let NetworkMode::Container(next) = &owner.network_mode else { return Ok(owner) };
        owner = find(next).ok_or(Unreachable::NetworkOwnerMissing)?;
    }
    Err(Unreachable::NetworkOwnerCircle)
}

struct Search<'a> {
    port: u16,
    place: &'a Place,
    found: Vec<Address>,
    /// An address was passed over since it is not private.
    public: bool,
    /// A port was passed over since it is published on the host's loopback.
    loopback: bool,
}

impl Search<'_> {
    fn own_network(&mut self, owner: &Container) {
        if self.place.in_container {
            self.attachments(owner, Via::SharedNetwork, |name| {
                self.place.own_networks.contains(name)
            });
        }
        let inside = self.port;
        let ports = owner.ports.iter().filter(|known| known.container == inside);
        for (ip, port) in ports.flat_map(|known| &known.published) {
            self.published(*ip, *port);
        }
        if !self.place.in_container {
            self.attachments(owner, Via::ContainerAddress, |_| true);
        }
    }

    /// Its own addresses: in the network that is asked for first, then in those that somebody made.
    fn attachments(&mut self, owner: &Container, via: Via, wanted: impl Fn(&str) -> bool) {
        let mut networks: Vec<_> = owner.networks.iter().filter(|(name, _)| wanted(name)).collect();
        networks.sort_by_key(|(name, _)| {
            let name = name.as_str();
            (self.place.network.as_deref() != Some(name), BUILT_IN.contains(&name))
        });
        for ip in networks.into_iter().flat_map(|(_, attachment)| &attachment.addresses) {
            let ip = plain(*ip);
            if ip.is_loopback() || !is_private(ip) {
                self.public = true;
            } else {
                self.add(&ip.to_string(), self.port, via);
            }
        }
    }

    fn published(&mut self, ip: IpAddr, port: u16) {
        let ip = plain(ip);
        if ip.is_unspecified() {
            self.add(&self.place.host, port, Via::Published);
        } else if ip.is_loopback() && self.place.in_container {
            self.loopback = true;
        } else if is_private(ip) {
            self.add(&ip.to_string(), port, Via::Published);
        } else {
            self.public = true;
        }
    }

    fn add(&mut self, host: &str, port: u16, via: Via) {
        if port == 0 || !is_host(host) || self.found.len() == MOST {
            return;
        }
        if !self.found.iter().any(|known| known.host == host && known.port == port) {
            self.found.push(Address { host: host.to_owned(), port, via });
        }
    }
}

/// An IP address, or a name that DNS allows.
fn is_host(host: &str) -> bool {
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !part.starts_with('-')
    };
    host.parse::<IpAddr>().is_ok()
        || (host.len() <= LONGEST_NAME && host.trim_end_matches('.').split('.').all(part))
}
