//! `serve`: the page and its API, as browsers ask for them.

mod check;
mod guard;
mod live;
mod runs;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::timeout;
use weir_sim::Upstream;
use weir_test_daemon::{Daemon, Program, TestFile, file};

use crate::{DEADLINE, weir_loadtest};

const SERVE: Program = Program::new(env!("CARGO_BIN_EXE_weir-loadtest")).with_subcommand("serve");

/// A folder with a store, which may not be there yet.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-serve-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn store(&self) -> PathBuf {
        self.0.join("runs.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A page that is served, with a client.
struct Page {
    daemon: Daemon,
    client: Client,
    folder: Folder,
    _config: TestFile,
}

impl Page {
    /// Serves with these lines of `[loadtest]`.
    fn start(lines: &str) -> Self {
        Self::start_on(Folder::new(), lines)
    }

    fn start_on(folder: Folder, lines: &str) -> Self {
        let config = file(&format!("[loadtest]\n{lines}"));
        let store = folder.store();
        let args = ["--config", config.to_str().unwrap(), "--store", store.to_str().unwrap()];
        let daemon = SERVE.start(&args);
        Self { daemon, client: client(), folder, _config: config }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.daemon.address());
        self.client.request(method, url).timeout(DEADLINE)
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    /// The status and the JSON of a page.
    async fn json(&self, path: &str) -> (u16, Value) {
        said(self.get(path).await).await
    }

    /// Sends JSON; the status and the JSON of the answer.
    async fn send(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let request = self.ask(method, path).header("content-type", "application/json");
        said(request.body(body.to_owned()).send().await.unwrap()).await
    }
}

async fn said(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn client() -> Client {
    // Another provider in place is as good.
    let _already = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// Runs a benchmark of four requests that keeps what was said, and puts it into the store.
async fn benchmark(store: &Path, name: &str) {
    let upstream = Upstream::builder().models(["llama"]).start().await.unwrap();
    let args = [
        "run",
        "--target",
        &upstream.url(),
        "--proxy",
        "none",
        "--requests",
        "4",
        "--concurrency",
        "2",
        "--warm-up",
        "0",
        "--capture",
        "--name",
        name,
        "--store",
        store.to_str().unwrap(),
    ];
    let output = timeout(DEADLINE, weir_loadtest(&args).output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
