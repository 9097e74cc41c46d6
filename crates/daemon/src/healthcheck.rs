//! `--healthcheck`: asks the daemon that runs with the same settings how it is. For containers, whose images have neither a
//! shell nor `curl`.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// More is no answer of these pages.
const LARGEST: usize = 64 << 10;

/// What is asked. Neither page asks for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Probe {
    /// Whether it runs.
    Health,
    /// Whether it can serve.
    Ready,
}

impl Probe {
    const fn path(self) -> &'static str {
        match self {
            Self::Health => "/health",
            Self::Ready => "/ready",
        }
    }
}

/// Why nobody can be asked, or what was wrong with the answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unhealthy {
    /// The settings do not tell where the daemon is.
    #[error(
        "the admin pages are configured with port 0, which any port may stand for: --healthcheck needs one that is named"
    )]
    AnyPort,
    /// No connection, or one that broke.
    #[error("{url}: {source}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing, or not all of it, in time.
    #[error("{url}: no answer within {} s", PATIENCE.as_secs())]
    Late {
        /// What was asked for.
        url: String,
    },
    /// Somebody else listens there.
    #[error("{url}: the answer is no HTTP")]
    Foreign {
        /// What was asked for.
        url: String,
    },
    /// It answers that it is not well.
    #[error("{url}: {status}, {reason}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The status of the answer.
        status: u16,
        /// Why, as far as the answer says it.
        reason: String,
    },
}

/// Asks the daemon whose admin pages are configured to be at `admin`; returns what to tell of an answer that is good.
///
/// # Errors
/// Where there is no such answer.
pub fn ask(admin: SocketAddr, probe: Probe) -> Result<String, Unhealthy> {
    if admin.port() == 0 {
        return Err(Unhealthy::AnyPort);
    }
    let address = reachable(admin);
    let url = format!("http://{address}{}", probe.path());
    let answer = match get(address, probe.path(), Instant::now() + PATIENCE) {
        Ok(answer) => answer,
        // A read that takes too long is one that "would block".
        Err(error)
            if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) =>
        {
            return Err(Unhealthy::Late { url });
        }
        Err(source) => return Err(Unhealthy::Unreachable { url, source }),
    };
    match read(&answer) {
        Some((200, _)) => Ok(format!("{url}: 200")),
        Some((status, body)) => Err(Unhealthy::Refused { url, status, reason: reason(body) }),
        None => Err(Unhealthy::Foreign { url }),
    }
}

/// Where to ask: who listens on every address is asked on this host's own.
fn reachable(admin: SocketAddr) -> SocketAddr {
    let ip = match admin.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        own => own,
    };
    SocketAddr::new(ip, admin.port())
}

/// The whole answer. Written by hand, since no daemon needs an HTTP client for anything else here.
fn get(address: SocketAddr, path: &str, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    // In one piece: who answers its beginning and hangs up would cut off the answer.
    let question = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while answer.len() < LARGEST {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut piece)? {
            0 => break,
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    Ok(answer)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The status and the body of an answer.
fn read(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let (version, status) = head.split_once(' ')?;
    let status = version.starts_with("HTTP/1.").then(|| status.get(..3)?.parse().ok())??;
    Some((status, &answer[end + 4..]))
}

/// What `/ready` says of why.
fn reason(body: &[u8]) -> String {
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let said = body["reason"].as_str().unwrap_or("and no reason is given");
    // One line, whatever is in it.
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
