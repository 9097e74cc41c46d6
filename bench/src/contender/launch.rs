//! What a contender's program is started with.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use super::{Apart, Contender, ContenderError};

/// As many bytes as Weir reads of a client at a time (`proxy/src/door/opening.rs`).
const BUFFER: &str = "4096";

/// Arguments, and what they make of it.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) arguments: Vec<String>,
    pub(super) listen: SocketAddr,
    /// Of Weir.
    pub(super) admin: Option<SocketAddr>,
}

/// Chooses free ports, and writes the configuration, if there is one.
pub(super) fn prepare(
    contender: Contender,
    apart: &Apart,
    upstream: SocketAddr,
    directory: &Path,
) -> Result<Launch, ContenderError> {
    let free = free_addresses().map_err(|source| ContenderError::Port { contender, source })?;
    let places = Places { listen: free[0], admin: free[1], upstream, models: &apart.models };
    let written = |name: &str, template: &str| {
        let path = directory.join(name);
        let absolute = write(&path, &places.fill(template));
        absolute.map_err(|source| ContenderError::Configuration { contender, path, source })
    };
    let arguments = match contender {
        Contender::Direct => Vec::new(),
        Contender::HaproxyTcp => {
            haproxy(&written("haproxy-tcp.cfg", include_str!("files/haproxy-tcp.cfg"))?)
        }
        Contender::HaproxyHttp => {
            haproxy(&written("haproxy-http.cfg", include_str!("files/haproxy-http.cfg"))?)
        }
        Contender::Nginx => nginx(&written("nginx.conf", include_str!("files/nginx.conf"))?),
        Contender::Envoy => envoy(&written("envoy.yaml", include_str!("files/envoy.yaml"))?),
        Contender::BarePlain => pingora(&places, &[]),
        Contender::Bare => pingora(&places, &["--buffer", BUFFER]),
        Contender::Weir if apart.models.is_empty() => {
            weir(&written("weir.toml", include_str!("files/weir.toml"))?)
        }
        Contender::Weir => {
            weir(&written("weir-models.toml", include_str!("files/weir-models.toml"))?)
        }
    };
    let admin = (contender == Contender::Weir).then_some(places.admin);
    Ok(Launch { arguments, listen: places.listen, admin })
}

/// `-db`: in the foreground, one process.
fn haproxy(configuration: &Path) -> Vec<String> {
    texts(&["-db", "-f", &configuration.to_string_lossy()])
}

/// Its other files lie beside the configuration, its errors go to stderr from the start.
fn nginx(configuration: &Path) -> Vec<String> {
    let beside = configuration.with_file_name("");
    let (beside, configuration) = (beside.to_string_lossy(), configuration.to_string_lossy());
    texts(&["-p", &beside, "-c", &configuration, "-e", "stderr"])
}

/// Without hot restart there is no shared memory for it.
fn envoy(configuration: &Path) -> Vec<String> {
    let configuration = configuration.to_string_lossy();
    texts(&["-c", &configuration, "--concurrency", "1", "--disable-hot-restart", "-l", "error"])
}

fn pingora(places: &Places<'_>, more: &[&str]) -> Vec<String> {
    let (listen, upstream) = (places.listen.to_string(), places.upstream.to_string());
    texts(&[&["--listen", &listen, "--upstream", &upstream, "--threads", "1"], more].concat())
}

fn weir(configuration: &Path) -> Vec<String> {
    texts(&["--config", &configuration.to_string_lossy()])
}

fn texts(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(ToString::to_string).collect()
}

/// What a template leaves open.
struct Places<'a> {
    listen: SocketAddr,
    admin: SocketAddr,
    upstream: SocketAddr,
    models: &'a [String],
}

impl Places<'_> {
    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in [
            ("@LISTEN@", self.listen.to_string()),
            ("@LISTEN_IP@", self.listen.ip().to_string()),
            ("@LISTEN_PORT@", self.listen.port().to_string()),
            ("@ADMIN@", self.admin.to_string()),
            ("@UPSTREAM@", self.upstream.to_string()),
            ("@UPSTREAM_IP@", self.upstream.ip().to_string()),
            ("@UPSTREAM_PORT@", self.upstream.port().to_string()),
            // TOML writes such names as Rust does.
            ("@MODELS@", format!("{:?}", self.models)),
        ] {
            text = text.replace(name, &value);
        }
        text
    }
}

/// Two addresses of this host where nobody listens: held until both are known, so that they differ.
fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (first, second) = (free()?, free()?);
    Ok([first.local_addr()?, second.local_addr()?])
}

/// Returns the path from the root, for programs that work in a directory of their own.
fn write(path: &Path, text: &str) -> io::Result<PathBuf> {
    fs::write(path, text)?;
    fs::canonicalize(path)
}
