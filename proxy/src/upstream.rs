//! Where requests of a route go: an upstream's address, and how Pingora is to reach it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use pingora::protocols::l4::socket::SocketAddr as PeerAddr;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};

use crate::late_read::LateReads;
use crate::name::Name;

/// uvicorn closes an idle connection after 5 s; one that Weir holds for less is never stale by age.
const IDLE: Duration = Duration::from_secs(4);

/// How long a connection may have been idle that takes a body which can't be sent again: no server that keeps
/// connections closes them so soon without having said so.
const RECENT: Duration = Duration::from_millis(500);

/// How long an upstream may take no byte of a request. Answers have no limit.
const SENDING: Duration = Duration::from_secs(120);

/// An upstream: scheme, host and port.
#[derive(Debug)]
pub struct Upstream {
    url: String,
    host: String,
    place: Place,
    tls: bool,
    tls_verify: bool,
    /// The `host` header to send instead of the client's.
    host_header: Option<String>,
}

/// What the host of the URL is.
#[derive(Debug)]
enum Place {
    Address(SocketAddr),
    Name(Arc<Name>),
}

impl PartialEq for Upstream {
    fn eq(&self, other: &Self) -> bool {
        (&self.url, self.tls_verify, &self.host_header)
            == (&other.url, other.tls_verify, &other.host_header)
    }
}

/// Which connection is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Pooled,
    /// One that was in use a moment ago, or else a fresh one.
    Recent,
    Fresh,
    /// Fresh, and made so that Pingora does not lose the session.
    WebSocket,
}

impl Upstream {
    /// Reads `http://HOST:PORT` or `https://HOST[:PORT]`; the error says what was expected.
    pub fn parse(url: &str, own_host: bool, tls_verify: bool) -> Result<Self, &'static str> {
        const EXPECTED: &str =
            "a URL such as \"http://127.0.0.1:8000\" or \"https://api.example.com\"";
        let uri: Uri = url.parse().map_err(|_| EXPECTED)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(EXPECTED);
        };
        if uri.path() != "/" || uri.query().is_some() {
            return Err("a URL without a path: paths go through as clients send them \
                        (leave out \"/v1\")");
        }
        if authority.as_str().contains('@') {
            return Err("a URL without a user or a password: clients send their own keys");
        }
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err("a URL that begins with http:// or https://"),
        };
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(EXPECTED);
        }
        let port = port(authority)?.unwrap_or(if tls { 443 } else { 80 });
        let scheme = if tls { "https" } else { "http" };
        Ok(Self {
            url: format!("{scheme}://{authority}"),
            place: match host.parse::<IpAddr>() {
                Ok(ip) => Place::Address(SocketAddr::new(ip, port)),
                Err(_) => Place::Name(Name::new(&host, port)),
            },
            host,
            tls,
            tls_verify,
            host_header: own_host.then(|| authority.as_str().to_owned()),
        })
    }

    /// The URL, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The `host` header to send instead of the client's.
    pub(crate) fn host_header(&self) -> Option<&str> {
        self.host_header.as_deref()
    }

    /// Whether the certificate is checked.
    pub(crate) fn tls_verify(&self) -> bool {
        self.tls_verify
    }

    /// The peer to connect to now; after [`Self::could_not_connect`] another address of the name.
    pub(crate) async fn peer(
        &self,
        connection: Connection,
        connect_timeout: Duration,
    ) -> std::io::Result<Box<HttpPeer>> {
        let address = match &self.place {
            Place::Address(address) => *address,
            Place::Name(name) => name.address(connect_timeout).await?,
        };
        // It is large: moved no more than it has to be.
        let mut peer = Box::new(HttpPeer::new(address, self.tls, self.sni()));
        peer.group_key = match connection {
            Connection::Pooled => 0,
            // A part of the pool of its own: Pingora asks for none by its age.
            Connection::Recent => 1,
            Connection::Fresh | Connection::WebSocket => fresh_key(),
        };
        let options = &mut peer.options;
        options.connection_timeout = Some(connect_timeout);
        options.total_connection_timeout = Some(connect_timeout);
        options.idle_timeout = Some(match connection {
            Connection::Pooled => IDLE,
            Connection::Recent => RECENT,
            // Nobody would ever find it in the pool.
            Connection::Fresh | Connection::WebSocket => Duration::ZERO,
        });
        if connection == Connection::WebSocket {
            options.custom_l4 = Some(Arc::new(LateReads { connect_timeout }));
        }
        options.write_timeout = Some(SENDING);
        options.verify_cert = self.tls_verify;
        options.verify_hostname = self.tls_verify;
        // A client whose `connection` header is odd would have been served without Weir.
        options.http_upstream_request_policy = HttpUpstreamRequestPolicy {
            reject_malformed_connection_nominations: false,
            ..HttpUpstreamRequestPolicy::standard()
        };
        Ok(peer)
    }

    /// No connection could be made to this peer: whoever connects next tries another address.
    pub(crate) fn could_not_connect(&self, peer: &HttpPeer) {
        if let (Place::Name(name), PeerAddr::Inet(address)) = (&self.place, &peer._address) {
            name.could_not_connect(*address);
        }
    }

    /// The name for TLS; Pingora takes an empty one for "do not verify", so an address is named too.
    fn sni(&self) -> String {
        if self.tls { self.host.clone() } else { String::new() }
    }
}

/// The port that is written, if one is: `Authority` takes one that is none for none.
fn port(authority: &Authority) -> Result<Option<u16>, &'static str> {
    let Some(rest) = authority.as_str().strip_prefix(authority.host()) else { return Ok(None) };
    let Some(digits) = rest.strip_prefix(':') else { return Ok(None) };
    match digits.parse() {
        Ok(port) if port != 0 && !digits.starts_with('+') => Ok(Some(port)),
        _ => Err("a port from 1 to 65535 behind the colon, or neither"),
    }
}

/// A group of the pool that no other request has: nothing is ever found in it.
fn fresh_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(2);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        let ok = |url| Upstream::parse(url, true, true).unwrap();
        let shown = |upstream: &Upstream| match &upstream.place {
            Place::Address(address) => address.to_string(),
            Place::Name(name) => name.to_string(),
        };
        for (written, url, place) in [
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "127.0.0.1:8000"),
            ("https://api.example.com", "https://api.example.com", "api.example.com:443"),
            ("HTTPS://Engine:1", "https://Engine:1", "Engine:1"),
            ("http://engine", "http://engine", "engine:80"),
            ("http://[::1]:65535", "http://[::1]:65535", "[::1]:65535"),
            ("http://[::1]", "http://[::1]", "[::1]:80"),
        ] {
            let upstream = ok(written);
            assert_eq!((upstream.url(), shown(&upstream).as_str()), (url, place));
            assert_eq!(upstream.host_header(), url.split_once("://").map(|(_, host)| host));
        }
        for bad in [
            "127.0.0.1:8000",
            "http://127.0.0.1:8000/v1",
            "ftp://x",
            "http://",
            "http://user:secret@x",
            "http://x?y",
            "http://x:99999",
            "http://x:",
            "http://x:0",
            "http://x:+1",
            "http://[::1]:0",
            "",
        ] {
            assert!(Upstream::parse(bad, false, true).is_err(), "{bad}");
        }
    }
}
