//! `--check`: what is a configuration, and what is said of one that is not.

use std::path::Path;

use crate::files::{ConfigFile, file, one_route};
use crate::process::run;

/// Checks; an error has to be all that is said.
fn check(args: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
    let mut all = vec!["--check"];
    all.extend(args);
    let (code, stdout, stderr) = run(&all, environment);
    assert_eq!(stdout, "", "{args:?}");
    match code {
        0 => {
            assert_eq!(stderr, "", "{args:?} is fine, and nothing is to be said");
            Ok(())
        }
        2 => Err(stderr),
        other => panic!("{args:?}: exit code {other}: {stderr}"),
    }
}

/// Checks a file; in the message the file is called FILE.
fn check_file(text: &str) -> Result<(), String> {
    let path = file(text);
    let path = path.to_str().unwrap();
    check(&["--config", path], &[]).map_err(|error| error.replace(path, "FILE"))
}

#[test]
fn a_whole_sidecar_needs_no_file() {
    assert_eq!(check(&["--upstream", "http://127.0.0.1:8000"], &[]), Ok(()));
    let full =
        ["--upstream", "https://api.example.com", "--route", "cloud", "--hop", "edge", "--listen"];
    assert_eq!(check(&[&full[..], &["0.0.0.0:80"]].concat(), &[]), Ok(()));
}

#[test]
fn the_environment_is_a_layer() {
    let upstream = ("WEIR_PROXY__UPSTREAM", "http://127.0.0.1:8000");
    assert_eq!(check(&[], &[upstream]), Ok(()));
    let wrong = ("WEIR_PROXY__UPSTREAM", "127.0.0.1:8000");
    assert_eq!(check(&["--upstream", "http://127.0.0.1:8000"], &[wrong]), Ok(()), "flags win");
    assert_eq!(
        check(&[], &[wrong]).unwrap_err(),
        "weir-proxy: proxy.upstream = 127.0.0.1:8000: expected a URL such as \
         \"http://127.0.0.1:8000\" or \"https://api.example.com\" (from environment variable \
         WEIR_PROXY__UPSTREAM)\n"
    );
    assert_eq!(
        check(&[], &[upstream, ("WEIR_PROXY__DRAIN_GRACE", "soon")]).unwrap_err(),
        "weir-proxy: proxy.drain_grace = \"soon\": expected a duration: a whole number and its \
         unit (us, ms, s, m, h or d), such as \"30s\" (from environment variable \
         WEIR_PROXY__DRAIN_GRACE)\n"
    );
}

#[test]
fn variables_that_kubernetes_makes_are_not_ours() {
    let kubernetes = [
        ("WEIR_PROXY__UPSTREAM", "http://127.0.0.1:8000"),
        ("WEIR_PROXY_PORT", "tcp://1.2.3.4:9800"),
        ("WEIR_PROXY_PORT_9800_TCP_ADDR", "1.2.3.4"),
        ("WEIR_PROXY_SERVICE_HOST", "1.2.3.4"),
    ];
    assert_eq!(check(&[], &kubernetes), Ok(()));
}

#[test]
fn the_file_of_the_environment_is_read() {
    let path = file(&one_route("http://127.0.0.1:8000", ""));
    assert_eq!(check(&[], &[("WEIR_CONFIG", path.to_str().unwrap())]), Ok(()));
    assert_eq!(
        check(&[], &[("WEIR_CONFIG", "not-there.toml")]).unwrap_err(),
        "weir-proxy: cannot read the configuration file not-there.toml (named by environment \
         variable WEIR_CONFIG): No such file or directory (os error 2)\n"
    );
}

#[test]
fn every_shipped_example_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        assert_eq!(check(&["--config", path.to_str().unwrap()], &[]), Ok(()));
        // A commented-out key shows a default, or what could stand there.
        let text = std::fs::read_to_string(&path).unwrap();
        let uncomment = |line: &str| {
            let key = line.strip_prefix('#').filter(|key| !key.starts_with(' '));
            key.unwrap_or(line).to_owned()
        };
        let whole: Vec<_> = text.lines().map(uncomment).collect();
        let whole = whole.join("\n");
        assert_ne!(whole, text, "{} has keys to uncomment", path.display());
        let (whole, _secrets) = with_secrets(whole);
        assert_eq!(check_file(&whole), Ok(()), "{} with every key", path.display());
        checked += 1;
    }
    assert!(checked > 0, "no example was found");
}

