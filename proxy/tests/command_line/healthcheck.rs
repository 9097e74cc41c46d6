//! `--healthcheck`: what a container's health check is told.

use weir_sim::DeadPort;

use crate::process::{Weir, run};

#[test]
fn a_health_check_needs_no_more_than_the_address() {
    let nobody = DeadPort::new().unwrap();
    // The health check is given neither flags nor a route; discovery is waited for.
    let mut weir = Weir::start_in(
        &["--discovery", &nobody.url(), "--admin", "127.0.0.1:0"],
        &[("WEIR_PROXY__ENGINE", "127.0.0.1:0")],
    );
    let admin = weir.admin.to_string();
    let ask = |flag: &str| run(&[flag], &[("WEIR_PROXY__ADMIN", &admin)]);

    let healthy = (0, format!("weir-proxy: http://{admin}/health: 200\n"), String::new());
    assert_eq!(ask("--healthcheck"), healthy);
    let (code, stdout, stderr) = ask("--healthcheck=ready");
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.starts_with(&format!("weir-proxy: http://{admin}/ready: 503, ")), "{stderr}");
    assert!(stderr.contains("discovery"), "{stderr}");

    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let (code, _, stderr) = ask("--healthcheck");
    assert_eq!(code, 1);
    assert!(stderr.contains("Connection refused"), "{stderr}");
}
