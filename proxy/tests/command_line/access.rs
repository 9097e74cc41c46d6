//! Keys and lists in the configuration: what is said of wrong ones, and that a reload applies new ones.

use std::net::SocketAddr;
use std::path::Path;

use ring::digest;
use weir_sim::Upstream;

use crate::files::{file, one_route};
use crate::process::{Weir, run};
use crate::talk;

fn sha256(key: &str) -> String {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entry for a key, with `more` keys of its own.
fn key(alias: &str, key: &str, more: &str) -> String {
    format!("[[proxy.keys]]\nalias = {alias:?}\nsha256 = {:?}\n{more}\n", sha256(key))
}

/// What `--check` says of `[proxy]` with these lines and a route with those.
fn check(lines: &str, of_route: &str) -> Result<(), String> {
    let path = file(&format!("{}{of_route}\n", one_route("http://127.0.0.1:8000", lines)));
    let path = path.to_str().unwrap();
    match run(&["--check", "--config", path], &[]) {
        (0, _, _) => Ok(()),
        (code, _, error) => {
            assert_eq!((code, error.lines().count()), (2, 1), "{error}");
            Err(error.trim_end().replace(path, "FILE"))
        }
    }
}

fn assert_refused(lines: &str, of_route: &str, message: &str) {
    let error = check(lines, of_route).unwrap_err();
    let expected = format!("weir-proxy: {message}");
    assert!(
        error.starts_with(&expected),
        "{lines}{of_route}\n  said     {error}\n  not      {expected}"
    );
    assert!(!error.contains("sk-"), "{error}");
}

#[test]
fn keys_that_cannot_be_meant_are_refused() {
    let good = key("a", "sk-1", "rate = \"60/minute\"");
    assert_eq!(check(&good, ""), Ok(()));
    let alias = "expected 1 to 64 letters, digits, '-', '_' or '.', other than \"none\", \"other\" \
                 and \"unknown\" (from FILE)";
    for taken in ["other", "none", "unknown", "", "a b", "ä"] {
        let message = format!("proxy.keys.0.alias = {taken}: {alias}");
        assert_refused(&key(taken, "sk-1", ""), "", &message);
    }
    let digits = "proxy.keys.0.sha256 = (hidden): expected 64 hexadecimal digits, as printf %s \
                  \"$KEY\" | sha256sum writes them (from FILE)";
    for wrong in ["", "sk-1", &sha256("sk-1")[1..]] {
        let lines = format!("[[proxy.keys]]\nalias = \"a\"\nsha256 = {wrong:?}\n");
        assert_refused(&lines, "", digits);
    }
    let nothing =
        "proxy.keys.0.sha256 = (hidden): expected the hash of a key; this one is of nothing";
    for unset in ["", "\n"] {
        assert_refused(&key("a", unset, ""), "", nothing);
    }
    let twice = key("a", "sk-1", "") + &key("a", "sk-2", "");
    assert_refused(&twice, "", "proxy.keys.1.alias = a: expected an alias that no other key has");
    let twice = key("a", "sk-1", "") + &key("b", "sk-1", "");
    assert_refused(
        &twice,
        "",
        "proxy.keys.1.sha256 = (hidden): expected the hash of a key that no other entry has",
    );
    for rate in ["60", "60/min", "0/minute", "1000001/second"] {
        let message = format!("proxy.keys.0.rate = {rate}: expected a number of requests, at most");
        assert_refused(&key("a", "sk-1", &format!("rate = {rate:?}")), "", &message);
    }
    // A key in place of its hash, in every way that one could write it.
    assert_refused(
        "[[proxy.keys]]\nalias = \"a\"\nsha256 = [\"sk-1\"]\n",
        "",
        "proxy.keys.0.sha256 = (hidden): expected a string",
    );
    assert_refused("keys = [\"sk-1\"]", "", "proxy.keys.0 = (hidden): expected a table");
    assert_refused(&key("a", "sk-1", "key = \"sk-1\""), "", "proxy.keys.0.key is not a known key");
}

#[test]
fn lists_that_let_nobody_in_are_refused() {
    let keys = key("a", "sk-1", "");
    let route = "proxy.routes.0";
    for (lines, of_route, message) in [
        ("", "access = \"keys\"", "access = keys: expected at least one [[proxy.keys]] beside it"),
        ("", "allow_keys = [\"a\"]", "allow_keys = (hidden): expected at least one [[proxy.keys]]"),
        (
            &keys,
            "access = \"open\"\nallow_keys = [\"a\"]",
            "allow_keys = (hidden): expected access = \"keys\" beside it",
        ),
        (
            &keys,
            "allow_keys = [\"sk-1\"]",
            "allow_keys.0 = (hidden): expected the alias of one of [[proxy.keys]]",
        ),
        ("", "allow_from = []", "allow_from = []: expected at least one item, or no such list"),
        (
            "",
            "allow_from = [\"::1\", \"10.0.0.1/8\"]",
            "allow_from.1 = 10.0.0.1/8: expected 10.0.0.0/8, where the network begins",
        ),
        (
            "",
            "allow_endpoints = [\"chat\"]",
            "allow_endpoints.0 = chat: expected model_list, passthrough, or one of chat_completions",
        ),
    ] {
        assert_refused(lines, of_route, &format!("{route}.{message}"));
    }
    let all = "access = \"keys\"\nallow_keys = [\"a\"]\nallow_from = [\"::1\", \"10.0.0.0/8\"]\n\
               allow_endpoints = [\"chat_completions\", \"model_list\", \"passthrough\"]";
    assert_eq!(check(&keys, all), Ok(()));
}

#[test]
fn clients_that_could_not_be_told_apart_are_refused() {
    let clients = |lines: &str| format!("[proxy.clients]\n{lines}\n");
    let (short, long) = (file("too-short\n"), file("0123456789abcdef\n"));
    let secret = |path: &Path| format!("metrics = \"hash\"\nhash_secret_file = {path:?}");
    for (lines, message) in [
        ("metrics = \"alias\"", "metrics = alias: expected at least one [[proxy.keys]] beside it"),
        ("metrics = \"hash\"", "metrics = hash: expected proxy.clients.hash_secret_file beside it"),
        ("metrics = \"key\"", "metrics = \"key\": expected one of \"off\", \"alias\", \"hash\""),
        ("max = 0", "max = 0: expected 1 to 10000"),
        (
            &secret(Path::new("not-there")),
            "hash_secret_file = not-there: expected a file that can be read (No such file",
        ),
        (
            &secret(&short),
            &format!(
                "hash_secret_file = {}: expected a file of at least 16 bytes; this one has 9",
                short.display()
            ),
        ),
    ] {
        assert_refused(&clients(lines), "", &format!("proxy.clients.{message}"));
    }
    assert_eq!(check(&clients(&secret(&long)), ""), Ok(()));
}

/// The status of a list of models, asked for with this key.
fn status(address: SocketAddr, key: &str) -> u16 {
    let request = format!(
        "GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\n\r\n"
    );
    let answer = talk::rest(&mut talk::send(address, &request));
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("{answer}"))
}

