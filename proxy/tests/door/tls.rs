//! Listeners that speak TLS: both HTTPs, clients with certificates, certificates that change.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use weir_daemon::config::Layers;
use weir_proxy::{App, Config, Hop, Listener, ListenerTls};
use weir_sim::Upstream;

use crate::certificates::Authority;
use crate::h2_client::{H2, body, request};
use crate::refused::{refused, rejected};
use crate::rig::{Api, Client, DEADLINE, ProxyGuard, config, engine, route};

fn served(sim: &Upstream, tls: ListenerTls) -> Config {
    let listener = engine([route("default", &sim.url())]);
    config([Listener { tls: Some(tls), ..listener }])
}

async fn connect(
    addr: SocketAddr,
    name: &str,
    client: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(addr).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let shaking = TlsConnector::from(Arc::clone(client)).connect(name, tcp);
    tokio::time::timeout(DEADLINE, shaking).await.unwrap()
}

/// A streamed chat over HTTP/1, to the end of the connection.
async fn chat(mut tls: TlsStream<TcpStream>) -> io::Result<String> {
    let request = Api::Chat.request(true).header("connection", "close");
    tls.write_all(&request.bytes()).await?;
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, tls.read_to_string(&mut answer)).await.unwrap()?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_https_are_spoken() {
    let sim = Upstream::builder().start().await.unwrap();
    let authority = Authority::new("both");
    let pair = authority.issue("localhost", "weir");
    let proxy = ProxyGuard::start(&served(&sim, pair.tls(None)));
    for alpn in [&[][..], &[&b"http/1.1"[..]]] {
        let client = authority.client(None, alpn);
        let answer = chat(connect(proxy.engine(), "localhost", &client).await.unwrap()).await;
        let answer = answer.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("data: [DONE]"), "{answer}");
    }
    let client = authority.client(None, &[b"h2", b"http/1.1"]);
    let tls = connect(proxy.engine(), "localhost", &client).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut h2 = H2::over(tls).await;
    let answer = h2.ask(request(Api::Chat, "tokens=6"), Some(body(Api::Chat, true))).await;
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_speak_it_is_counted_and_stops_nobody() {
    let sim = Upstream::builder().start().await.unwrap();
    let authority = Authority::new("plain");
    let pair = authority.issue("localhost", "weir");
    let proxy = ProxyGuard::start(&served(&sim, pair.tls(None)));
    let mut plain = Client::connect(proxy.engine()).await;
    plain.send(Api::Chat.request(true).bytes()).await;
    plain.rest().await;
    // As a health check of a load balancer does.
    Client::connect(proxy.engine()).await.leave();
    let client = authority.client(None, &[]);
    let answer = chat(connect(proxy.engine(), "localhost", &client).await.unwrap()).await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    let scrape = refused(&proxy, "bad_request", 1.0).await;
    assert_eq!(rejected(&scrape, "unrouted"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_may_need_a_certificate() {
    let sim = Upstream::builder().start().await.unwrap();
    let (authority, other) = (Authority::new("mutual"), Authority::new("mutual-other"));
    let pair = authority.issue("localhost", "weir");
    let tls = pair.tls(Some(authority.file("clients.pem")));
    let proxy = ProxyGuard::start(&served(&sim, tls));
    let known = authority.client(Some(&authority.issue("team-a", "team-a")), &[]);
    let answer = chat(connect(proxy.engine(), "localhost", &known).await.unwrap()).await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    let strange = other.issue("team-b", "team-b");
    for client in [authority.client(None, &[]), authority.client(Some(&strange), &[])] {
        // In TLS 1.3 the client hears of it with its first read.
        let served = match connect(proxy.engine(), "localhost", &client).await {
            Ok(tls) => chat(tls).await,
            Err(error) => Err(error),
        };
        let said = served.unwrap_err().to_string();
        assert!(said.contains("fatal alert"), "it is told why: {said}");
    }
    refused(&proxy, "bad_request", 2.0).await;
    assert_eq!(sim.totals().requests, 1);
}

/// What a client finds that trusts the authority: the serial number of the certificate.
async fn serial(addr: SocketAddr, client: &Arc<ClientConfig>) -> Vec<u8> {
    let tls = connect(addr, "localhost", client).await.unwrap();
    tls.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_read_again_and_bad_ones_are_not_taken() {
    let sim = Upstream::builder().start().await.unwrap();
    let authority = Authority::new("renewed");
    let pair = authority.issue("localhost", "weir");
    let client = authority.client(None, &[]);
    let value = |path: &std::path::Path| path.display().to_string();
    let layers = Layers::new()
        .with_override("--upstream", "proxy.upstream", sim.url())
        .with_override("--admin", "proxy.admin", "127.0.0.1:0")
        .with_override("--listen", "proxy.listen", "127.0.0.1:0")
        .with_override("-", "proxy.tls.engine.certificate", value(&pair.certificate))
        .with_override("-", "proxy.tls.engine.key", value(&pair.key));
    let starting = layers.clone();
    let app = std::thread::spawn(move || App::start(&Config::load(&starting).unwrap()).unwrap());
    let mut app = app.join().unwrap();
    let addr = app.address(Hop::Engine).unwrap();
    let first = serial(addr, &client).await;
    // A stream that is under way does not notice.
    let long = connect(addr, "localhost", &client).await.unwrap();

    std::fs::write(&pair.key, "no key").unwrap();
    app.reload(&layers);
    assert_eq!(serial(addr, &client).await, first, "the old one stays");
    authority.issue("localhost", "weir");
    app.reload(&layers);
    assert_ne!(serial(addr, &client).await, first);
    assert!(chat(long).await.unwrap().contains("data: [DONE]"));
    let text = app.ledger().encode();
    for line in [
        "weir_config_reloads_total{result=\"failure\"} 1",
        "weir_config_reloads_total{result=\"success\"} 1",
        "weir_config_last_reload_success 1",
    ] {
        assert!(text.contains(line), "{line}");
    }
    std::thread::spawn(move || app.drain()).join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_can_not_be_used_is_an_error_at_the_start() {
    let sim = Upstream::builder().start().await.unwrap();
    let authority = Authority::new("unusable");
    let (one, other) = (authority.issue("localhost", "one"), authority.issue("localhost", "two"));
    let missing = ListenerTls { certificate: "not-there.pem".into(), ..one.tls(None) };
    let no_key = ListenerTls { key: one.certificate.clone(), ..one.tls(None) };
    let mixed = ListenerTls { key: other.key.clone(), ..one.tls(None) };
    let no_ca = one.tls(Some(one.key.clone()));
    for (tls, said) in [
        (missing, "reading the certificate from not-there.pem"),
        (no_key, "reading the private key from"),
        (mixed, "can't be used together"),
        (no_ca, "it holds no certificate"),
    ] {
        let config = served(&sim, tls);
        let starting = std::thread::spawn(move || App::start(&config).map(|app| app.drain()));
        let error = starting.join().unwrap().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handshake_has_a_time_limit() {
    let sim = Upstream::builder().start().await.unwrap();
    let pair = Authority::new("slow").issue("localhost", "weir");
    let limits = weir_proxy::Limits {
        head_timeout: std::time::Duration::from_millis(300),
        ..weir_proxy::Limits::default()
    };
    let proxy = ProxyGuard::start(&Config { limits, ..served(&sim, pair.tls(None)) });
    let mut silent = Client::connect(proxy.engine()).await;
    silent.rest().await;
    refused(&proxy, "request_timeout", 1.0).await;
}
