//! Who may see the pages, and a configuration that is read again.

use tokio::runtime::Runtime;
use weir_sim::Upstream;
use weir_test_daemon::file;

use crate::{WEIR, engine};

#[test]
fn pages_want_the_token() {
    let token = file("discovery-token\n");
    let config = file(&format!(
        "[discovery]\ndocker = \"off\"\n[discovery.admin_access]\nbearer_file = {:?}\n",
        token.to_str().unwrap()
    ));
    let weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    let bearer = "authorization: Bearer discovery-token\r\n";
    for path in
        ["/metrics", "/sd/vllm", "/sd/litellm", "/sd/weir", "/sd/containers", "/routes", "/status"]
    {
        assert_eq!(weir.get(path).0, 401, "{path}");
        assert_eq!(weir.get_with(path, bearer).0, 200, "{path}");
    }
    assert_eq!(weir.get("/health").0, 200);
    assert_eq!(weir.get_with("/sd/nothing", bearer).0, 404);
}

#[test]
fn engines_come_and_go_with_the_configuration() {
    let runtime = Runtime::new().unwrap();
    let sims: Vec<_> = ["one", "two"]
        .map(|model| runtime.block_on(Upstream::builder().models([model]).start()).unwrap())
        .into();
    let head = "[discovery]\ndocker = \"off\"\n";
    let config = file(&format!("{head}{}", engine("a", sims[0].url())));
    let mut weir = WEIR.start(&["--config", config.to_str().unwrap()]);
    let routes = |body: &str| -> Vec<String> {
        let page: serde_json::Value = serde_json::from_str(body).unwrap();
        let routes = page["routes"].as_array().into_iter().flatten();
        routes.map(|route| format!("{} {}", route["name"], route["models"])).collect()
    };
    weir.until("/routes", |_, body| routes(body) == ["\"a\" [\"one\"]"]);
    let both = format!("{head}{}{}", engine("a", sims[0].url()), engine("b", sims[1].url()));
    std::fs::write(&*config, both).unwrap();
    weir.signal("HUP");
    weir.until("/routes", |_, body| routes(body) == ["\"a\" [\"one\"]", "\"b\" [\"two\"]"]);
    // What can't be used changes nothing.
    std::fs::write(&*config, format!("{head}nothing = 1\n")).unwrap();
    weir.signal("HUP");
    weir.logged("The configuration can't be used; the old one stays.");
    assert_eq!(routes(&weir.get("/routes").1).len(), 2);
    std::fs::write(&*config, format!("{head}{}", engine("b", sims[1].url()))).unwrap();
    weir.signal("HUP");
    weir.until("/routes", |_, body| routes(body) == ["\"b\" [\"two\"]"]);
    let metrics = weir.get("/metrics").1;
    assert!(!metrics.contains("container=\"a\"") && !metrics.contains("name=\"a\""), "{metrics}");
    weir.signal("TERM");
    assert_eq!(weir.ended(), Some(0));
}

#[test]
fn a_gateway_with_a_url_is_a_target() {
    let text = "[[discovery.litellm]]\nname = \"front\"\nurl = \"http://127.0.0.1:4321\"\n";
    let (weir, _file) = crate::start(text);
    let targets = weir.until("/sd/litellm", |status, _| status == 200);
    let expected = serde_json::json!([{
        "targets": ["127.0.0.1:4321"],
        "labels": {
            "container": "front",
            "role": "litellm",
            "__meta_weir_named": "true",
            "__scheme__": "http",
            "__metrics_path__": "/metrics",
        },
    }]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&targets).unwrap(), expected);
}

#[test]
fn without_anything_to_watch_lists_are_not_known() {
    let nowhere = [("DOCKER_HOST", ""), ("XDG_RUNTIME_DIR", "/nowhere")];
    let is_here = ["/var/run/docker.sock", "/run/podman/podman.sock"];
    if is_here.iter().any(|path| std::path::Path::new(path).exists()) {
        return eprintln!("skipped: a container runtime is here");
    }
    let weir = WEIR.start_in(&[], &nowhere);
    for path in ["/ready", "/routes", "/sd/vllm"] {
        let body = weir.until(path, |status, body| status == 503 && body.contains("by hand"));
        assert!(body.contains("--docker"), "{body}");
    }
}
