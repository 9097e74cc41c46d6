use std::fs;
use std::time::Duration;

use serde::Deserialize;
use weir_daemon::config::{Layers, Loaded, Sources, Table};

use super::{LitellmConfig, RawLitellm, resolve};
use crate::fetch::{Credentials, Secret};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Discovery {
    litellm: Vec<RawLitellm>,
}

/// What comes of a file with this text after `[[discovery.litellm]]`.
fn load(name: &str, text: &str) -> Result<Vec<LitellmConfig>, String> {
    let file =
        std::env::temp_dir().join(format!("weir-litellm-{name}-{}.toml", std::process::id()));
    fs::write(&file, format!("[[discovery.litellm]]\n{text}")).unwrap();
    let read = Sources::read(&Layers::new().with_file(&file)).unwrap();
    let loaded: Result<Loaded<Discovery>, _> = read.table(Table::Discovery);
    let found = loaded.and_then(|loaded| {
        let environment = |name: &str| match name {
            "KEY" => Some("sk-1".to_owned()),
            "BROKEN" => Some("sk-2\n".to_owned()),
            _ => None,
        };
        resolve(&loaded.value.litellm, &loaded, "discovery.litellm", &environment)
    });
    let found = found.map_err(|error| error.to_string().replace(file.to_str().unwrap(), "FILE"));
    fs::remove_file(&file).unwrap();
    found
}

#[test]
fn a_name_is_enough() {
    let expected = LitellmConfig { tls_verify: true, ..LitellmConfig::of_found("litellm") };
    assert_eq!(load("name", "name = \"litellm\"").unwrap(), [expected]);
}

#[test]
fn everything_can_be_said() {
    let text = "name = \"a\"\nurl = \"https://a.example:4000\"\nkey_env = \"KEY\"\n\
                tls_verify = false\ninterval = \"1s\"";
    let [gateway] = load("all", text).unwrap().try_into().unwrap();
    assert_eq!(gateway.credentials, Credentials::Bearer(Secret::Value("sk-1".to_owned())));
    assert_eq!(gateway.interval, Duration::from_secs(1));
    assert!(!format!("{gateway:?}").contains("sk-1"));
    let url = gateway.url.clone().unwrap();
    assert_eq!(gateway.reach(url).url.as_str(), "https://a.example:4000/");
}

#[test]
fn what_can_not_be_used_is_named() {
    for (name, text, expected) in [
        ("empty", "name = \"\"", "discovery.litellm.0.name"),
        ("path", "name = \"a\"\nurl = \"http://a/v1\"", "without /v1"),
        ("user", "name = \"a\"\nurl = \"http://u:secret@a\"", "discovery.litellm.0.url"),
        ("unset", "name = \"a\"\nkey_env = \"UNSET\"", "UNSET"),
        ("broken", "name = \"a\"\nkey_env = \"BROKEN\"", "BROKEN"),
        ("both", "name = \"a\"\nkey_env = \"KEY\"\nkey_file = \"/dev/null\"", "not both"),
        ("secret", "name = \"a\"\nkey_env = \"sk-secret\"", "no variable's name"),
        ("file", "name = \"a\"\nkey_file = \"/not/there\"", "/not/there"),
        ("short", "name = \"a\"\ninterval = \"1ms\"", "100ms to 10m"),
        ("twice", "name = \"a\"\n[[discovery.litellm]]\nname = \"a\"", "discovery.litellm.1.name"),
        ("unknown", "name = \"a\"\nmaster_key = \"x\"", "master_key"),
    ] {
        let message = load(name, text).unwrap_err();
        assert!(message.contains(expected), "{name}: {message}");
        assert!(!message.contains("secret") || name == "unknown", "{name}: {message}");
    }
}

#[test]
fn certificates_of_those_that_are_found_are_not_checked() {
    assert!(!LitellmConfig::of_found("litellm").tls_verify);
}
