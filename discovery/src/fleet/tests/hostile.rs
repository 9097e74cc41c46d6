//! Containers that come, go and lie as suits them worst.

use super::*;
use crate::container::Port;

const WEIR: &str = "172.17.0.10:8000";

fn routes_by_name(rig: &Rig) -> BTreeMap<String, String> {
    let Value::Array(routes) = rig.routes() else { panic!() };
    let text = |route: &Value, name: &str| route[name].as_str().unwrap().to_owned();
    routes.iter().map(|route| (text(route, "name"), text(route, "upstream"))).collect()
}

fn labelled(mut container: Container, label: &str, value: &str) -> Container {
    container.labels.insert(label.to_owned(), value.to_owned());
    container
}

/// `docker rm -f llama && docker run --name llama …`, whatever the ids are.
#[test]
fn one_that_is_made_anew_has_the_route_of_the_old_one() {
    for (old, new) in [('a', 'b'), ('b', 'a')] {
        let mut rig = Rig::new();
        rig.has(llama(old));
        rig.answers("llama", &["llama"]);
        rig.containers.by_id.clear();
        rig.update();
        rig.has(llama(new));
        let address = format!("http://172.17.0.{}:8000", new.to_digit(16).unwrap());
        assert_eq!(routes_by_name(&rig)["llama"], address, "{old} then {new}");
    }
}

#[test]
fn what_has_ended_long_ago_has_no_route_to_give() {
    let mut rig = Rig::new();
    rig.has(labelled(container("blue", 'b', &["vllm", "serve", "m"]), "llm.route", "live"));
    rig.stops('b');
    rig.later(TOMBSTONE);
    rig.has(labelled(container("green", 'a', &["vllm", "serve", "m"]), "llm.route", "live"));
    let names: Vec<_> = routes_by_name(&rig).into_keys().collect();
    assert_eq!(names, ["live"]);
}

#[test]
fn no_label_takes_the_route_of_another_that_runs() {
    for (honest, liar) in [('a', 'b'), ('b', 'a')] {
        let mut rig = Rig::new();
        rig.has(llama(honest));
        let liar = container("liar", liar, &["vllm", "serve", "llama"]);
        rig.has(labelled(liar, "llm.route", "llama"));
        let honest = format!("http://172.17.0.{}:8000", honest.to_digit(16).unwrap());
        assert_eq!(routes_by_name(&rig)["llama"], honest);
    }
    // Of two labels the first to come keeps it, also over its restarts.
    let mut rig = Rig::new();
    rig.has(labelled(container("one", 'a', &["vllm", "serve", "m"]), "llm.route", "live"));
    rig.has(labelled(container("two", 'b', &["vllm", "serve", "m"]), "llm.route", "live"));
    assert_eq!(routes_by_name(&rig)["live"], "http://172.17.0.10:8000");
}

#[test]
fn names_of_routes_are_told_apart_however_they_are_chosen() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    let clash = format!("llama-{}", &id('b')[..8]);
    rig.has(container(&clash, 'c', &["vllm", "serve", "m"]));
    rig.has(labelled(container("liar", 'b', &["vllm", "serve", "m"]), "llm.route", "llama"));
    assert_eq!(routes_by_name(&rig).len(), 3);
}

/// Whoever has the address now is asked for nothing that was meant for another, recognised or not.
#[test]
fn what_has_ended_is_nowhere_once_another_has_its_address() {
    let published = Port { container: 8000, published: vec![(Ipv4Addr::UNSPECIFIED.into(), 8000)] };
    for by_port in [false, true] {
        let mut rig = Rig::new();
        let mut old = llama('a');
        let mut other = container("other", 'b', &["python3", "-m", "http.server", "8000"]);
        for container in [&mut old, &mut other] {
            container.labels.insert("prometheus.io/scrape".to_owned(), "true".to_owned());
            container.labels.insert("prometheus.io/port".to_owned(), "8000".to_owned());
        }
        if by_port {
            old.ports.push(published.clone());
            other.ports.push(published.clone());
            other.ports[0].container = 9;
        } else {
            other.networks.clone_from(&old.networks);
        }
        other.labels.insert("llm.role".to_owned(), "other".to_owned());
        other.labels.remove("prometheus.io/scrape");
        rig.has(old);
        rig.answers("llama", &["llama"]);
        rig.stops('a');
        assert_eq!(rig.routes().as_array().unwrap().len(), 1);
        assert_eq!(rig.targets(Job::Containers).len(), 1);
        rig.has(other);
        assert_eq!(rig.routes(), json!([]), "by port: {by_port}");
        assert!(rig.targets(Job::Vllm).is_empty());
        assert!(rig.targets(Job::Containers).is_empty());
    }
}

