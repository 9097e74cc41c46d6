//! Networks from which a route may be used.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network such as `10.0.0.0/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `ADDRESS/PREFIX`, or an address alone; on an error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "a network such as \"10.0.0.0/8\" or \"fd00::/8\", or an address".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if address != address.to_canonical() {
            return Err("an IPv4 network without \"::ffff:\" before it".to_owned());
        }
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= longest).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
            None => longest,
        };
        let network = Self { address: masked(address, prefix), prefix };
        if network.address != address {
            return Err(format!("{network}, where the network begins"));
        }
        Ok(network)
    }

    /// Whether `address` belongs to it. An IPv4 address is one however the socket writes it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The address with nothing behind its first `prefix` bits.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_its_networks() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.168.4.0/22", "192.168.7.9", "192.168.8.0"),
            ("127.0.0.1/32", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "fe80::1", "10.0.0.1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("2001:db8::8000/113", "2001:db8::ffff", "2001:db8::7fff"),
            ("::1", "::1", "::2"),
            // How a socket for both families writes IPv4 clients.
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{inside} in {network}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{outside} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_says_what_is() {
        let network = "a network such as \"10.0.0.0/8\" or \"fd00::/8\", or an address";
        for (text, expected) in [
            ("", network),
            ("localhost", network),
            ("10.0.0.0/33", network),
            ("::/129", network),
            ("10.0.0.0/", network),
            ("10.0.0.0/+8", network),
            ("10.0.0.0/8/8", network),
            ("10.0.0.0/256", network),
            ("10.0.0/8", network),
            ("10.0.0.1/8", "10.0.0.0/8, where the network begins"),
            ("fd00::1/8", "fd00::/8, where the network begins"),
            ("::ffff:10.0.0.0/104", "an IPv4 network without \"::ffff:\" before it"),
        ] {
            assert_eq!(Network::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
