//! `--healthcheck`: what a container's health check is told.

use crate::{WEIR, start};

#[test]
fn who_serves_is_healthy_and_who_has_ended_is_not() {
    let (mut discovery, _file) = start("");
    let address = discovery.address().to_string();
    let ask = |flag: &str| WEIR.run(&[flag], &[("WEIR_DISCOVERY__LISTEN", &address)]);
    for (flag, page) in [("--healthcheck", "health"), ("--healthcheck=ready", "ready")] {
        let (code, stdout, stderr) = ask(flag);
        assert_eq!((code, stderr.as_str()), (0, ""));
        assert_eq!(stdout, format!("weir-discovery: http://{address}/{page}: 200\n"));
    }
    discovery.signal("TERM");
    assert_eq!(discovery.ended(), Some(0));
    assert_eq!(ask("--healthcheck").0, 1);
}