/// The text with a file of the test in place of each one that an example has in `/run/secrets`, and of
/// each certificate and key.
fn with_secrets(mut text: String) -> (String, Vec<ConfigFile>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut files = Vec::new();
    while let Some(begin) = ["\"/run/secrets/", "\"/etc/weir/"].iter().find_map(|it| text.find(it))
    {
        let end = begin + 1 + text[begin + 1..].find('"').unwrap();
        let name = &text[begin + 1..end];
        let content = match name.rsplit_once('.') {
            Some((_, "crt" | "pem")) => made.cert.pem(),
            Some((_, "key")) => made.signing_key.serialize_pem(),
            _ => "0123456789abcdef".repeat(4),
        };
        let secret = file(&content);
        text.replace_range(begin..=end, &format!("{:?}", secret.to_str().unwrap()));
        files.push(secret);
    }
    (text, files)
}

#[test]
fn flags_that_cannot_be_used_say_so() {
    let none = "weir-proxy: proxy.routes = none: expected at least one route: --upstream \
                http://HOST:PORT, --discovery http://HOST:PORT where weir-discovery finds them, or \
                a [[proxy.routes]] table in the file that --config names (from built-in default)\n";
    assert_eq!(check(&[], &[]).unwrap_err(), none);
    assert_eq!(
        check(&["--upstream", "http://127.0.0.1:8000/v1"], &[]).unwrap_err(),
        "weir-proxy: proxy.upstream = http://127.0.0.1:8000/v1: expected a URL without a path: \
         paths go through as clients send them (leave out \"/v1\") (from --upstream on the \
         command line)\n"
    );
    assert_eq!(
        check(&["--listen", "127.0.0.1:9801"], &[]).unwrap_err(),
        "weir-proxy: proxy.listen = 127.0.0.1:9801: expected proxy.upstream (--upstream) beside \
         it, of which it is a part; for configured routes set the key of each route (from \
         --listen on the command line)\n"
    );
    assert_eq!(
        check(&["--config", "config/weir.toml", "--upstream", "http://127.0.0.1:1"], &[])
            .unwrap_err(),
        "weir-proxy: proxy.upstream = http://127.0.0.1:1: expected either one upstream or \
         [[proxy.routes]], not both (from --upstream on the command line)\n"
    );
    assert_eq!(
        check(&["--config", "not-there.toml"], &[]).unwrap_err(),
        "weir-proxy: cannot read the configuration file not-there.toml (named by --config): No \
         such file or directory (os error 2)\n"
    );
    let hop = check(&["--hop", "sideways"], &[]).unwrap_err();
    assert!(hop.contains("'sideways'") && hop.contains("possible values: edge, engine"), "{hop}");
}

#[test]
fn files_that_cannot_be_used_say_where() {
    let golden = [
        (
            "drian_grace = \"30s\"",
            "proxy.drian_grace is not a known key, did you mean drain_grace?; known here: admin, \
             admin_access, edge, engine, drain_grace, threads, connect_timeout, max_event, \
             tls_ca_file, idle_series, cost, prices, hop_header, limits, tls, keys, clients, access_log, discovery, upstream, listen, route, hop, usage, routes (from FILE)",
        ),
        (
            "drain_grace = 30",
            "proxy.drain_grace = 30: expected a duration: a whole number and its unit (us, ms, s, \
             m, h or d), such as \"30s\"; a number alone has no unit (from FILE)",
        ),
        (
            "max_event = \"4MB/s\"",
            "proxy.max_event = \"4MB/s\": expected a size in bytes: a whole number, alone or \
             with B, KiB, MiB or GiB, such as \"64KiB\" (from FILE)",
        ),
        (
            "admin = \"localhost\"",
            "proxy.admin = \"localhost\": expected an IP address and a port, such as \
             127.0.0.1:9900 (from FILE)",
        ),
        (
            "[[proxy.routes]]\nhop = \"sideways\"\nupstream = \"http://x\"",
            "proxy.routes.0.hop = \"sideways\": expected \"edge\" or \"engine\" (from FILE)",
        ),
        (
            "[[proxy.routes]]\nupstream = \"http://x\"\n[[proxy.routes]]\nupstream = \"http://y\"",
            "proxy.routes.1.name = default: expected a name that no other route has (from \
             built-in default)",
        ),
        (
            "[[proxy.routes]]\nname = \"a\"",
            "proxy.routes.0.upstream is missing; it has no \
             default, and the entry from FILE does not set it",
        ),
        ("admin = 1.2.3", "FILE:2:"),
        ("[metrics]", "metrics is not a known key"),
    ];
    for (lines, message) in golden {
        assert_refused(lines, message);
    }
}

