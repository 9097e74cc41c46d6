//! Where the runtime's API is.

use std::path::{Path, PathBuf};

use crate::follow::RuntimeError;

/// An address of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A unix socket.
    Socket(String),
    /// Host and port, without TLS.
    Plain(String),
    /// Host and port, with `ca.pem`, `cert.pem` and `key.pem` in a folder.
    Tls { address: String, certificates: PathBuf },
}

/// What is configured, else what `DOCKER_HOST` says, else the first socket that is there.
pub(super) fn find(
    configured: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
    is_there: impl Fn(&Path) -> bool,
) -> Result<Endpoint, RuntimeError> {
    if let Some(address) = configured {
        return read(address, &variable);
    }
    if let Some(address) = variable("DOCKER_HOST") {
        return read(&address, &variable);
    }
    let mut places = vec!["/var/run/docker.sock".to_owned()];
    if let Some(folder) = variable("XDG_RUNTIME_DIR") {
        places.push(format!("{folder}/docker.sock"));
        places.push(format!("{folder}/podman/podman.sock"));
    }
    places.push("/run/podman/podman.sock".to_owned());
    match places.iter().position(|place| is_there(Path::new(place))) {
        Some(found) => Ok(Endpoint::Socket(places.swap_remove(found))),
        None => Err(RuntimeError::Absent(places)),
    }
}

/// An address as in `DOCKER_HOST`, or a path.
fn read(
    address: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Endpoint, RuntimeError> {
    let wrong = |what: &str| RuntimeError::Address(what.to_owned());
    let (scheme, rest) = address.split_once("://").unwrap_or(("unix", address));
    match scheme {
        "unix" if rest.starts_with('/') => Ok(Endpoint::Socket(rest.to_owned())),
        "unix" => Err(wrong("names no absolute path of a socket")),
        "tcp" | "http" | "https" => {
            let address = rest.trim_end_matches('/');
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none_or(|port| port == 0) || address.contains(['/', '@', '?', '#']) {
                return Err(wrong("is not of the form tcp://HOST:PORT"));
            }
            let address = address.to_owned();
            if scheme == "https" || variable("DOCKER_TLS_VERIFY").is_some() {
                Ok(Endpoint::Tls { address, certificates: certificates(variable)? })
            } else {
                Ok(Endpoint::Plain(address))
            }
        }
        "ssh" => Err(wrong("uses ssh, which is not supported: unix:// and tcp:// are")),
        _ => Err(wrong("has a scheme other than unix, tcp, http and https")),
    }
}

fn certificates(variable: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, RuntimeError> {
    let of_docker = || variable("HOME").map(|home| Path::new(&home).join(".docker"));
    variable("DOCKER_CERT_PATH")
        .map(PathBuf::from)
        .or_else(of_docker)
        .ok_or_else(|| RuntimeError::Address("needs DOCKER_CERT_PATH for TLS".to_owned()))
}

#[cfg(test)]
mod tests;
