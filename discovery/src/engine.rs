//! An engine as discovery knows it at a moment: plain data for those who show it and join it.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// An engine, found or named by hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineView {
    /// The container's name, or the one that was given by hand: the label `container`.
    pub container: String,
    /// 64 hexadecimal digits; empty for engines by hand.
    pub container_id: String,
    /// The name of its route, if it has one.
    pub route: Option<String>,
    /// Names under which it serves models, the one in its metrics first, aliases and adapters after it.
    pub models: Vec<String>,
    /// Its version, if it is known.
    pub version: Option<String>,
    /// Where others may reach it: every address and name of it with the port there, published ones too.
    pub reached_at: BTreeSet<(String, u16)>,
    /// Its addresses.
    pub addresses: BTreeSet<IpAddr>,
}
