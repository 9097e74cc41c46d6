//! How a container's network is set up, and its place in networks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::bounds::shown;
use super::{LONGEST_NAME, entries, text, texts};
use crate::container::{Attachment, NetworkMode};

const MOST_NETWORKS: usize = 64;
const MOST_ALIASES: usize = 64;

pub(super) fn mode(inspect: &Value) -> NetworkMode {
    match text(inspect, "/HostConfig/NetworkMode") {
        "host" => NetworkMode::Host,
        "none" => NetworkMode::None,
        // `default`, `bridge`, podman's `slirp4netns` and `pasta`, or the name of a network.
        other => match other.strip_prefix("container:") {
            Some(whose) => NetworkMode::Container(shown(whose, LONGEST_NAME)),
            None => NetworkMode::Networks,
        },
    }
}

/// The networks that it is part of. Docker lists the host's and none as networks too.
pub(super) fn attachments(inspect: &Value, mode: &NetworkMode) -> BTreeMap<String, Attachment> {
    if *mode != NetworkMode::Networks {
        return BTreeMap::new();
    }
    let mut networks: BTreeMap<String, Attachment> = entries(inspect, "/NetworkSettings/Networks")
        .map(|(name, network)| (shown(name, LONGEST_NAME), attachment(network)))
        .take(MOST_NETWORKS)
        .collect();
    // Older podmans have an address and no networks.
    let alone = addresses(inspect, "/NetworkSettings");
    if networks.is_empty() && !alone.is_empty() {
        let attachment = Attachment { addresses: alone, aliases: Vec::new() };
        networks.insert("bridge".to_owned(), attachment);
    }
    networks
}

fn attachment(network: &Value) -> Attachment {
    let mut aliases: Vec<String> = Vec::new();
    for alias in texts(network, "/Aliases").chain(texts(network, "/DNSNames")) {
        let alias = shown(alias, LONGEST_NAME);
        if aliases.len() < MOST_ALIASES && !alias.is_empty() && !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    Attachment { addresses: addresses(network, ""), aliases }
}

fn addresses(value: &Value, place: &str) -> Vec<IpAddr> {
    ["IPAddress", "GlobalIPv6Address"]
        .into_iter()
        .filter_map(|name| text(value, &format!("{place}/{name}")).parse().ok())
        .filter(|address: &IpAddr| !address.is_unspecified())
        .collect()
}