#[test]
fn an_engine_by_hand_stands_for_its_container_after_its_end_too() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("mine", Some(&format!("https://{WEIR}/llm"))));
    rig.has(llama('a'));
    rig.answers("mine", &["llama"]);
    assert_eq!(rig.life("llama"), Some(Life::Running), "the engine by hand has seen it answer");
    let info = [("container", "llama"), ("model", "llama"), ("engine_version", "0.11.0")];
    assert_eq!(rig.metrics().value("llm_container_info", &info), Some(1.0));
    rig.stops('a');
    assert_eq!(rig.targets(Job::Vllm), [format!("mine {WEIR}")]);
    let up = rig.metrics();
    let up: Vec<_> = up.matching("llm_engine_up", &[]).collect();
    assert_eq!(up.len(), 1, "{up:?}");
    let own = [("container", "mine"), ("container_id", &id('a'))];
    assert_eq!(rig.metrics().sum("llm_engine_up", &own), Some(1.0), "as it was seen last");
    rig.watching.engines.clear();
    rig.update();
    assert_eq!(rig.targets(Job::Vllm), [format!("llama {WEIR}")]);
}

#[test]
fn an_engine_by_hand_that_loses_its_url_is_none_any_more() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("llama", Some("http://10.0.0.9:8000")));
    rig.update();
    rig.answers("llama", &["theirs"]);
    rig.watching.engines[0] = by_hand("llama", None);
    rig.update();
    assert_eq!(rig.fleet.members().count(), 0);
}

#[test]
fn an_engine_by_hand_that_moves_is_another_one() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("far", Some("http://10.0.0.9:8000")));
    rig.update();
    rig.answers("far", &["theirs"]);
    rig.watching.interval = Duration::from_secs(1);
    rig.update();
    assert_eq!(rig.routes()[0]["models"], json!(["theirs"]), "it is where it was");
    rig.watching.engines[0] = by_hand("far", Some("http://10.0.0.10:8000"));
    rig.update();
    assert_eq!(rig.routes()[0]["models"], json!([]));
    assert_eq!(rig.metrics().value("llm_engine_up", &[("container", "far")]), Some(0.0));
}

/// Each source has a name of its own.
#[test]
fn a_container_with_the_name_of_an_engine_by_hand_is_another_source() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("llama", Some("http://10.0.0.9:8000")));
    rig.has(llama('a'));
    let subjects = rig.fleet.members.values().filter_map(|member| member.subject.as_ref());
    let names: BTreeSet<_> = subjects.map(|subject| subject.source.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["llama", "llama-aaaaaaaa"]));
}

#[test]
fn starts_that_nobody_saw_are_counted_as_failed() {
    let mut rig = Rig::new();
    let mut failing = llama('a');
    failing.state.status = Status::Restarting;
    rig.has(failing);
    let failures =
        |rig: &Rig| rig.metrics().value("llm_container_load_failures_total", &[]).unwrap();
    let restarts = |rig: &mut Rig, restarts: u64, status: Status| {
        rig.changes('a', |container| {
            container.restarts = restarts;
            container.state.status = status;
            container.state.started_at =
                Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + restarts));
        });
    };
    assert_eq!(failures(&rig), 0.0, "that was before");
    restarts(&mut rig, 1, Status::Restarting);
    assert_eq!(failures(&rig), 1.0);
    restarts(&mut rig, 4, Status::Restarting);
    assert_eq!(failures(&rig), 4.0);
    restarts(&mut rig, 6, Status::Running);
    assert_eq!(failures(&rig), 5.0, "the last one runs");
    rig.phase_is("llama", Phase::Loading);
    restarts(&mut rig, 6, Status::Exited);
    assert_eq!(failures(&rig), 6.0);
}

#[test]
fn engines_that_are_no_more_are_joined_with_nothing() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.answers("llama", &["llama", "alias"]);
    let engines = |rig: &Rig| rig.fleet.engines(rig.now, TOMBSTONE).len();
    rig.stops('a');
    assert_eq!(engines(&rig), 1);
    rig.later(TOMBSTONE);
    assert_eq!(engines(&rig), 0);
}

