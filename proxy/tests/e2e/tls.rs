//! HTTPS upstreams: a TLS front with a certificate of the test's own before the simulator.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use weir_proxy::{App, Config, RouteConfig};
use weir_sim::{Upstream, eventually};

use crate::rig::{
    Api, DEADLINE, ProxyGuard, Request, WebSocket, ask, assert_same, config, engine, route, upgrade,
};

/// Takes TLS off and hands the bytes on.
struct Front {
    addr: SocketAddr,
    certificate: PathBuf,
}

impl Front {
    /// With a self-signed certificate for `name`, kept in the file `file`.
    async fn before(sim: &Upstream, name: &str, file: &str) -> Self {
        // The proxy does so too; whoever comes first.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let certificate = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, acceptor, sim.addr()));
        Self { addr, certificate }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.addr.port())
    }

    fn trusted(&self, config: Config) -> Config {
        Config { tls_ca_file: Some(self.certificate.clone()), ..config }
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, sim: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate breaks the handshake off.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut far = TcpStream::connect(sim).await.unwrap();
            let _ended = copy_bidirectional(&mut stream, &mut far).await;
        });
    }
}

/// The same route without looking at the certificate.
fn unverified(route: RouteConfig) -> RouteConfig {
    let upstream = weir_proxy::Upstream::parse(route.upstream.url(), true, false).unwrap();
    RouteConfig { upstream: Arc::new(upstream), ..route }
}

async fn assert_serves(sim: &Upstream, proxy: &ProxyGuard, host: &str) {
    for request in [
        Api::Messages.request(true),
        Api::Chat.request(false),
        Api::Chat.request(true),
        Request::get("/v1/models"),
    ] {
        let through = ask(proxy.engine(), &request).await;
        let sent = sim.requests().pop().unwrap();
        assert_eq!(sent.header("host"), Some(host), "that of the upstream's URL");
        if !String::from_utf8_lossy(&sent.body).contains("stream_options") {
            assert_same(&ask(sim.addr(), &request).await, &through);
        }
        assert_eq!(through.status, 200);
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(3.0));
    let connected = scrape.value("llm_upstream_connect_seconds_count", &[("route", "default")]);
    assert!(connected >= Some(1.0), "{connected:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_of_the_operators_own_is_trusted() {
    for (host, file) in [("localhost", "ca-name.pem"), ("127.0.0.1", "ca-address.pem")] {
        let sim = Upstream::builder().start().await.unwrap();
        let front = Front::before(&sim, host, file).await;
        let only = route("default", &front.url(host));
        let proxy = ProxyGuard::start(&front.trusted(config([engine([only])])));
        let host = format!("{host}:{}", front.addr.port());
        assert_serves(&sim, &proxy, &host).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realtime_session_over_tls() {
    let sim = Upstream::builder().start().await.unwrap();
    let front = Front::before(&sim, "localhost", "ca-realtime.pem").await;
    let only = route("default", &front.url("localhost"));
    let proxy = ProxyGuard::start(&front.trusted(config([engine([only])])));
    for _ in 0..5 {
        let request = upgrade("/v1/realtime?model=tiny");
        WebSocket::open(proxy.engine(), &request).await.close_after_greeting().await;
    }
    let scrape = proxy.settled().await;
    let success = [("endpoint", "realtime"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &success), Some(5.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verification_can_be_switched_off() {
    let sim = Upstream::builder().start().await.unwrap();
    let front = Front::before(&sim, "another.example", "unverified.pem").await;
    for host in ["127.0.0.1", "localhost"] {
        let only = unverified(route("default", &front.url(host)));
        let proxy = ProxyGuard::start(&config([engine([only])]));
        assert_serves(&sim, &proxy, &format!("{host}:{}", front.addr.port())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_or_wrong_certificate_is_no_connection() {
    let sim = Upstream::builder().start().await.unwrap();
    let front = Front::before(&sim, "another.example", "wrong-name.pem").await;
    let only = || route("default", &front.url("127.0.0.1"));
    for config in [
        config([engine([only()])]),
        // Trusted, but it is another's.
        front.trusted(config([engine([only()])])),
    ] {
        let proxy = ProxyGuard::start(&config);
        let answer = ask(proxy.engine(), &Api::Chat.request(true)).await;
        assert_eq!(answer.status, 502);
        assert_eq!(answer.header("x-weir-error"), Some("connect_failed"));
        let scrape = proxy.settled().await;
        assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "connect_failed")]), Some(1.0));
    }
    assert_eq!(sim.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_are_asked_for_over_tls_too() {
    let sim = Upstream::builder().models(["behind-tls"]).start().await.unwrap();
    let front = Front::before(&sim, "localhost", "poll.pem").await;
    let polled = |route: RouteConfig| RouteConfig {
        poll_models: Some(Duration::from_secs(60)),
        models: Vec::new(),
        ..route
    };
    let url = front.url("localhost");
    for config in [
        front.trusted(config([engine([polled(route("default", &url))])])),
        config([engine([polled(unverified(route("default", &url)))])]),
    ] {
        let proxy = ProxyGuard::start(&config);
        eventually(DEADLINE, "the upstream has been asked for its models", async || {
            let page = proxy.json("/models").await;
            (page["models"][0]["model"] == "behind-tls").then_some(())
        })
        .await;
    }
}

#[test]
fn certificates_that_can_not_be_read_are_an_error_at_once() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-certificate.pem");
    std::fs::write(&path, "no certificate").unwrap();
    let only = route("default", "https://127.0.0.1:1");
    let config = Config { tls_ca_file: Some(path), ..config([engine([only])]) };
    let error = App::start(&config).err().expect("it does not start").to_string();
    assert!(error.contains("no-certificate.pem: it holds no certificate"), "{error}");
}
