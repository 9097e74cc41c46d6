//! A server that answers by script, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use weir_discovery::fetch::{Credentials, Reach, Secret, Server};
use weir_discovery::litellm::{Gateway, GatewayState, Poller};
use weir_discovery::source::{SourceKind, SourceState, Sources};

pub(crate) const KEY: &str = "sk-of-the-test";
const DEADLINE: Duration = Duration::from_secs(20);

/// What a path answers.
#[derive(Clone)]
pub(crate) enum Script {
    Answer(u16, Vec<u8>),
    /// This with the key, 401 without.
    Locked(Vec<u8>),
    /// Nothing, for ever.
    Silence,
    /// So many bytes and no end.
    Flood(usize),
}

/// A question: its path, and what was shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
}

#[derive(Clone, Default)]
struct Shared {
    scripts: Arc<Mutex<BTreeMap<String, Script>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) struct Scripted {
    pub(crate) url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Scripted {
    /// A gateway as 1.106.2 is, with a key, one deployment and no answer to anything else.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::default();
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        let scripted = Self { url, shared, task };
        scripted.answers("/health/liveliness", 200, "\"I'm alive!\"");
        scripted.answers("/health/readiness", 200, r#"{"status":"healthy","db":"Not connected"}"#);
        let details = r#"{"status":"healthy","litellm_version":"1.106.2"}"#;
        scripted.script("/health/readiness/details", Script::Locked(details.into()));
        let recorded = include_bytes!("recorded/model-info-1.106.2.json");
        scripted.script("/model/info", Script::Locked(recorded.to_vec()));
        scripted
    }

    pub(crate) fn script(&self, path: &str, script: Script) {
        self.shared.scripts.lock().insert(path.to_owned(), script);
    }

    pub(crate) fn answers(&self, path: &str, status: u16, body: &str) {
        self.script(path, Script::Answer(status, body.into()));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().clone()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let key = lines.find_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned);
    let script = shared.scripts.lock().get(&path).cloned();
    let is_known = key.as_deref() == Some(&format!("Bearer {KEY}"));
    shared.asked.lock().push(Asked { path, key });
    let (status, body) = match script {
        None => (404, Vec::new()),
        Some(Script::Answer(status, body)) => (status, body),
        Some(Script::Locked(body)) if is_known => (200, body),
        Some(Script::Locked(_)) => (401, b"{\"error\":{\"message\":\"secret words\"}}".to_vec()),
        Some(Script::Silence) => return std::future::pending().await,
        Some(Script::Flood(length)) => (200, vec![b'['; length]),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // Whoever asks may have had enough.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

/// A gateway that is polled.
pub(crate) struct Polled {
    pub(crate) poller: Poller,
    pub(crate) sources: Arc<Sources>,
    name: String,
}

impl Polled {
    pub(crate) fn start(url: &str, key: Option<&str>) -> Self {
        let secret = key.map(|key| Secret::Value(key.to_owned()));
        Self::with(
            "litellm",
            url,
            secret.map_or(Credentials::None, Credentials::Bearer),
            Arc::default(),
        )
    }

    pub(crate) fn with(
        name: &str,
        url: &str,
        credentials: Credentials,
        sources: Arc<Sources>,
    ) -> Self {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let open = Reach::open(url.parse().unwrap(), Duration::from_millis(500), 1 << 20);
        let server = Server::new(Reach { credentials, ..open }).unwrap();
        let interval = Duration::from_millis(20);
        let gateway = Gateway { name: name.to_owned(), container_id: None, server, interval };
        let poller = Poller::start(gateway, Arc::clone(&sources));
        Self { poller, sources, name: name.to_owned() }
    }

    pub(crate) fn source(&self) -> Option<SourceState> {
        self.sources.all().remove(&(SourceKind::Litellm, self.name.clone()))
    }

    /// Waits for a state.
    pub(crate) async fn until(
        &self,
        what: &str,
        is_it: impl Fn(&GatewayState) -> bool,
    ) -> Arc<GatewayState> {
        let probe = async || Some(self.poller.state()).filter(|state| is_it(state));
        weir_sim::eventually(DEADLINE, what, probe).await
    }
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, is_it: impl Fn() -> bool) {
    weir_sim::eventually(DEADLINE, what, async || is_it().then_some(())).await;
}
