//! What real runtimes said of real containers, with names of engines.

use weir_discovery::address::{Place, candidates};
use weir_discovery::container::{Container, inspect};
use weir_discovery::gpu::gpus;
use weir_discovery::recognize::recognize;

fn recorded(name: &str) -> Container {
    let path = format!("{}/tests/inspect/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    inspect::read(&serde_json::from_str(&text).unwrap(), None).unwrap()
}

/// Role and port, models, GPUs, and where the host reaches it.
fn summary(container: &Container, all: &[Container]) -> String {
    let found = recognize(container);
    let sure = if found.certain { "" } else { "?" };
    let role = found.role.as_str();
    let gpus = gpus(container).map_or_else(|| "-".to_owned(), |grant| grant.shown());
    let place = Place {
        in_container: false,
        own_networks: [].into(),
        network: None,
        host: "127.0.0.1".to_owned(),
    };
    let find = |id: &str| all.iter().find(|known| known.id == id);
    let reached = match candidates(container, found.port, &place, &find) {
        Ok(addresses) => {
            let shown = |address: &weir_discovery::address::Address| {
                format!("{address} {}", address.via.as_str())
            };
            addresses.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        Err(unreachable) => unreachable.to_string(),
    };
    let models = found.models.join(" ");
    format!("{role}{sure}:{} [{models}] gpus {gpus} at {reached}", found.port)
}

#[test]
fn what_dockerd_says() {
    let llama = recorded("docker-20.10-llama");
    let all = [llama];
    let expected = [
        (
            "docker-20.10-llama",
            "vllm:8000 [llama-3.3-70b llama] gpus - at 127.0.0.1:18000 published, \
             172.18.0.2:8000 container_address, 172.19.0.2:8000 container_address",
        ),
        (
            "docker-29-shape-llama",
            "vllm:8000 [llama-3.3-70b llama] gpus - at 127.0.0.1:18000 published, \
             172.18.0.2:8000 container_address, 172.19.0.2:8000 container_address",
        ),
        (
            "docker-20.10-published-everywhere",
            "vllm:8000 [Qwen/Qwen2.5-7B] gpus - at 127.0.0.1:18002 published, \
             172.17.0.2:8000 container_address",
        ),
        (
            "docker-20.10-qwen-host",
            "vllm:18011 [Qwen/Qwen3-8B] gpus - at 127.0.0.1:18011 host_network",
        ),
        ("docker-20.10-gpus-ids", "vllm:8000 [tiny] gpus 2,3 at "),
        ("docker-20.10-gpus-all", "vllm:8000 [tiny] gpus all at "),
        ("docker-20.10-gpus-count", "vllm:8000 [tiny] gpus any 2 at "),
        ("docker-20.10-no-network", "vllm:8000 [tiny] gpus - at it has no network"),
        ("docker-20.10-restart-loop", "vllm?:8000 [] gpus - at "),
        (
            "docker-20.10-sidecar",
            "vllm:8001 [mistralai/Mistral-7B] gpus - at 172.18.0.2:8001 container_network, \
             172.19.0.2:8001 container_network",
        ),
        ("docker-20.10-litellm", "litellm:4000 [] gpus - at 127.0.0.1:18004 published, "),
    ];
    for (name, expected) in expected {
        let found = summary(&recorded(name), &all);
        assert!(found.starts_with(expected), "{name}: {found}");
    }
}

#[test]
fn what_podman_says() {
    let expected = [
        ("podman-4.3-bridge", "vllm:8000 [tiny] gpus - at 127.0.0.1:18020 published"),
        ("podman-4.3-host", "vllm:18021 [Qwen/Qwen3-8B] gpus - at 127.0.0.1:18021 host_network"),
        // Of the CDI device that it was started with this podman says nothing.
        ("podman-4.3-cdi", "vllm:8000 [tiny] gpus - at 127.0.0.1:8000 host_network"),
        ("podman-4.3-nothing", "vllm:8000 [tiny] gpus - at it has no network"),
        (
            "podman-4.3-pod-sidecar",
            "vllm:18022 [mistral] gpus - at it uses the network of a container that is not there",
        ),
    ];
    for (name, expected) in expected {
        let found = summary(&recorded(name), &[]);
        assert!(found.starts_with(expected), "{name}: {found}");
    }
}
