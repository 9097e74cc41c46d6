//! Credentials of the pages: from their files to the pages, and changed while it runs.

use std::path::Path;

use weir_test_daemon::{Daemon, file};

use crate::WEIR;

fn metrics(weir: &Daemon, token: &str) -> u16 {
    weir.get_with("/metrics", &format!("authorization: Bearer {token}\r\n")).0
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn another_token_counts_without_a_restart() {
    let token = file("first\n");
    let config = file(&format!(
        "[gpu_exporter]\nsource = \"simulate\"\n[gpu_exporter.admin_access]\nbearer_file = {:?}\n",
        token.to_str().unwrap()
    ));
    let mut weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    assert_eq!(
        (weir.get("/metrics").0, weir.get("/status").0, weir.get("/health").0),
        (401, 401, 200)
    );
    assert_eq!((metrics(&weir, "first"), metrics(&weir, "second")), (200, 401));

    write(&token, "second\n");
    weir.logged("The configuration was read again.");
    assert_eq!((metrics(&weir, "first"), metrics(&weir, "second")), (401, 200));

    write(&token, "");
    let line = weir.logged("The configuration can't be used; the old one stays.");
    let error = line["error"].as_str().unwrap();
    assert!(error.starts_with("gpu_exporter.admin_access.bearer_file = "), "{error}");
    assert_eq!(metrics(&weir, "second"), 200);
    let text = weir.get_with("/metrics", "authorization: Bearer second\r\n").1;
    for line in [
        "weir_config_reloads_total{result=\"success\"} 1\n",
        "weir_config_reloads_total{result=\"failure\"} 1\n",
        "weir_config_last_reload_success 0\n",
    ] {
        assert!(text.contains(line), "no {line:?} in {text}");
    }
}

/// Mounted secrets may come after the configuration that names them.
#[test]
fn a_token_that_comes_after_a_refusal_is_noticed() {
    let config = file("[gpu_exporter]\nsource = \"simulate\"\n");
    let token = file("soon to be gone\n");
    std::fs::remove_file(&*token).unwrap();
    let mut weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    write(
        &config,
        &format!(
            "[gpu_exporter]\nsource = \"simulate\"\nadmin_access = {{ bearer_file = {:?} }}\n",
            token.to_str().unwrap()
        ),
    );
    weir.logged("The configuration can't be used; the old one stays.");
    assert_eq!(weir.get("/metrics").0, 200);

    write(&token, "late\n");
    weir.logged("The configuration was read again.");
    assert_eq!((weir.get("/metrics").0, metrics(&weir, "late")), (401, 200));
    assert_eq!(weir.said("The configuration can't be used; the old one stays.").len(), 1);
}

#[test]
fn what_needs_a_restart_is_said() {
    let config = file("[gpu_exporter]\nsource = \"simulate\"\n");
    let mut weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    write(&config, "[gpu_exporter]\nsource = \"simulate\"\ninterval = \"2s\"\n");
    weir.signal("HUP");
    weir.logged("Only changes of admin_access are applied; the others need a restart.");
    weir.logged("The configuration was read again.");
    weir.signal("HUP");
    weir.logged("The configuration was read again.");
    assert_eq!(weir.get("/ready").0, 200);
}
