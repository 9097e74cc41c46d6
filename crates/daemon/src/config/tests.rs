//! Layers and error messages, through the type of a daemon that could exist.

mod admin_access;
mod layering;
mod messages;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;

use super::{ConfigError, Layers, Loaded, Size, Sources, Span, Table};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Proxy {
    admin: SocketAddr,
    drain_grace: Span,
    peek: Size,
    workers: u16,
    access_log: bool,
    region: Option<String>,
    hash_secret: Option<String>,
    routes: Vec<Route>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            admin: ([127, 0, 0, 1], 9900).into(),
            drain_grace: Span::from_secs(30),
            peek: Size::from_bytes(65_536),
            workers: 4,
            access_log: true,
            region: None,
            hash_secret: None,
            routes: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Route {
    name: String,
    upstream: String,
    #[serde(default)]
    usage: Usage,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Usage {
    #[default]
    Exact,
    Observe,
}

/// A configuration file that is removed again.
struct File(PathBuf);

impl File {
    fn new(toml: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("weir-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, toml).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn load(layers: &Layers) -> Result<Loaded<Proxy>, ConfigError> {
    Sources::read(layers)?.table(Table::Proxy)
}

/// The message for a file with this text, in which the file is called `FILE`.
fn message_for_file(toml: &str) -> String {
    let file = File::new(toml);
    let message = load(&Layers::new().with_file(file.path())).unwrap_err().to_string();
    message.replace(file.path().to_str().unwrap(), "FILE")
}

/// The message for one environment variable.
fn message_for_variable(name: &str, value: &str) -> String {
    load(&Layers::new().with_environment([(name, value)])).unwrap_err().to_string()
}
