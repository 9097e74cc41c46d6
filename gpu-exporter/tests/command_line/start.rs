//! What is said and returned at the start and at the end.

use std::net::TcpListener;

use crate::WEIR;

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let (code, _, stderr) = WEIR.run(&["--source", "simulate", "--listen", &taken], &[]);
    let message = format!(
        "weir-gpu-exporter: cannot serve the admin pages on {taken}: Address already in use (os \
         error 98); free the address or choose another one\n"
    );
    assert_eq!((code, stderr), (1, message));
}

#[test]
fn a_log_filter_that_cannot_be_read_is_a_configuration_error() {
    let (code, _, stderr) = WEIR.run(&[], &[("WEIR_LOG", "weir=loud")]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.starts_with("weir-gpu-exporter: WEIR_LOG = \"weir=loud\": expected log"),
        "{stderr}"
    );
}

#[test]
fn version_and_help_are_for_people() {
    let (code, stdout, _) = WEIR.run(&["--version"], &[]);
    assert_eq!((code, stdout), (0, format!("weir-gpu-exporter {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, stdout, _) = WEIR.run(&["--help"], &[]);
    assert_eq!(code, 0);
    for flag in ["--config", "--check", "--log-format", "--listen", "--source"] {
        assert!(stdout.contains(flag), "{flag} is not in the help:\n{stdout}");
    }
}

#[test]
fn it_ends_at_once_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        for source in ["simulate", "nvml"] {
            let mut weir = WEIR.start(&["--source", source]);
            weir.signal(signal);
            assert_eq!(weir.ended(), Some(0), "SIG{signal}");
            assert_eq!(weir.said("Ended.").len(), 1);
        }
    }
}
