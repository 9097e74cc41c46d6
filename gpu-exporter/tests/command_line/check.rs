//! `--check`: what is a configuration, and what is said of one that is not.

use std::path::Path;

use weir_test_daemon::{TestFile, file};

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
    assert_eq!(WEIR.check(&["--source", "simulate", "--listen", "0.0.0.0:80"], &[]), Ok(()));
    let environment =
        [("WEIR_GPU_EXPORTER__SOURCE", "simulate"), ("WEIR_GPU_EXPORTER_PORT", "tcp://x")];
    assert_eq!(WEIR.check(&[], &environment), Ok(()));
}

#[test]
fn the_shipped_example_is_valid_with_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/weir.toml");
    assert_eq!(WEIR.check(&["--config", path.to_str().unwrap()], &[]), Ok(()));
    let text = std::fs::read_to_string(path).unwrap();
    let text = &text[text.find("[gpu_exporter]").unwrap()..];
    for key in ["listen", "source", "interval", "timeout", "proc", "nvml_library"] {
        assert!(text.contains(&format!("\n#{key} = ")), "{key} is not in config/weir.toml");
    }
    let uncomment = |line: &str| {
        let key = line.strip_prefix('#').filter(|key| !key.starts_with(' '));
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
fn flags_that_cannot_be_used_say_so() {
    let source = WEIR.check(&["--source", "dcgm"], &[]).unwrap_err();
    assert!(source.contains("'dcgm'") && source.contains("values: nvml, simulate"), "{source}");
    let listen = WEIR.check(&["--listen", "localhost"], &[]).unwrap_err();
    assert!(listen.contains("'localhost'") && listen.contains("--listen <ADDR>"), "{listen}");
    assert_eq!(
        WEIR.check(&["--config", "not-there.toml"], &[]).unwrap_err(),
        "weir-gpu-exporter: cannot read the configuration file not-there.toml (named by --config): \
         No such file or directory (os error 2)\n"
    );
    assert_eq!(
        WEIR.check(&[], &[("WEIR_GPU_EXPORTER__INTERVAL", "1")]).unwrap_err(),
        "weir-gpu-exporter: gpu_exporter.interval = 1: expected a duration: a whole number and its \
         unit (us, ms, s, m, h or d), such as \"30s\"; a number alone has no unit (from environment \
         variable WEIR_GPU_EXPORTER__INTERVAL)\n"
    );
}

#[test]
fn files_that_cannot_be_used_say_where() {
    for (lines, message) in [
        (
            "interwal = \"1s\"",
            "gpu_exporter.interwal is not a known key, did you mean interval?; known here: listen, \
             admin_access, source, interval, timeout, proc, nvml_library, simulated_engines (from FILE)",
        ),
        (
            "source = \"dcgm\"",
            "gpu_exporter.source = \"dcgm\": expected \"nvml\" or \"simulate\" (from FILE)",
        ),
        (
            "listen = \"localhost\"",
            "gpu_exporter.listen = \"localhost\": expected an IP address and a port, such as \
             127.0.0.1:9900 (from FILE)",
        ),
        ("interval = \"99ms\"", "gpu_exporter.interval = 99ms: expected 100ms to 1m (from FILE)"),
        ("interval = \"2m\"", "gpu_exporter.interval = 2m: expected 100ms to 1m (from FILE)"),
        ("timeout = \"0s\"", "gpu_exporter.timeout = 0ms: expected 100ms to 1m (from FILE)"),
        (
            "proc = \"proc\"",
            "gpu_exporter.proc = proc: expected an absolute path, such as \"/proc\" or \
             \"/host/proc\" (from FILE)",
        ),
        (
            "proc = \"/nope\"",
            "gpu_exporter.proc = /nope: expected a procfs, a folder with `self` or with folders of \
             processes, such as \"/proc\", or \"/host/proc\" where the host's is mounted (from FILE)",
        ),
        (
            "proc = \"/dev/null\"",
            "gpu_exporter.proc = /dev/null: expected a procfs, a folder with `self` or with folders of \
             processes, such as \"/proc\", or \"/host/proc\" where the host's is mounted (from FILE)",
        ),
        (
            "nvml_library = \"\"",
            "gpu_exporter.nvml_library = \"\": expected a name or a path, such as \
             \"libnvidia-ml.so.1\", which is tried without this key (from FILE)",
        ),
        (
            "admin_access = { user = \"me\" }",
            "gpu_exporter.admin_access.user = me: expected gpu_exporter.admin_access.password_file \
             beside it (from FILE)",
        ),
    ] {
        let error = check_file(&format!("[gpu_exporter]\n{lines}\n")).unwrap_err();
        assert_eq!(error, format!("weir-gpu-exporter: {message}\n"), "{lines}");
    }
}
