use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::container::{Health, NetworkMode, Port, Status};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn recording(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn recorded(name: &str) -> Container {
    read(&recording(name), None).unwrap()
}

fn published(container: &Container) -> Vec<(u16, Vec<String>)> {
    let place = |(address, port): &(IpAddr, u16)| format!("{address} {port}");
    let ports = container.ports.iter();
    ports.map(|port| (port.container, port.published.iter().map(place).collect())).collect()
}

#[test]
fn a_container_in_networks_of_its_own() {
    let llama = recorded("docker-20.10-llama");
    assert_eq!(llama.name, "llama");
    assert_eq!(llama.image, "vllm/vllm-openai:v0.11.0");
    assert_eq!(llama.argv[..3], ["vllm", "serve", "meta-llama/Llama-3.3-70B-Instruct"]);
    assert_eq!(llama.argv.len(), 10);
    assert_eq!(llama.labels["llm.route"], "llama");
    assert!(llama.env.has("VLLM_API_KEY"));
    assert_eq!(llama.state.status, Status::Running);
    assert_eq!((llama.state.finished_at, llama.state.exit_code, llama.restarts), (None, None, 0));
    assert_eq!(llama.network_mode, NetworkMode::Networks);
    let networks: Vec<&str> = llama.networks.keys().map(String::as_str).collect();
    assert_eq!(networks, ["llm", "monitoring"]);
    assert_eq!(llama.networks["llm"].addresses, [IpAddr::from([172, 18, 0, 2])]);
    assert_eq!(published(&llama), [(8000, vec!["127.0.0.1 18000".to_owned()])]);
}

#[test]
fn newer_docker_says_the_same_in_fewer_words() {
    let (old, new) = (recorded("docker-20.10-llama"), recorded("docker-29-shape-llama"));
    assert_eq!(new.networks["llm"].aliases, ["llama", &new.id[..12]]);
    let addresses = |container: &Container| -> Vec<Vec<IpAddr>> {
        container.networks.values().map(|network| network.addresses.clone()).collect()
    };
    assert_eq!(addresses(&old), addresses(&new));
    assert_eq!(Container { networks: old.networks.clone(), ..new }, old);
}

#[test]
fn ports_that_are_published_for_both_versions_of_ip_are_listed_once() {
    let everywhere = recorded("docker-20.10-published-everywhere");
    assert_eq!(published(&everywhere), [(8000, vec!["0.0.0.0 18002".to_owned()])]);
    assert_eq!(everywhere.argv[0], "python3");
}

#[test]
fn networks_of_others() {
    let host = recorded("docker-20.10-qwen-host");
    assert_eq!((host.network_mode, host.networks.len()), (NetworkMode::Host, 0));
    assert_eq!(published(&recorded("docker-20.10-no-network")), [(8000, vec![])]);
    let sidecar = recorded("docker-20.10-sidecar").network_mode;
    assert_eq!(sidecar, NetworkMode::Container(recorded("docker-20.10-llama").id));
    let podman = recorded("podman-4.3-pod-sidecar").network_mode;
    assert_eq!(podman, NetworkMode::Container(recorded("podman-4.3-host").id));
    let bridge = recorded("podman-4.3-bridge");
    assert_eq!(bridge.networks["podman"].addresses, [IpAddr::from([10, 88, 0, 2])]);
    assert_eq!(published(&bridge), [(8000, vec!["127.0.0.1 18020".to_owned()])]);
}

#[test]
fn states() {
    let state = |name: &str| recorded(name).state;
    let status = |name: &str| state(name).status;
    assert_eq!(status("docker-20.10-paused"), Status::Paused);
    assert_eq!(status("docker-20.10-gpus-all"), Status::Created);
    assert_eq!(status("podman-4.3-cdi"), Status::Created);
    assert_eq!(state("docker-20.10-exited").exit_code, Some(1));
    assert_eq!(state("docker-20.10-gpus-all").exit_code, None);
    let oom = state("docker-20.10-oom");
    assert!(oom.oom_killed && oom.exit_code == Some(137) && oom.finished_at > oom.started_at);
    let looping = recorded("docker-20.10-restart-loop");
    assert_eq!(looping.state.status, Status::Restarting);
    assert!(looping.restarts > 0);
    assert_eq!(state("docker-20.10-healthy").health, Some(Health::Healthy));
    assert_eq!(state("docker-20.10-unhealthy").health, Some(Health::Unhealthy));
    assert_eq!(state("docker-20.10-health-starting").health, Some(Health::Starting));
    assert_eq!(state("docker-20.10-llama").health, None);
    assert_eq!(state("podman-4.3-host").health, None);
    assert_eq!(state("podman-4.3-healthy").health, Some(Health::Healthy));
}

#[test]
fn gpus_that_were_asked_for() {
    let all = &recorded("docker-20.10-gpus-all").gpus.requests[0];
    assert_eq!((all.count, all.ids.len()), (-1, 0));
    assert_eq!(recorded("docker-20.10-gpus-ids").gpus.requests[0].ids, ["2", "3"]);
    assert_eq!(recorded("docker-20.10-gpus-count").gpus.requests[0].count, 2);
    assert_eq!(recorded("docker-20.10-llama").gpus, Default::default());
    let cdi = json!({"Id": ID, "HostConfig": {
        "Devices": [{"PathOnHost": "nvidia.com/gpu=0"}, {"PathOnHost": "/dev/gpu=0"}],
        "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}, {"Driver": "tpu"}],
        "Runtime": "nvidia",
    }});
    let gpus = read(&cdi, None).unwrap().gpus;
    assert_eq!((gpus.cdi, gpus.requests.len()), (vec!["nvidia.com/gpu=0".to_owned()], 1));
    assert!(gpus.nvidia_runtime);
    let command = ["podman", "run", "--device=nvidia.com/gpu=1", "--device", "nvidia.com/gpu=2"];
    let podman = json!({"Id": ID, "Config": {"CreateCommand": command}});
    let gpus = read(&podman, None).unwrap().gpus;
    assert_eq!(gpus.cdi, ["nvidia.com/gpu=1", "nvidia.com/gpu=2"]);
}

#[test]
fn every_recording_can_be_read_and_none_shows_secrets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspect");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let container = recorded(name);
            assert!(image_id(&recording(name)).is_some(), "{name}");
            assert!(!format!("{container:?}").contains("sk-"), "{name}");
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} recordings");
}

