//! Whatever stands in a container's description, what is made of it is bounded and names no secret.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;
use weir_discovery::address::{Place, candidates};
use weir_discovery::gpu::gpus;
use weir_discovery::recognize::{recognize, route_name};

use crate::description::container;

/// Text of all kinds, mostly of what means something.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "vllm",
        "serve",
        "--",
        "-c",
        "bash",
        "sh",
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model",
        "--served-model-name",
        "--port",
        "--port=70000",
        "--config",
        "--lora-modules",
        "litellm",
        "eval",
        "$@",
        "${A:-${B:-$C}}",
        "vllm serve $A --port ${P:=$P}",
        "weir-proxy",
        "-tp",
        "2",
        "--uds",
        "ray",
        "start",
        "'",
        "\"",
        "\\",
        "`",
        "$(",
        "${",
        "{\"name\":",
        "all",
        "GPU-",
        "MIG-",
        "0,1",
        "8000",
        "SECRET-VALUE",
        "\u{202e}",
        "\u{1b}[31m",
        "a/b",
        "2>&1",
        "$TOKEN",
    ]);
    let mixed = vec(known.clone(), 0..12).prop_map(|words| words.join(" "));
    prop_oneof![3 => known.prop_map(str::to_owned), 2 => mixed, 1 => "\\PC{0,40}", 1 => any::<String>()]
}

fn label() -> impl Strategy<Value = String> {
    let names = vec![
        "llm.role",
        "llm.port",
        "llm.model",
        "llm.route",
        "prometheus.io/scrape",
        "prometheus.io/port",
        "prometheus.io/path",
    ];
    prop::sample::select(names).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn is_bounded(
        argv in vec(word(), 0..20),
        env in vec(("(A|B|C|P|PORT|NVIDIA_VISIBLE_DEVICES|CUDA_VISIBLE_DEVICES)", word()), 0..6),
        labels in btree_map(label(), word(), 0..7),
        image in prop_oneof![word(), Just("vllm/vllm-openai:v1.2.3".to_owned())],
        name in any::<String>(),
        exposed in vec(any::<u16>(), 0..3),
        network in prop::sample::select(vec!["bridge", "host", "none", "container:x"]),
    ) {
        let mut env: Vec<_> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        env.push("TOKEN=VERY-SECRET".to_owned());
        let container = container(&json!({
            "argv": argv, "env": env, "labels": labels, "image": image, "exposed": exposed,
            "network": network, "inspect": {"Name": name},
        }));
        let found = recognize(&container);
        prop_assert!(found.models.len() <= 64);
        let texts = found.models.iter().chain(&found.weights).chain(&found.version);
        for text in texts.chain(&found.route).chain([&found.root_path]) {
            prop_assert!(text.len() <= 256 && !text.contains(char::is_control), "{text:?}");
        }
        prop_assert!(found.notes.len() <= 32);
        let debugged = format!("{found:?}");
        prop_assert!(!debugged.contains("VERY-SECRET"), "{}", debugged);
        let route = route_name(&container);
        let fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        prop_assert!((1..=64).contains(&route.len()) && route.chars().all(fit), "{route:?}");
        prop_assert!(!route.starts_with('.') && route != "v1");
        if let Some(grant) = gpus(&container) {
            prop_assert!(grant.shown().len() <= 64 * 17);
        }
        for in_container in [false, true] {
            let own_networks = ["bridge".to_owned()].into();
            let host = "127.0.0.1".to_owned();
            let place = Place { in_container, own_networks, network: None, host };
            if let Ok(addresses) = candidates(&container, found.port, &place, &|_| None) {
                prop_assert!((1..=16).contains(&addresses.len()));
            }
        }
    }
}

/// Variables that hold variables, shells in shells: nothing grows without end.
#[test]
fn scripts_that_grow() {
    let long = "$A ".repeat(20_000);
    let nested = "sh -c \"$B\" ; ".repeat(300);
    for script in [long.as_str(), nested.as_str(), "${A:-${A}", "eval $B"] {
        let env = [format!("A={}", "x y ".repeat(30_000)), format!("B={nested}")];
        let begun = std::time::Instant::now();
        let found = recognize(&container(&json!({"argv": ["sh", "-c", script], "env": env})));
        assert_eq!(found.models, [""; 0]);
        assert!(begun.elapsed().as_secs() < 5, "{:?} for a script", begun.elapsed());
    }
}