#[test]
fn values_that_cannot_be_meant_are_refused() {
    let golden = [
        (
            "upstream = \"http://x\"\naccess_log = { sample = 1.5 }",
            "proxy.access_log.sample = 1.5: expected a share between 0 and 1 (from FILE)",
        ),
        (
            "upstream = \"http://x\"\naccess_log = { most_errors = \"ten\" }",
            "proxy.access_log.most_errors = ten: expected so many in a time, such as \"10/second\" \
             or \"100/minute\" (from FILE)",
        ),
        (
            "upstream = \"http://x\"\naccess_log = { max_size = \"1KiB\" }",
            "proxy.access_log.max_size = 1KiB: expected 1MiB or more, or 0B for never (from FILE)",
        ),
        (
            "upstream = \"http://x\"\naccess_log = { keep = 0 }",
            "proxy.access_log.keep = 0: expected 1 to 1000 (from FILE)",
        ),
        (
            "upstream = \"http://x\"\naccess_log = { path = \"\" }",
            "proxy.access_log.path = \"\": expected a file, or \"-\" for stdout (from FILE)",
        ),
        (
            "upstream = \"http://x\"\nthreads = 0",
            "proxy.threads = 0: expected 1 to 1024, or leave it out (from FILE)",
        ),
        (
            "upstream = \"http://x\"\nthreads = 1025",
            "proxy.threads = 1025: expected 1 to 1024, or leave it out (from FILE)",
        ),
        (
            "upstream = \"http://x:99999\"",
            "proxy.upstream = http://x:99999: expected a port from 1 to 65535 behind the colon, or \
             neither (from FILE)",
        ),
        (
            "[[proxy.routes]]\nname = \"v1\"\nupstream = \"http://x\"",
            "proxy.routes.0.name = v1: expected 1 to 64 letters, digits, '-', '_' or '.', other \
             than \"unrouted\", \"v1\" and \"v2\" (from FILE)",
        ),
        (
            "[[proxy.routes]]\nupstream = \"http://x\"\npoll_models = \"999ms\"",
            "proxy.routes.0.poll_models = 999ms: expected 1s or more, or 0s for never (from FILE)",
        ),
    ];
    for (lines, message) in golden {
        assert_refused(lines, message);
    }
}

#[test]
fn where_routes_are_found_is_checked() {
    assert_eq!(check(&["--discovery", "http://127.0.0.1:9901/"], &[]), Ok(()));
    let with_routes =
        "[proxy.discovery]\nurl = \"http://h:1\"\n[[proxy.routes]]\nupstream = \"http://x\"";
    assert_eq!(check_file(with_routes), Ok(()));
    let expected = "expected a URL such as \"http://127.0.0.1:9901\", without a path, a user or a \
                    password (from FILE)";
    for (url, shown) in [
        ("127.0.0.1:9901", "127.0.0.1:9901"),
        ("http://127.0.0.1:9901/routes", "http://127.0.0.1:9901/routes"),
        ("http://me:secret@h", "(hidden)"),
    ] {
        let error = check_file(&format!("[proxy.discovery]\nurl = {url:?}\n")).unwrap_err();
        assert_eq!(error, format!("weir-proxy: proxy.discovery.url = {shown}: {expected}\n"));
    }
    assert_refused(
        "upstream = \"http://x\"\ndiscovery.url = \"http://h:1\"",
        "proxy.upstream = http://x: expected either one upstream or [proxy.discovery], not both",
    );
    assert_refused(
        "discovery.usage = \"observe\"",
        "proxy.discovery.url is missing; it has no default",
    );
    assert_refused(
        "discovery.url = \"http://h\"\ndiscovery.tls_ca_file = \"/not/there.pem\"",
        "reading the certificates to trust (proxy.discovery.tls_ca_file) from /not/there.pem",
    );
}

fn assert_refused(lines: &str, message: &str) {
    let error = check_file(&format!("[proxy]\n{lines}\n")).unwrap_err();
    let begins = format!("weir-proxy: {message}");
    assert!(error.starts_with(&begins), "{lines}\n  said     {error}\n  expected {begins}");
    assert_eq!(error.lines().count(), 1, "one line: {error}");
}

/// As at the start: `--check && weir-proxy` is to mean something.
#[test]
fn certificates_are_read() {
    let route = "[[proxy.routes]]\nupstream = \"http://127.0.0.1:1\"\n";
    let tls = "[proxy.tls.engine]\ncertificate = \"/not/there.pem\"\nkey = \"/not/there.key\"\n";
    let said = check_file(&format!("{tls}{route}")).unwrap_err();
    assert!(said.contains("reading the certificate from /not/there.pem"), "{said}");
    let said =
        check_file(&format!("[proxy]\ntls_ca_file = \"/not/there.pem\"\n{route}")).unwrap_err();
    assert!(said.contains("(proxy.tls_ca_file) from /not/there.pem"), "{said}");
}
