//! `bare-pingora`: Pingora as it is, without a filter, to measure Weir against.
//!
//! It runs as Pingora's documentation has it, by Pingora's own `Server`. Of Weir's settings it has those without
//! which the two would not do the same work: connections to the upstream are kept for as long, and the listener's
//! buffer may be as large. Nothing is logged, and there is no timeout but Pingora's own.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use clap::Parser;
use pingora::Result;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

/// As Weir's.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long Weir keeps an idle connection to an upstream.
const IDLE: Duration = Duration::from_secs(4);

/// What Pingora was built from.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Pingora without a filter.
#[derive(Parser)]
#[command(name = "bare-pingora", version = pingora_version())]
struct Args {
    /// Where clients connect.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Where requests go.
    #[arg(long, value_name = "ADDR")]
    upstream: SocketAddr,
    /// Worker threads.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    threads: usize,
    /// Bytes that are read from a client at a time, instead of Pingora's default.
    #[arg(long, value_name = "BYTES")]
    buffer: Option<usize>,
}

struct Bare {
    upstream: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut Self::CTX) -> Result<Box<HttpPeer>> {
        let mut peer = HttpPeer::new(self.upstream, false, String::new());
        peer.options.idle_timeout = Some(IDLE);
        Ok(Box::new(peer))
    }
}

fn main() {
    let args = Args::parse();
    let conf = ServerConf {
        threads: args.threads,
        // Told to end, it would sleep for five minutes.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, Bare { upstream: args.upstream });
    let mut listener = ListenerConfig::tcp(args.listen.to_string());
    if let Some(bytes) = args.buffer {
        listener = listener.l4_buffer(L4BufferSettings::default().read(bytes));
    }
    service.add_listener(listener);
    server.add_service(service);
    server.run_forever();
}

/// As `Cargo.lock` has it; Pingora itself does not say.
fn pingora_version() -> &'static str {
    LOCK.split_once("name = \"pingora\"\nversion = \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_known() {
        assert!(super::pingora_version().starts_with("0."), "{}", super::pingora_version());
    }
}