#[test]
fn times_have_offsets_and_fractions_and_the_year_1_is_never() {
    let started = |text: &str| {
        let inspect = json!({"Id": ID, "State": {"StartedAt": text}});
        read(&inspect, None).unwrap().state.started_at
    };
    let moment = SystemTime::UNIX_EPOCH + Duration::new(1_795_333_801, 757_375_340);
    assert_eq!(started("2026-11-22T07:50:01.75737534Z"), Some(moment));
    assert_eq!(started("2026-11-22T08:50:01.75737534+01:00"), Some(moment));
    for never in ["0001-01-01T00:00:00Z", "", "yesterday", "2026-11-22"] {
        assert_eq!(started(never), None, "{never}");
    }
}

#[test]
fn what_is_missing_is_empty_and_what_makes_no_sense_is_left_out() {
    let bare = read(&json!({"Id": ID}), None).unwrap();
    assert_eq!((bare.name.as_str(), bare.argv.len(), bare.ports.len()), ("", 0, 0));
    assert_eq!(
        (bare.state.status, bare.network_mode.clone()),
        (Status::Other, NetworkMode::Networks)
    );
    let nulls = json!({"Id": ID, "Config": null, "State": null, "Args": null, "HostConfig": null,
        "NetworkSettings": {"Networks": null, "Ports": null}});
    assert_eq!(read(&nulls, None).unwrap(), bare);
    let odd = json!({"Id": ID, "Name": "/a\n\u{1b}[31mb", "RestartCount": -1,
        "Config": {"ExposedPorts": {"99999/tcp": {}, "0/tcp": {}, "x": {}, "53/udp": {}, "80": {}}},
        "NetworkSettings": {
            "Networks": {"n": {"IPAddress": "nonsense", "GlobalIPv6Address": "fd00::1"}},
            "Ports": {"80/tcp": [{"HostIp": "::", "HostPort": "1"}, {"HostIp": "", "HostPort": "70000"},
                {"HostIp": "example.org", "HostPort": "2"}, {"HostIp": "", "HostPort": 3}, 4]}}});
    let odd = read(&odd, None).unwrap();
    assert_eq!((odd.name.as_str(), odd.restarts), ("a[31mb", 0));
    let anywhere = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 3);
    let other = ("::".parse().unwrap(), 1);
    assert_eq!(odd.ports, [Port { container: 80, published: vec![anywhere, other] }]);
    assert_eq!(odd.networks["n"].addresses, ["fd00::1".parse::<IpAddr>().unwrap()]);
}

#[test]
fn without_an_id_it_is_no_container() {
    for id in [json!("abc"), json!(7), json!(ID.to_uppercase()), json!(format!("{ID}0"))] {
        assert!(matches!(read(&json!({"Id": id}), None), Err(InspectError::Id)), "{id}");
    }
    assert!(matches!(read(&json!([]), None), Err(InspectError::NotAnObject)));
}

#[test]
fn what_is_too_much_is_cut_off() {
    let labels: BTreeMap<String, String> = (0..100)
        .map(|n| (format!("l{n:02}"), "x".repeat(1000)))
        .chain([("huge".to_owned(), "x".repeat(1 << 20))])
        .collect();
    let huge = json!({"Id": ID, "Name": "n".repeat(1000), "Path": "vllm",
        "Args": vec!["x"; 10_000], "Config": {"Labels": labels, "Env": vec!["A=1"; 100_000]}});
    let huge = read(&huge, None).unwrap();
    assert_eq!((huge.argv.len(), huge.name.len(), huge.labels.len()), (4096, 256, 65));
    let long = json!({"Id": ID, "Path": "vllm", "Args": ["serve", "x".repeat(1 << 20), "--port"]});
    assert_eq!(read(&long, None).unwrap().argv, ["vllm", "serve"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(.{0,12}|[0-9]{1,6}/tcp|host|container:.*|::|nvidia.com/gpu=.)".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let name = "(HostIp|HostPort|IPAddress|Status|[0-9]{1,6}/tcp|.{0,8})";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any JSON at any of the places that are read.
    #[test]
    fn nothing_makes_it_panic(junk in prop::collection::vec(any_json(), 12)) {
        let mut inspect = json!({"Id": ID, "Config": {}, "HostConfig": {}, "NetworkSettings": {}});
        let places = [
            "/Name", "/Path", "/Args", "/State", "/RestartCount", "/Config/Env", "/Config/Labels",
            "/Config/ExposedPorts", "/HostConfig/NetworkMode", "/HostConfig/DeviceRequests",
            "/NetworkSettings/Networks", "/NetworkSettings/Ports",
        ];
        for (place, junk) in places.iter().zip(junk) {
            let (parent, name) = place.rsplit_once('/').unwrap();
            inspect.pointer_mut(parent).unwrap()[name] = junk;
        }
        let container = read(&inspect, None).unwrap();
        prop_assert!(!container.name.chars().any(char::is_control));
    }
}
