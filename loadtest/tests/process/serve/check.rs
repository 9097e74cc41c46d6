//! `--check` and the start: what is a configuration, and what is said of one that is not.

use std::net::TcpListener;
use std::path::Path;

use weir_test_daemon::{TestFile, file};

use super::SERVE;

const HOME: [(&str, &str); 1] = [("HOME", "/home/nobody")];

/// Checks a file; in the message the file is called FILE.
fn check_file(text: &str) -> Result<(), String> {
    let path = file(text);
    let path = path.to_str().unwrap();
    SERVE.check(&["--config", path], &HOME).map_err(|error| error.replace(path, "FILE"))
}

#[test]
fn nothing_needs_to_be_configured() {
    assert_eq!(SERVE.check(&[], &HOME), Ok(()));
    let environment = [("WEIR_LOADTEST__STORE", "/tmp/runs.db")];
    assert_eq!(SERVE.check(&["--listen", "0.0.0.0:80"], &environment), Ok(()));
    let nowhere = SERVE.check(&[], &[]).unwrap_err();
    assert!(
        nowhere.starts_with("weir-loadtest: loadtest.store = nothing: expected a file"),
        "{nowhere}"
    );
}

#[test]
fn the_shipped_example_is_valid_with_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/weir.toml");
    assert_eq!(SERVE.check(&["--config", path.to_str().unwrap()], &HOME), Ok(()));
    let text = std::fs::read_to_string(path).unwrap();
    let text = &text[text.find("\n[loadtest]").unwrap()..];
    for key in [
        "listen",
        "store",
        "hosts",
        "prometheus",
        "prometheus_user",
        "prometheus_password_file",
        "prometheus_password_env",
        "proxy",
        "gpu_exporter",
        "discovery",
        "grafana",
        "logs",
        "trace",
        "bearer_file",
        "user",
        "password_file",
        "url",
        "token_file",
        "project",
    ] {
        assert!(text.contains(&format!("\n#{key} = ")), "{key} is not in config/weir.toml");
    }
    let uncomment = |line: &str| {
        // Of the password there may be one place only.
        let key = line.strip_prefix('#').filter(|key| !key.starts_with(' '));
        let key = key.filter(|key| !key.starts_with("prometheus_password_env"));
        key.unwrap_or(line).to_owned()
    };
    let whole: Vec<_> = text.lines().map(uncomment).collect();
    let (whole, _secrets) = with_secrets(whole.join("\n"));
    assert_eq!(check_file(&whole), Ok(()), "with every key");
}

/// The text with a file of the test in place of each one in `/run/secrets`.
fn with_secrets(mut text: String) -> (String, Vec<TestFile>) {
    let mut files = Vec::new();
    while let Some(begin) = text.find("\"/run/secrets/") {
        let end = begin + 1 + text[begin + 1..].find('"').unwrap();
        let secret = file("0123456789abcdef");
        text.replace_range(begin..=end, &format!("{:?}", secret.to_str().unwrap()));
        files.push(secret);
    }
    (text, files)
}

#[test]
fn files_that_cannot_be_used_say_where() {
    for (lines, message) in [
        (
            "promotheus = \"http://a\"",
            "loadtest.promotheus is not a known key, did you mean prometheus?; known here: listen, admin_access, \
             store, hosts, prometheus, prometheus_user, prometheus_password_file, prometheus_password_env, proxy, gpu_exporter, discovery, grafana, logs, trace, label_studio (from FILE)",
        ),
        (
            "prometheus = \"127.0.0.1:9090\"",
            "loadtest.prometheus = \"127.0.0.1:9090\": expected Prometheus' URL, such as \"http://127.0.0.1:9090\" \
             (from FILE)",
        ),
        (
            "prometheus = \"http://me:pw@prometheus:9090\"",
            "loadtest.prometheus = \"http://(hidden)@prometheus:9090\": expected Prometheus' URL, such as \
             \"http://127.0.0.1:9090\" (from FILE)",
        ),
        (
            "prometheus_user = \"weir\"",
            "loadtest.prometheus_user = \"weir\": expected a user with prometheus_password_file or \
             prometheus_password_env, or none of the three (from FILE)",
        ),
        (
            "proxy = \"http://127.0.0.1:9900\"",
            "loadtest.proxy = \"http://127.0.0.1:9900\": expected the URL of its metrics, such as \
             \"http://127.0.0.1:9900/metrics\", or \"none\" (from FILE)",
        ),
        (
            "grafana = \"javascript:alert(1)\"",
            "loadtest.grafana = \"javascript:alert(1)\": expected a URL that begins with http:// or https://, without a user (from FILE)",
        ),
        (
            "trace = \"http://tempo/trace/\"",
            "loadtest.trace = \"http://tempo/trace/\": expected a URL with {trace_id} in it, such as \
             \"http://127.0.0.1:16686/trace/{trace_id}\" (from FILE)",
        ),
        (
            "hosts = [\"a.example\", \"b.example:80\"]",
            "loadtest.hosts.1 = \"b.example:80\": expected the name of a host without a port, such as \
             \"benchmarks.example\" (from FILE)",
        ),
        (
            "label_studio = { url = \"label\", token_file = \"/t\", project = \"Weir\" }",
            "loadtest.label_studio.url = \"label\": expected Label Studio's URL, such as \"http://127.0.0.1:8080\" \
             (from FILE)",
        ),
    ] {
        let error = check_file(&format!("[loadtest]\n{lines}\n")).unwrap_err();
        assert_eq!(error, format!("weir-loadtest: {message}\n"), "{lines}");
    }
}

#[test]
fn a_port_in_use_has_a_code_of_its_own() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (code, _, stderr) = SERVE.run(&["--listen", &taken], &HOME);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains(&format!("cannot serve the admin pages on {taken}")), "{stderr}");
}

#[test]
fn it_ends_at_once_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let mut page = SERVE.start_in(&[], &HOME);
        page.signal(signal);
        assert_eq!(page.ended(), Some(0), "SIG{signal}");
        assert_eq!(page.said("Ended.").len(), 1);
    }
}

#[test]
fn what_needs_a_restart_is_said() {
    let config = file("[loadtest]\n");
    let mut page = SERVE.start_in(&["--config", config.to_str().unwrap()], &HOME);
    std::fs::write(&*config, "[loadtest]\nprometheus = \"http://127.0.0.1:9\"\n").unwrap();
    page.signal("HUP");
    page.logged("Only changes of admin_access are applied; the others need a restart.");
    let (code, stdout, _) =
        SERVE.run(&["--healthcheck", "--listen", &page.address().to_string()], &HOME);
    assert_eq!((code, stdout.contains("/health")), (0, true), "{stdout}");
}
