//! The TCP ports of a container, and where they are published.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::entries;
use crate::container::Port;

const MOST_PORTS: usize = 256;
const MOST_PLACES: usize = 16;

/// Ports that the image exposes, that were asked to be published, and that are.
pub(super) fn read(inspect: &Value) -> Vec<Port> {
    let mut ports: BTreeMap<u16, Vec<(IpAddr, u16)>> = BTreeMap::new();
    for named in ["/Config/ExposedPorts", "/HostConfig/PortBindings"] {
        let named = entries(inspect, named).filter_map(|(name, _)| tcp(name));
        ports.extend(named.take(MOST_PORTS).map(|port| (port, Vec::new())));
    }
    for (name, places) in entries(inspect, "/NetworkSettings/Ports").take(MOST_PORTS) {
        let Some(port) = tcp(name) else { continue };
        let places = places.as_array().into_iter().flatten().filter_map(place).collect();
        ports.insert(port, without_duplicates(places));
    }
    let port = |(container, published)| Port { container, published };
    ports.into_iter().take(MOST_PORTS).map(port).collect()
}

/// The port of `8000/tcp`.
fn tcp(name: &str) -> Option<u16> {
    let port = match name.split_once('/') {
        Some((port, "tcp")) => port,
        Some(_) => return None,
        None => name,
    };
    port.parse().ok().filter(|port| *port != 0)
}

fn place(published: &Value) -> Option<(IpAddr, u16)> {
    let address = match published.get("HostIp").and_then(Value::as_str).unwrap_or_default() {
        "" => Ipv4Addr::UNSPECIFIED.into(),
        text => text.parse().ok()?,
    };
    let port = match published.get("HostPort")? {
        Value::String(text) => text.parse().ok()?,
        number => u16::try_from(number.as_u64()?).ok()?,
    };
    (port != 0).then_some((address, port))
}

/// Docker publishes for IPv4 and for IPv6, and lists both.
fn without_duplicates(mut places: Vec<(IpAddr, u16)>) -> Vec<(IpAddr, u16)> {
    places.sort_unstable();
    places.dedup();
    let everywhere = |port| (IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    let is_double = |(address, port): &(IpAddr, u16)| {
        *address == Ipv6Addr::UNSPECIFIED && places.contains(&everywhere(*port))
    };
    places.iter().filter(|place| !is_double(place)).take(MOST_PLACES).copied().collect()
}
