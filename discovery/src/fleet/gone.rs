//! Containers that have ended, and whose address somebody else has since. What is asked there, or sent there, was
//! not meant for whoever that is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Member, Said};
use crate::container::Container;

/// Notes which members have been replaced, whatever it is that runs there now.
pub(super) fn replaced(
    members: &mut BTreeMap<String, Member>,
    by_id: &BTreeMap<String, Container>,
    said: &Said<'_>,
) {
    let running = || by_id.values().filter(|container| container.is_running());
    let addresses: BTreeSet<IpAddr> = running()
        .flat_map(|container| container.networks.values())
        .flat_map(|network| network.addresses.iter().copied())
        .collect();
    let published: BTreeSet<(String, u16)> = running()
        .flat_map(|container| container.ports.iter().flat_map(|port| &port.published))
        .map(|(ip, port)| match ip.is_unspecified() {
            true => (said.watching.host.clone(), *port),
            false => (ip.to_string(), *port),
        })
        .collect();
    let is_taken = |host: &str, port: u16| {
        let address = host.trim_matches(['[', ']']).parse();
        address.is_ok_and(|address| addresses.contains(&address))
            || published.contains(&(host.to_owned(), port))
    };
    for member in members.values_mut() {
        member.is_replaced = !member.runs()
            && member.place().is_some_and(|url| {
                let port = url.port_or_known_default().unwrap_or_default();
                is_taken(url.host_str().unwrap_or_default(), port)
            });
        let is_gone = |at: &&super::member::Scraped| is_taken(&at.address.host, at.address.port);
        if !member.runs() && member.scraped.as_ref().filter(is_gone).is_some() {
            member.scraped = None;
        }
    }
}
