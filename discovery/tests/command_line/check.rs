//! `--check`: what is a configuration, and what is said of one that is not.

use std::path::Path;

use weir_test_daemon::file;

use crate::WEIR;

/// Checks a file; in the message the file is called FILE.
fn check_file(text: &str) -> Result<(), String> {
    let path = file(text);
    let path = path.to_str().unwrap();
    WEIR.check(&["--config", path], &[]).map_err(|error| error.replace(path, "FILE"))
}

#[test]
fn nothing_needs_to_be_configured() {
    assert_eq!(WEIR.check(&[], &[]), Ok(()));
    assert_eq!(WEIR.check(&["--docker", "off", "--listen", "0.0.0.0:80"], &[]), Ok(()));
    assert_eq!(WEIR.check(&["--docker", "unix:///run/docker.sock"], &[]), Ok(()));
    assert_eq!(WEIR.check(&[], &[("WEIR_DISCOVERY__INTERVAL", "10s")]), Ok(()));
}

#[test]
fn the_shipped_example_is_valid_with_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/weir.toml");
    assert_eq!(WEIR.check(&["--config", path.to_str().unwrap()], &[]), Ok(()));
    let text = std::fs::read_to_string(path).unwrap();
    let text = &text[text.find("\n[discovery]").unwrap()..];
    for key in [
        "listen",
        "docker",
        "host",
        "network",
        "interval",
        "timeout",
        "tombstone",
        "engine_listeners",
        "name",
        "url",
        "bearer_file",
        "user",
        "password_file",
        "tls_ca_file",
        "tls_verify",
        "route",
        "key_file",
        "key_env",
        "public_key",
        "secret_key_file",
        "secret_key_env",
        "window",
        "lag",
        "rereads",
        "environment",
        "types",
        "scores",
    ] {
        assert!(text.contains(&format!("\n#{key} = ")), "{key} is not in config/weir.toml");
    }
    let secret = file("0123456789abcdef");
    // Either of two ways to say the same.
    let others = ["user", "password_file", "key_env", "secret_key_env"];
    let whole = text.lines().filter_map(|line| {
        let line = line.strip_prefix('#').filter(|key| !key.starts_with(' ')).unwrap_or(line);
        let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
        let is_file = value.starts_with("\"/run/") || value.starts_with("\"/etc/");
        match others.contains(&key) {
            true => None,
            false if is_file => Some(format!("{key} = {:?}\n", secret.to_str().unwrap())),
            false => Some(format!("{line}\n")),
        }
    });
    assert_eq!(check_file(&whole.collect::<String>()), Ok(()), "with every key");
}

#[test]
fn files_that_cannot_be_used_say_where() {
    for (lines, message) in [
        ("dokcer = \"off\"", "discovery.dokcer is not a known key, did you mean docker?"),
        (
            "docker = \"on\"",
            "discovery.docker = on: expected \"auto\", \"off\", \"unix:///PATH\" or \
             \"tcp://HOST:PORT\" (from FILE)",
        ),
        ("interval = \"10ms\"", "discovery.interval = 10ms: expected 500ms to 1m (from FILE)"),
        ("host = \"a b\"", "discovery.host = a b: expected an address or a host's name"),
        ("engine_listeners = [\"a\"]", "discovery.engine_listeners.0 = a: expected HOST:PORT"),
        (
            "[[discovery.engines]]\nname = \"a/b\"",
            "discovery.engines.0.name = a/b: expected 1 to 64 letters, digits, dots, dashes",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\nurl = \"http://user:secret@a:8000\"",
            "discovery.engines.0.url = a: expected http://HOST:PORT or https://HOST:PORT, without \
             /v1, user or query (keys belong in files) (from FILE)",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\nurl = \"http://a:8000/v1\"",
            "discovery.engines.0.url = a: expected http://HOST:PORT",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\nbearer_file = \"not-there\"",
            "discovery.engines.0.bearer_file = not-there: expected a file that can be read (No such",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\nuser = \"me\"",
            "discovery.engines.0 = a: expected bearer_file, or user and password_file, and not both",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\nuser = \"a:b\"\npassword_file = \"/dev/null\"",
            "discovery.engines.0.user = a:b: expected a user without a colon",
        ),
        (
            "[[discovery.engines]]\nname = \"a\"\n[[discovery.engines]]\nname = \"a\"",
            "discovery.engines.1.name = a: expected a name of its own for each engine",
        ),
    ] {
        let found = check_file(&format!("[discovery]\n{lines}\n")).unwrap_err();
        assert!(found.contains(message), "{lines}: {found}");
        assert!(!found.contains("secret@"), "{found}");
    }
}
