//! What is said and returned at the start.

use std::net::TcpListener;

use crate::process::run;

const UPSTREAM: [&str; 2] = ["--upstream", "http://127.0.0.1:8000"];

fn start(args: &[&str]) -> (i32, String, String) {
    run(&[&UPSTREAM[..], args].concat(), &[])
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let in_use = "Address already in use (os error 98)";

    let (code, _, stderr) = start(&["--listen", &taken, "--admin", "127.0.0.1:0"]);
    let message = format!(
        "weir-proxy: cannot listen on {taken} for the engine listener: {in_use}; free the address \
         or choose another one\n"
    );
    assert_eq!((code, stderr), (1, message));

    let (code, _, stderr) = start(&["--listen", "127.0.0.1:0", "--admin", &taken]);
    let message = format!(
        "weir-proxy: cannot serve the admin pages on {taken}: {in_use}; free the address or choose \
         another one\n"
    );
    assert_eq!((code, stderr), (1, message));
}

#[test]
fn one_address_is_not_given_out_twice() {
    let (code, _, stderr) = start(&["--listen", "127.0.0.1:9900"]);
    let message = "weir-proxy: proxy.listen = 127.0.0.1:9900: expected an address that neither the \
                   admin endpoints nor another listener has (from --listen on the command line)\n";
    assert_eq!((code, stderr.as_str()), (2, message));
}

#[test]
fn a_log_filter_that_cannot_be_read_is_a_configuration_error() {
    let (code, _, stderr) = run(&UPSTREAM, &[("WEIR_LOG", "weir=loud")]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.starts_with("weir-proxy: WEIR_LOG = \"weir=loud\": expected log"), "{stderr}");
}

#[test]
fn version_and_help_are_for_people() {
    let (code, stdout, _) = run(&["--version"], &[]);
    assert_eq!((code, stdout), (0, format!("weir-proxy {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, stdout, _) = run(&["--help"], &[]);
    assert_eq!(code, 0);
    for flag in [
        "--config",
        "--check",
        "--log-format",
        "--upstream",
        "--listen",
        "--route",
        "--hop",
        "--admin",
    ] {
        assert!(stdout.contains(flag), "{flag} is not in the help:\n{stdout}");
    }
}
