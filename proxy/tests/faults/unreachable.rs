//! Upstreams that no request can be sent to, at every endpoint: what the client sees, the outcome,
//! and how often Weir tries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use weir_proxy::Config;
use weir_sim::{DeadPort, Upstream};

use crate::rig::{Api, ProxyGuard, ask, config, engine, route, upgrade};
use crate::table::{Seen, outcomes, own, sharing};

/// How long connecting may take here: a silent host takes all of it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Why an upstream can't be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause {
    Refused,
    Silent,
    NoName,
    Untrusted,
    NoTls,
}

/// A cause in words, what comes of it, and how often Weir tries again.
pub(crate) const TABLE: &[(Cause, &str, Seen, u64)] = &[
    (Cause::Refused, "refuses the connection", FAILED, 1),
    (Cause::Silent, "does not answer to the connection for `connect_timeout`", FAILED, 0),
    (Cause::NoName, "has a name without an address", FAILED, 0),
    (Cause::Untrusted, "has a certificate that is not trusted", FAILED, 0),
    (Cause::NoTls, "speaks HTTP where HTTPS is configured", FAILED, 0),
];

const FAILED: Seen = Seen::Own("connect_failed", 502, "connect_failed");

/// A place where nobody can be reached, for as long as it is held.
enum Place {
    Dead(DeadPort),
    /// A listener whose queue is full answers to nothing, as a host that is gone.
    Full {
        addr: SocketAddr,
        _held: (TcpListener, Vec<TcpStream>),
    },
    Nowhere,
    Tls(SocketAddr),
    Plain(Upstream),
}

impl Place {
    async fn of(cause: Cause) -> Self {
        match cause {
            Cause::Refused => Self::Dead(DeadPort::new().unwrap()),
            Cause::Silent => full().await,
            Cause::NoName => Self::Nowhere,
            Cause::Untrusted => Self::Tls(untrusted().await),
            Cause::NoTls => Self::Plain(Upstream::builder().start().await.unwrap()),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Dead(port) => port.url(),
            Self::Full { addr, .. } => format!("http://{addr}"),
            // No label of a name has 64 letters: nobody needs to be asked.
            Self::Nowhere => format!("http://{}.invalid", "x".repeat(64)),
            Self::Tls(addr) => format!("https://{addr}"),
            Self::Plain(upstream) => format!("https://{}", upstream.addr()),
        }
    }
}

async fn full() -> Place {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(connected) = timeout(PATIENCE * 3, TcpStream::connect(addr)).await {
        queued.push(connected.unwrap());
    }
    Place::Full { addr, _held: (listener, queued) }
}

/// A TLS server with a certificate of its own making.
async fn untrusted() -> SocketAddr {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let refused = acceptor.accept(stream).await;
            assert!(refused.is_err(), "nobody trusts this certificate");
        }
    });
    addr
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_gets_a_clear_error() {
    for (cause, _, seen, retries) in TABLE {
        row(*cause, *seen, *retries).await;
    }
}

async fn row(cause: Cause, seen: Seen, retries: u64) {
    let Seen::Own(outcome, status, reason) = seen else { panic!("{cause:?} has no answer") };
    let place = Place::of(cause).await;
    let hurried = Config {
        connect_timeout: match cause {
            Cause::Silent | Cause::NoName => PATIENCE,
            _ => Duration::from_secs(5),
        },
        ..config([engine([route("default", &place.url())])])
    };
    let proxy = ProxyGuard::start(&hurried);
    let mut asked: Vec<Api> = Vec::new();
    for (api, stream) in Api::ALL.into_iter().flat_map(|api| [(api, false), (api, true)]) {
        if !stream || api.streams() {
            let what = format!("{cause:?}, {}, stream {stream}", api.label());
            let answer = ask(proxy.engine(), &api.request(stream)).await;
            own(&what, api, &answer, status, reason);
            asked.push(api);
        }
    }
    let session = ask(proxy.engine(), &upgrade("/v1/realtime?model=tiny")).await;
    own(&format!("{cause:?}, realtime"), Api::Chat, &session, status, reason);

    let scrape = proxy.settled().await;
    for &api in &asked {
        let all = (outcome.to_owned(), sharing(&asked, api));
        assert_eq!(outcomes(&scrape, api), [all], "{cause:?}, {}", api.label());
    }
    let session = [("endpoint", "realtime"), ("outcome", outcome)];
    assert_eq!(scrape.sum("llm_requests_total", &session), Some(1.0), "{cause:?}");
    let requests = asked.len() as u64 + 1;
    let tried_again = scrape.sum("weir_upstream_retries_total", &[]);
    assert_eq!(tried_again, Some((requests * retries) as f64), "{cause:?}");
    if let Place::Plain(upstream) = &place {
        assert_eq!(upstream.totals().requests, 0, "{cause:?}: nothing was sent");
    }
}
