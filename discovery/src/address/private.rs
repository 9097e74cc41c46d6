//! Which IP addresses are private.

use std::net::{IpAddr, Ipv4Addr};

/// An IPv4 address in IPv6 clothes as what it is.
pub(super) fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// Loopback, RFC 1918, the shared space of RFC 6598 and unique local addresses. Link-local ones are not:
/// the metadata services of clouds have such.
pub(super) fn is_private(ip: IpAddr) -> bool {
    match plain(ip) {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || is_shared(ip),
        // fd00:ec2::254 is a metadata service as well.
        IpAddr::V6(ip) => {
            ip.is_loopback() || (ip.is_unique_local() && ip.segments()[..2] != [0xfd00, 0x0ec2])
        }
    }
}

/// 100.64.0.0/10, less the metadata service that one cloud has there.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xc0 == 64 && ip != Ipv4Addr::new(100, 100, 100, 200)
}
