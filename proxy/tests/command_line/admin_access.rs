//! Credentials of the admin pages: from their files to the pages, and changed while it runs.

use weir_sim::DeadPort;

use crate::files::{file, one_route};
use crate::process::{Weir, run};
use crate::talk;

const EVERYBODY: &str = "Everybody who reaches the admin pages may read them.";

/// The status with which a page is answered.
fn status(weir: &Weir, path: &str, authorization: &str) -> u16 {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n"
    );
    let answer = talk::rest(&mut talk::send(weir.admin, &request));
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn secrets_come_from_files_and_change_with_them() {
    let (token, password) = (file("old\n"), file("pw\n"));
    let access = format!(
        "[proxy.admin_access]\nbearer_file = {:?}\nuser = \"prometheus\"\npassword_file = {:?}",
        token.to_str().unwrap(),
        password.to_str().unwrap()
    );
    let nobody = DeadPort::new().unwrap();
    let config = file(&one_route(&nobody.url(), &access));
    let mut weir = Weir::with_file(&config);
    for path in ["/metrics", "/prometheus", "/status", "/models", "/nothing"] {
        let answer = talk::get(weir.admin, path);
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.contains("www-authenticate: Bearer realm=\"weir\"\r\n"), "{answer}");
        assert!(answer.contains("www-authenticate: Basic realm=\"weir\""), "{answer}");
    }
    let health = talk::get(weir.admin, "/health");
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
    assert!(!talk::get(weir.admin, "/ready").starts_with("HTTP/1.1 401 "));
    // prometheus:pw
    let basic = "Basic cHJvbWV0aGV1czpwdw==";
    let now = |weir: &Weir| {
        ["Bearer old", "Bearer new", basic].map(|shown| status(weir, "/metrics", shown))
    };
    assert_eq!(now(&weir), [200, 401, 200]);

    // As a mounted secret changes: without a word.
    std::fs::write(&*token, "new\n").unwrap();
    weir.logged("The configuration was read again.");
    assert_eq!(now(&weir), [401, 200, 200]);

    // Nobody is let in by a file that holds nothing, and nobody is shut out.
    std::fs::write(&*token, "\n").unwrap();
    weir.signal("HUP");
    let line = weir.logged("The configuration can't be used; the old one stays.");
    let error = line["error"].as_str().unwrap();
    assert!(error.starts_with("proxy.admin_access.bearer_file = "), "{error}");
    assert!(error.contains("expected a file with the secret in it; this one is empty"), "{error}");
    assert_eq!(now(&weir), [401, 200, 200]);
}

#[test]
fn a_secret_that_is_not_there_is_no_start() {
    let args = ["--upstream", "http://x", "--admin", "127.0.0.1:0"];
    let missing = ("WEIR_PROXY__ADMIN_ACCESS__BEARER_FILE", "not-there");
    let (code, _, stderr) = run(&args, &[missing]);
    let message = "weir-proxy: proxy.admin_access.bearer_file = not-there: expected a file that can \
                   be read (No such file or directory (os error 2)) (from environment variable \
                   WEIR_PROXY__ADMIN_ACCESS__BEARER_FILE)\n";
    assert_eq!((code, stderr.as_str()), (2, message));
}

#[test]
fn pages_for_everybody_are_mentioned() {
    let nobody = DeadPort::new().unwrap();
    let said = |admin: &str, variables: &[(&str, &str)]| {
        let args = ["--upstream", &nobody.url(), "--listen", "127.0.0.1:0", "--admin", admin];
        Weir::start_in(&args, variables).said(EVERYBODY).len()
    };
    let token = file("s3cret");
    let guarded = [("WEIR_PROXY__ADMIN_ACCESS__BEARER_FILE", token.to_str().unwrap())];
    assert_eq!(said("0.0.0.0:0", &[]), 1);
    assert_eq!(said("0.0.0.0:0", &guarded), 0);
    assert_eq!(said("127.0.0.1:0", &[]), 0);
}
