//! Where requests of a route go: an upstream's address, and how Pingora is to reach it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Uri;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use tokio::sync::Mutex;

/// uvicorn closes an idle connection after 5 s; one that Weir holds for less is never stale by age.
const IDLE: Duration = Duration::from_secs(4);

/// How long an upstream may take no byte of a request. Answers have no limit.
const SENDING: Duration = Duration::from_secs(120);

/// How long addresses are used before a name is asked for again.
const NAME_AGE: Duration = Duration::from_secs(5);

/// An upstream: scheme, host and port.
#[derive(Debug)]
pub struct Upstream {
    url: String,
    host: String,
    port: u16,
    tls: bool,
    tls_verify: bool,
    /// The `host` header to send instead of the client's.
    host_header: Option<String>,
    addresses: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl PartialEq for Upstream {
    fn eq(&self, other: &Self) -> bool {
        (&self.url, self.tls_verify, &self.host_header)
            == (&other.url, other.tls_verify, &other.host_header)
    }
}

/// Whether a pooled connection may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Pooled,
    Fresh,
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
        let tls = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err("a URL that begins with http:// or https://"),
        };
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(EXPECTED);
        }
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            host,
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            tls,
            tls_verify,
            host_header: own_host.then(|| authority.as_str().to_owned()),
            addresses: Mutex::new(None),
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

    /// The peer for the attempt number `attempt` of a request, counted from 0: another address of
    /// the same name each time.
    pub(crate) async fn peer(
        &self,
        attempt: usize,
        connection: Connection,
        connect_timeout: Duration,
    ) -> std::io::Result<HttpPeer> {
        let addresses = self.addresses().await?;
        let address = addresses[attempt % addresses.len()];
        let mut peer = HttpPeer::new(address, self.tls, self.sni());
        peer.group_key = match connection {
            Connection::Pooled => 0,
            Connection::Fresh => fresh_key(),
        };
        let options = &mut peer.options;
        options.connection_timeout = Some(connect_timeout);
        options.total_connection_timeout = Some(connect_timeout);
        options.idle_timeout = Some(match connection {
            Connection::Pooled => IDLE,
            // Nobody would ever find it in the pool.
            Connection::Fresh => Duration::ZERO,
        });
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

    /// The name for TLS; Pingora takes an empty one for "do not verify", so an address is named too.
    fn sni(&self) -> String {
        if self.tls { self.host.clone() } else { String::new() }
    }

    async fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = self.host.parse() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        let mut known = self.addresses.lock().await;
        if let Some((asked, addresses)) = known.as_ref()
            && asked.elapsed() < NAME_AGE
        {
            return Ok(addresses.clone());
        }
        let found: std::io::Result<Vec<_>> =
            tokio::net::lookup_host((self.host.as_str(), self.port)).await.map(Iterator::collect);
        match (found, known.as_ref()) {
            (Ok(found), _) if !found.is_empty() => {
                *known = Some((Instant::now(), found.clone()));
                Ok(found)
            }
            // A name service that fails for a moment is no reason to fail requests.
            (_, Some((_, addresses))) => Ok(addresses.clone()),
            (Ok(_), None) => Err(std::io::Error::other(format!("{} has no address", self.host))),
            (Err(error), None) => Err(error),
        }
    }
}

/// A group of the pool that no other request has: nothing is ever found in it.
fn fresh_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        let ok = |url| Upstream::parse(url, false, true).unwrap();
        assert_eq!(ok("http://127.0.0.1:8000/").url(), "http://127.0.0.1:8000");
        assert_eq!(ok("https://api.example.com").port, 443);
        assert_eq!(ok("http://[::1]:8000").host, "::1");
        for bad in [
            "127.0.0.1:8000",
            "http://127.0.0.1:8000/v1",
            "ftp://x",
            "http://",
            "http://user:secret@x",
            "http://x?y",
            "",
        ] {
            assert!(Upstream::parse(bad, false, true).is_err(), "{bad}");
        }
    }
}