#[test]
fn every_target_outlives_its_container() {
    let mut rig = Rig::new();
    rig.has(container("proxy", 'a', &["weir-proxy"]));
    let scraped = labelled(container("redis", 'b', &["redis"]), "prometheus.io/scrape", "true");
    rig.has(labelled(scraped, "prometheus.io/port", "9121"));
    rig.containers.by_id.clear();
    rig.update();
    assert_eq!(rig.targets(Job::Weir), ["proxy 172.17.0.10:9900"]);
    assert_eq!(rig.targets(Job::Containers), ["redis 172.17.0.11:9121"]);
    rig.later(TOMBSTONE);
    assert_eq!(rig.fleet.members().count(), 0);
}

#[test]
fn the_proxy_is_no_engine_of_its_own() {
    let mut rig = Rig::new();
    rig.watching.engine_listeners = BTreeSet::from([("127.0.0.1".to_owned(), 9801)]);
    let mut liar = container("liar", 'a', &["sleep", "inf"]);
    liar.network_mode = NetworkMode::Host;
    liar.networks.clear();
    rig.has(labelled(labelled(liar, "llm.role", "vllm"), "llm.port", "9801"));
    assert_eq!(rig.routes(), json!([]), "requests would go round in a circle");
}

#[test]
fn all_names_fit_into_what_the_proxy_reads() {
    let mut rig = Rig::new();
    for digit in "0123456789abcdef".chars() {
        let name = format!("e{digit}");
        let mut engine = container(&name, digit, &["vllm", "serve", "m"]);
        let address = IpAddr::V4(Ipv4Addr::new(172, 18, 0, digit as u8));
        engine.networks.get_mut("bridge").unwrap().addresses = vec![address];
        rig.has(engine);
        let models: Vec<_> = (0..256).map(|n| format!("{n:03}{}", "\"".repeat(253))).collect();
        let models: Vec<_> = models.iter().map(String::as_str).collect();
        rig.answers(&name, &models);
    }
    assert!(rig.routes().to_string().len() < 1 << 20);
    assert_eq!(rig.routes().as_array().unwrap().len(), 16);
}

#[test]
fn a_network_is_that_of_the_container_which_is_called_so() {
    let mut rig = Rig::new();
    rig.has(container("other", 'a', &["vllm", "serve", "m"]));
    let mut owner = llama('b');
    owner.name = "aaaa".to_owned();
    rig.has(owner);
    let mut sidecar = container("sidecar", 'c', &["vllm", "serve", "m", "--port", "8001"]);
    sidecar.networks.clear();
    sidecar.network_mode = NetworkMode::Container("aaaa".to_owned());
    rig.has(sidecar);
    assert!(rig.targets(Job::Vllm).contains(&"sidecar 172.17.0.11:8001".to_owned()));
}

/// The proxy sends a request to the one route that serves its model: what is no more must not be a second one.
#[test]
fn what_has_ended_serves_nothing_that_another_serves_by_now() {
    for (old, new) in [('a', 'b'), ('b', 'a')] {
        let mut rig = Rig::new();
        rig.has(llama(old));
        rig.answers("llama", &["llama"]);
        rig.containers.by_id.clear();
        rig.has(llama(new));
        assert_eq!(routes_by_name(&rig).len(), 1, "{old} then {new}: it is the only one");
    }
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.answers("llama", &["llama", "old"]);
    rig.stops('a');
    rig.has(container("llama-2", 'b', &["vllm", "serve", "m", "--served-model-name", "llama"]));
    let names: Vec<_> = routes_by_name(&rig).into_keys().collect();
    assert_eq!(names, ["llama-2"]);
    assert_eq!(rig.targets(Job::Vllm).len(), 2, "Prometheus still sees that it is down");
}

#[test]
fn what_had_ended_before_anybody_looked_is_no_news() {
    let mut rig = Rig::new();
    for (digit, status) in [('a', Status::Exited), ('b', Status::Created), ('c', Status::Dead)] {
        let mut old = container(&format!("old-{digit}"), digit, &["vllm", "serve", "m"]);
        old.state.status = status;
        rig.has(old);
    }
    assert_eq!(rig.metrics().matching("llm_engine_up", &[]).count(), 0);
    let mut failing = container("failing", 'd', &["vllm", "serve", "m"]);
    failing.state.status = Status::Restarting;
    rig.has(failing);
    assert_eq!(rig.metrics().matching("llm_engine_up", &[]).count(), 1);
    assert_eq!(rig.metrics().matching("llm_container_info", &[]).count(), 4);
}
