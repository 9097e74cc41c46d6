//! `--healthcheck`: what a container's health check is told.

use weir_test_daemon::file;

use crate::WEIR;

/// Asks with the settings of a daemon that listens at `address`: exit code, and the one line that is said.
fn ask(flag: &str, address: &str) -> (i32, String) {
    let (code, stdout, stderr) = WEIR.run(&[flag], &[("WEIR_GPU_EXPORTER__LISTEN", address)]);
    let (said, silent) = if code == 0 { (stdout, stderr) } else { (stderr, stdout) };
    assert_eq!((said.lines().count(), silent.as_str()), (1, ""), "{said}");
    (code, said.replace(address, "THERE"))
}

#[test]
fn who_serves_is_healthy_and_who_has_ended_is_not() {
    let token = file("s3cret");
    let access = format!("{{ bearer_file = {:?} }}", token.to_str().unwrap());
    let config = file(&format!("[gpu_exporter]\nsource = \"simulate\"\nadmin_access = {access}\n"));
    let mut weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    weir.until("/ready", |status, _| status == 200);
    let address = weir.address().to_string();
    let healthy = (0, "weir-gpu-exporter: http://THERE/health: 200\n".to_owned());
    assert_eq!(ask("--healthcheck", &address), healthy);
    let ready = (0, "weir-gpu-exporter: http://THERE/ready: 200\n".to_owned());
    assert_eq!(ask("--healthcheck=ready", &address), ready);

    weir.signal("TERM");
    assert_eq!(weir.ended(), Some(0));
    let (code, said) = ask("--healthcheck", &address);
    assert_eq!(code, 1);
    assert!(said.contains("http://THERE/health: Connection refused"), "{said}");
}

#[test]
fn who_cannot_serve_is_healthy_but_not_ready() {
    let config = file("[gpu_exporter]\nnvml_library = \"/nowhere/libnvidia-ml.so.1\"\n");
    let weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    weir.until("/ready", |status, body| status == 503 && body.contains("/nowhere"));
    let address = weir.address().to_string();
    assert_eq!(ask("--healthcheck", &address).0, 0);
    let (code, said) = ask("--healthcheck=ready", &address);
    assert_eq!(code, 1);
    assert!(said.starts_with("weir-gpu-exporter: http://THERE/ready: 503, "), "{said}");
    assert!(said.contains("/nowhere/libnvidia-ml.so.1"), "{said}");
}

/// A health check does not know the flags that a daemon was started with.
#[test]
fn only_the_address_has_to_make_sense() {
    let weir = WEIR.start(&["--source", "simulate"]);
    let text = format!("[gpu_exporter]\nlisten = \"{}\"\nsource = \"dcgm\"\n", weir.address());
    let config = file(&text);
    let (code, stdout, stderr) =
        WEIR.run(&["--healthcheck", "--config", config.to_str().unwrap()], &[]);
    assert_eq!(code, 0, "{stdout}{stderr}");
}

#[test]
fn settings_that_cannot_be_used_are_no_illness() {
    let (code, said) = ask("--healthcheck", "localhost");
    assert_eq!(code, 2);
    assert!(said.contains("gpu_exporter.listen"), "{said}");
    let (code, said) = ask("--healthcheck", "127.0.0.1:0");
    assert_eq!(code, 2);
    assert!(said.contains("port 0"), "{said}");
}
