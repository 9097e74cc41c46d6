use super::*;
use crate::container::inspect;
use serde_json::{Value, json};

/// A container with port 8000, of what is said about its network.
fn container(id: &str, mode: &str, networks: Value, published: Value) -> Container {
    let described = json!({
        "Id": id.repeat(64), "Name": format!("/{id}"),
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {"Networks": networks, "Ports": {"8000/tcp": published}},
    });
    inspect::read(&described, None).unwrap()
}

fn on_host() -> Place {
    Place {
        in_container: false,
        own_networks: BTreeSet::new(),
        network: None,
        host: "127.0.0.1".to_owned(),
    }
}

fn inside(networks: &[&str]) -> Place {
    Place {
        in_container: true,
        own_networks: networks.iter().map(|name| (*name).to_owned()).collect(),
        network: None,
        host: "host.docker.internal".to_owned(),
    }
}

fn shown(container: &Container, place: &Place) -> String {
    among(container, place, &[])
}

fn among(container: &Container, place: &Place, all: &[Container]) -> String {
    let find = |id: &str| all.iter().find(|known| known.id == id || known.name == id);
    match candidates(container, 8000, place, &find) {
        Ok(found) => {
            let one = |address: &Address| format!("{address} {}", address.via.as_str());
            found.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Err(unreachable) => unreachable.to_string(),
    }
}

fn two_networks() -> Value {
    json!({"bridge": {"IPAddress": "172.17.0.2"}, "llm": {"IPAddress": "10.5.0.2",
        "GlobalIPv6Address": "fd12::2"}})
}

#[test]
fn a_shared_network_comes_first_and_one_that_somebody_made_before_the_built_in() {
    let published = json!([{"HostIp": "0.0.0.0", "HostPort": "18000"}]);
    let it = container("a", "llm", two_networks(), published);
    let expected = "10.5.0.2:8000 shared_network, [fd12::2]:8000 shared_network, \
                    172.17.0.2:8000 shared_network, host.docker.internal:18000 published";
    assert_eq!(shown(&it, &inside(&["bridge", "llm"])), expected);
    assert_eq!(shown(&it, &inside(&["other"])), "host.docker.internal:18000 published");
    let place = Place { network: Some("bridge".to_owned()), ..inside(&["bridge", "llm"]) };
    assert!(shown(&it, &place).starts_with("172.17.0.2:8000 shared_network, 10.5.0.2"));
}

#[test]
fn on_the_host_published_ports_come_first() {
    let published = json!([
        {"HostIp": "0.0.0.0", "HostPort": "18000"}, {"HostIp": "::", "HostPort": "18000"},
        {"HostIp": "::1", "HostPort": "18001"}, {"HostIp": "192.168.1.5", "HostPort": "18002"},
    ]);
    let it = container("a", "llm", two_networks(), published);
    let expected = "127.0.0.1:18000 published, 192.168.1.5:18002 published, [::1]:18001 published, \
                    10.5.0.2:8000 container_address, [fd12::2]:8000 container_address, \
                    172.17.0.2:8000 container_address";
    assert_eq!(shown(&it, &on_host()), expected);
}

#[test]
fn only_private_addresses() {
    let addresses = [
        ("8.8.8.8", false),
        ("169.254.169.254", false),
        ("::ffff:169.254.169.254", false),
        ("fe80::1", false),
        ("fd00:ec2::254", false),
        ("100.100.100.200", false),
        ("224.0.0.1", false),
        ("2001:db8::1", false),
        ("172.32.0.1", false),
        ("100.128.0.1", false),
        ("255.255.255.255", false),
        ("172.31.255.254", true),
        ("10.0.0.1", true),
        ("192.168.0.1", true),
        ("100.64.0.1", true),
        ("100.127.255.254", true),
        ("fc00::1", true),
    ];
    let words = "port 8000: only private addresses are used, and it has none that lead there";
    for (ip, private) in addresses {
        let published = json!([{"HostIp": ip, "HostPort": "80"}]);
        let it = container("a", "llm", json!({"llm": {}}), published);
        assert_eq!(shown(&it, &on_host()) != words, private, "published at {ip}");
        let networks = json!({"llm": {"IPAddress": ip}});
        // A container's own address is never one of a loopback.
        let it = container("a", "llm", networks, Value::Null);
        let found = shown(&it, &on_host());
        assert_eq!(found.contains("container_address"), private, "{ip}: {found}");
    }
    let looped = json!({"llm": {"IPAddress": "127.0.0.1"}});
    assert_eq!(shown(&container("a", "llm", looped, Value::Null), &on_host()), words);
}

#[test]
fn the_hosts_loopback_is_the_hosts() {
    let published = json!([{"HostIp": "127.0.0.1", "HostPort": "18000"}]);
    let it = container("a", "llm", json!({"llm": {}}), published);
    assert_eq!(shown(&it, &on_host()), "127.0.0.1:18000 published");
    assert!(shown(&it, &inside(&["x"])).starts_with("port 8000 is published on the loopback"));
}

#[test]
fn the_hosts_network() {
    let it = container("a", "host", json!({"host": {}}), Value::Null);
    assert_eq!(shown(&it, &on_host()), "127.0.0.1:8000 host_network");
    assert_eq!(shown(&it, &inside(&["llm"])), "host.docker.internal:8000 host_network");
}

#[test]
fn another_containers_network() {
    let owner = container("b", "llm", two_networks(), Value::Null);
    let by_id = container("c", &format!("container:{}", owner.id), json!({}), Value::Null);
    let chained = container("d", "container:c", json!({}), Value::Null);
    let hosted = container("e", "container:f", json!({}), Value::Null);
    let host = container("f", "host", json!({}), Value::Null);
    let all = [owner, by_id.clone(), chained.clone(), hosted.clone(), host];
    for it in [by_id, chained] {
        assert!(among(&it, &on_host(), &all).starts_with("10.5.0.2:8000 container_network, "));
    }
    assert_eq!(among(&hosted, &on_host(), &all), "127.0.0.1:8000 container_network");
}

#[test]
fn there_may_be_no_way() {
    let none = container("a", "none", json!({}), Value::Null);
    assert_eq!(shown(&none, &on_host()), "it has no network");
    let missing = container("a", "container:gone", json!({}), Value::Null);
    let words = "it uses the network of a container that is not there";
    assert_eq!(shown(&missing, &on_host()), words);
    let circle = [
        container("a", "container:b", json!({}), Value::Null),
        container("b", "container:a", json!({}), Value::Null),
    ];
    assert!(among(&circle[0], &on_host(), &circle).ends_with("without end"));
    let alone = container("a", "llm", two_networks(), Value::Null);
    let words = "port 8000 is not published, and there is no network that both are in";
    assert_eq!(shown(&alone, &inside(&["monitoring"])), words);
}

#[test]
fn names_of_hosts() {
    for (host, fits) in [
        ("host.docker.internal", true),
        ("gpu-box.", true),
        ("my_host", true),
        ("::1", true),
        ("", false),
        ("a b", false),
        ("user@host", false),
        ("host/path", false),
        ("host:80", false),
        ("-x", false),
        ("a..b", false),
    ] {
        assert_eq!(is_host(host), fits, "{host:?}");
    }
}