/// Writes the file and waits until `key` is answered so.
fn reload(weir: &Weir, path: &Path, text: &str, key: &str, code: u16) {
    std::fs::write(path, text).unwrap();
    weir.signal("HUP");
    let message = format!("{key} is answered {code}");
    talk::poll(&message, || (status(weir.address, key) == code).then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_takes_keys_away_and_brings_others() {
    let upstream = Upstream::builder().start().await.unwrap();
    let with = |keys: &str| one_route(&upstream.url(), keys);
    let path = file(&with(&key("a", "sk-1", "")));
    let weir = Weir::with_file(&path);
    let statuses = |weir: &Weir| ["sk-1", "sk-2"].map(|key| status(weir.address, key));
    assert_eq!(statuses(&weir), [200, 401]);
    reload(&weir, &path, &with(&key("a", "sk-2", "")), "sk-2", 200);
    assert_eq!(statuses(&weir), [401, 200]);
    let listed = with(&(key("a", "sk-1", "") + &key("b", "sk-2", ""))) + "allow_keys = [\"a\"]\n";
    reload(&weir, &path, &listed, "sk-2", 403);
    assert_eq!(statuses(&weir), [200, 403]);
    reload(&weir, &path, &with(""), "sk-3", 200);
    assert_eq!(statuses(&weir), [200, 200], "no keys, nothing to check");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_forgets_nothing_that_was_used_up() {
    let upstream = Upstream::builder().start().await.unwrap();
    let with = |keys: &str| one_route(&upstream.url(), keys);
    let path = file(&with(&key("a", "sk-1", "rate = \"1/day\"")));
    let weir = Weir::with_file(&path);
    assert_eq!([status(weir.address, "sk-1"), status(weir.address, "sk-1")], [200, 429]);
    // The key is another one, and there is a second entry before it: the rate is still the alias's.
    let next = key("b", "sk-2", "") + &key("a", "sk-3", "rate = \"1/day\"");
    reload(&weir, &path, &with(&next), "sk-2", 200);
    assert_eq!(status(weir.address, "sk-3"), 429);
    let other = key("a", "sk-3", "rate = \"2/day\"");
    reload(&weir, &path, &with(&other), "sk-2", 401);
    let statuses = [(); 3].map(|()| status(weir.address, "sk-3"));
    assert_eq!(statuses, [200, 200, 429], "another rate begins anew");
}
