use super::*;

fn found(
    configured: Option<&str>,
    variables: &[(&str, &str)],
    sockets: &[&str],
) -> Result<Endpoint, String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let is_there = |path: &Path| sockets.iter().any(|socket| path == Path::new(socket));
    find(configured, variable, is_there).map_err(|error| error.to_string())
}

fn socket(path: &str) -> Result<Endpoint, String> {
    Ok(Endpoint::Socket(path.to_owned()))
}

#[test]
fn what_is_configured_comes_before_the_environment_and_the_usual_sockets() {
    let all = ["/var/run/docker.sock", "/run/podman/podman.sock", "/run/user/7/podman/podman.sock"];
    let host = ("DOCKER_HOST", "unix:///b.sock");
    let folder = ("XDG_RUNTIME_DIR", "/run/user/7");
    assert_eq!(found(Some("/a.sock"), &[host], &all), socket("/a.sock"));
    assert_eq!(found(None, &[host], &all), socket("/b.sock"));
    assert_eq!(found(None, &[folder], &all), socket("/var/run/docker.sock"));
    assert_eq!(found(None, &[folder], &all[1..]), socket("/run/user/7/podman/podman.sock"));
    assert_eq!(found(None, &[], &all[1..]), socket("/run/podman/podman.sock"));
}

#[test]
fn where_there_is_none_it_is_said_where_it_was_looked_for() {
    let error = found(None, &[], &[]).unwrap_err();
    assert!(error.contains("/var/run/docker.sock, /run/podman/podman.sock"), "{error}");
}

#[test]
fn tcp_is_plain_unless_the_environment_asks_for_tls() {
    let verify = ("DOCKER_TLS_VERIFY", "1");
    let plain = Ok(Endpoint::Plain("h:2375".to_owned()));
    for address in ["tcp://h:2375", "http://h:2375/"] {
        assert_eq!(found(Some(address), &[], &[]), plain);
    }
    let tls = |folder: &str| {
        let certificates = PathBuf::from(folder);
        Ok(Endpoint::Tls { address: "h:2376".to_owned(), certificates })
    };
    let path = ("DOCKER_CERT_PATH", "/c");
    assert_eq!(found(Some("tcp://h:2376"), &[verify, path], &[]), tls("/c"));
    assert_eq!(found(Some("https://h:2376"), &[("HOME", "/h")], &[]), tls("/h/.docker"));
}

#[test]
fn other_addresses_are_refused_without_being_repeated() {
    for address in [
        "ssh://u:secret@h",
        "tcp://u:secret@h:1",
        "tcp://",
        "tcp://secret",
        "tcp://secret:99999",
        "secret",
        "npipe://secret",
    ] {
        let error = found(Some(address), &[], &[]).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}
