mod by_hand;
mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::{Fleet, Life, Said};
use crate::address::Place;
use crate::asked::Phase;
use crate::config::{EngineConfig, Watching};
use crate::container::{Attachment, Container, Environment, GpuWishes, NetworkMode, State, Status};
use crate::fetch::{Credentials, Secret};
use crate::follow::Containers;
use crate::route::{etag, routes};
use crate::sd::{Job, targets};

pub(crate) const TOMBSTONE: Duration = Duration::from_secs(300);

/// A fleet, and what is said to it.
pub(crate) struct Rig {
    pub(crate) fleet: Fleet,
    pub(crate) containers: Containers,
    pub(crate) watching: Watching,
    pub(crate) now: Instant,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let watching = Watching {
            host: "127.0.0.1".to_owned(),
            network: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(5),
            tombstone: TOMBSTONE,
            engine_listeners: BTreeSet::new(),
            engines: Vec::new(),
            litellm: Vec::new(),
            langfuse: Vec::new(),
        };
        let containers = Containers { listed: true, ..Containers::default() };
        Self { fleet: Fleet::default(), containers, watching, now: Instant::now() }
    }

    pub(crate) fn has(&mut self, container: Container) {
        self.containers.by_id.insert(container.id.clone(), container);
        self.update();
    }

    fn changes(&mut self, digit: char, change: impl FnOnce(&mut Container)) {
        change(self.containers.by_id.get_mut(&id(digit)).unwrap());
        self.update();
    }

    pub(crate) fn stops(&mut self, digit: char) {
        self.changes(digit, |container| {
            container.state.status = Status::Exited;
            container.networks.values_mut().for_each(|network| network.addresses.clear());
        });
    }

    fn update(&mut self) {
        let place = Place {
            in_container: false,
            own_networks: BTreeSet::new(),
            network: None,
            host: self.watching.host.clone(),
        };
        self.fleet.update(&Said {
            containers: Some(&self.containers),
            is_idle: false,
            watching: &self.watching,
            place: &place,
            now: self.now,
        });
    }

    pub(crate) fn later(&mut self, by: Duration) {
        self.now += by;
        self.update();
    }

    /// The engine has answered, with these models.
    fn answers(&mut self, name: &str, models: &[&str]) {
        let member = self.fleet.members().find(|member| member.name == name).unwrap();
        let mut asked = member.asked.lock();
        asked.was_asked = true;
        asked.is_confirmed = true;
        asked.phase = Phase::Up;
        asked.version = Some("0.11.0".to_owned());
        asked.models = Some(models.iter().map(|&model| model.to_owned()).collect());
        drop(asked);
        self.update();
    }

    fn phase_is(&self, name: &str, phase: Phase) {
        let member = self.fleet.members().find(|member| member.name == name).unwrap();
        let mut asked = member.asked.lock();
        asked.was_asked = true;
        asked.phase = phase;
    }

    fn life(&self, name: &str) -> Option<Life> {
        self.fleet.members().find(|member| member.name == name)?.life()
    }

    fn targets(&self, job: Job) -> Vec<String> {
        let Value::Array(targets) = targets(&self.fleet, job, &self.watching, self.now) else {
            panic!()
        };
        let names = targets.iter().map(|target| {
            let container = target["labels"]["container"].as_str().unwrap();
            format!("{container} {}", target["targets"][0].as_str().unwrap())
        });
        names.collect()
    }

    fn routes(&self) -> Value {
        routes(&self.fleet, self.now, TOMBSTONE)["routes"].clone()
    }

    fn metrics(&self) -> weir_sim::Scrape {
        let mut families = weir_families::Families::default();
        crate::exposition::container::add(&mut families, &self.fleet);
        crate::exposition::engine::add(&mut families, &self.fleet, self.now, TOMBSTONE);
        weir_sim::Scrape::parse(&families.openmetrics()).unwrap()
    }
}

fn id(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A running container at 172.17.0.N, N being its digit.
pub(crate) fn container(name: &str, digit: char, argv: &[&str]) -> Container {
    let last = u8::try_from(digit.to_digit(16).unwrap()).unwrap();
    let address = IpAddr::V4(Ipv4Addr::new(172, 17, 0, last));
    let bridge = Attachment { addresses: vec![address], aliases: Vec::new() };
    Container {
        id: id(digit),
        name: name.to_owned(),
        image: "local/engine".to_owned(),
        labels: BTreeMap::new(),
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        env: Environment::default(),
        image_env: None,
        state: State {
            status: Status::Running,
            health: None,
            oom_killed: false,
            exit_code: None,
            started_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)),
            finished_at: None,
        },
        restarts: 0,
        network_mode: NetworkMode::Networks,
        networks: BTreeMap::from([("bridge".to_owned(), bridge)]),
        ports: Vec::new(),
        gpus: GpuWishes::default(),
    }
}

fn llama(digit: char) -> Container {
    container("llama", digit, &["vllm", "serve", "meta/llama", "--served-model-name", "llama"])
}

pub(crate) fn litellm(digit: char) -> Container {
    container("litellm", digit, &["litellm", "--config", "/app/config.yaml"])
}

/// Every metric of containers and of asking engines.
pub(crate) fn add_all(families: &mut weir_families::Families) {
    let mut rig = Rig::new();
    let mut container = llama('a');
    container.gpus.requests.push(crate::container::DeviceRequest { count: -1, ids: Vec::new() });
    rig.has(container);
    rig.answers("llama", &["llama"]);
    let page = "vllm:num_requests_running 1\n";
    for member in rig.fleet.members() {
        let mut asked = member.asked.lock();
        asked.load = Some(Duration::from_secs(9));
        asked.scrapes.took = Some(Duration::from_millis(9));
        let metrics = crate::engine_metrics::EngineMetrics::read(page.as_bytes(), None).unwrap();
        asked.metrics = Some(std::sync::Arc::new(metrics));
    }
    crate::exposition::container::add(families, &rig.fleet);
    crate::exposition::engine::add(families, &rig.fleet, rig.now, TOMBSTONE);
}

#[test]
fn a_container_that_starts_is_a_target_and_a_route_at_once() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    assert_eq!(rig.targets(Job::Vllm), ["llama 172.17.0.10:8000"]);
    let expected = json!([{
        "name": "llama",
        "listener": "engine",
        "hop": "engine",
        "upstream": "http://172.17.0.10:8000",
        "models": ["llama"],
    }]);
    assert_eq!(rig.routes(), expected);
    assert_eq!(rig.life("llama"), Some(Life::Loading));
    assert!(rig.fleet.is_known().unwrap_err().contains("llama"), "not asked yet");
    rig.phase_is("llama", Phase::Loading);
    rig.update();
    assert_eq!(rig.fleet.is_known(), Ok(()));
    rig.has(container("qwen", 'b', &["vllm", "serve", "qwen"]));
    assert_eq!(rig.fleet.is_known(), Ok(()), "what comes later holds up nobody");
    assert_eq!(rig.targets(Job::Vllm).len(), 2);
    rig.containers.by_id.remove(&id('b'));
    rig.later(TOMBSTONE);
    rig.later(TOMBSTONE);
    rig.answers("llama", &["llama", "alias"]);
    assert_eq!(rig.life("llama"), Some(Life::Running));
    assert_eq!(rig.routes()[0]["models"], json!(["llama", "alias"]));
    let found = targets(&rig.fleet, Job::Vllm, &rig.watching, rig.now);
    let expected = json!({
        "container": "llama",
        "container_id": id('a'),
        "role": "vllm",
        "model": "llama",
        "engine_version": "0.11.0",
        "__scheme__": "http",
        "__metrics_path__": "/metrics",
    });
    assert_eq!(found[0]["labels"], expected);
}

#[test]
fn lists_do_not_wait_for_ever() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.later(Duration::from_secs(9));
    assert!(rig.fleet.is_known().is_err());
    rig.later(Duration::from_secs(1));
    assert_eq!(rig.fleet.is_known(), Ok(()));
}

#[test]
fn a_target_stays_until_prometheus_has_seen_it_down() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.answers("llama", &["llama"]);
    let engine = [("container", "llama"), ("model", "llama"), ("engine_version", "0.11.0")];
    assert_eq!(rig.metrics().value("llm_engine_up", &engine), Some(1.0));
    rig.stops('a');
    assert_eq!(rig.life("llama"), Some(Life::Exited));
    assert_eq!(rig.metrics().value("llm_engine_up", &engine), Some(0.0));
    let state = [("container", "llama"), ("state", "exited")];
    assert_eq!(rig.metrics().value("llm_container_state", &state), Some(1.0));
    assert_eq!(rig.metrics().sum("llm_container_state", &[("container", "llama")]), Some(1.0));
    rig.later(TOMBSTONE - Duration::from_secs(1));
    assert_eq!(rig.targets(Job::Vllm), ["llama 172.17.0.10:8000"]);
    assert_eq!(rig.routes()[0]["name"], "llama");
    rig.later(Duration::from_secs(1));
    assert!(rig.targets(Job::Vllm).is_empty());
    assert_eq!(rig.routes(), json!([]));
    assert_eq!(rig.metrics().value("llm_engine_up", &engine), None);
    assert_eq!(rig.metrics().value("llm_container_state", &state), Some(1.0), "it is still there");
}

#[test]
fn what_is_removed_is_forgotten_after_a_while() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.has(container("redis", 'b', &["redis-server"]));
    rig.answers("llama", &["llama"]);
    rig.containers.by_id.clear();
    rig.containers.listed = false;
    rig.update();
    assert_eq!(rig.life("llama"), Some(Life::Running), "nobody has said that it is gone");
    assert!(rig.fleet.is_known().is_err());
    rig.containers.listed = true;
    rig.update();
    assert_eq!(rig.life("llama"), Some(Life::Removed));
    assert_eq!(rig.life("redis"), None);
    assert_eq!(rig.targets(Job::Vllm), ["llama 172.17.0.10:8000"]);
    rig.later(TOMBSTONE);
    assert_eq!(rig.fleet.members().count(), 0);
}

#[test]
fn a_new_container_takes_the_address_of_the_old_one() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.answers("llama", &["llama"]);
    rig.stops('a');
    let mut other = container("qwen", 'b', &["vllm", "serve", "qwen"]);
    let taken = Attachment {
        addresses: vec![IpAddr::V4(Ipv4Addr::new(172, 17, 0, 10))],
        aliases: Vec::new(),
    };
    other.networks.insert("bridge".to_owned(), taken);
    rig.has(other);
    assert_eq!(rig.targets(Job::Vllm), ["qwen 172.17.0.10:8000"]);
    assert_eq!(rig.routes().as_array().unwrap().len(), 1);
}

#[test]
fn loads_that_fail_are_counted() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    for failures in 1..=3_u64 {
        rig.phase_is("llama", Phase::Loading);
        // The runtime starts it again by itself.
        rig.changes('a', |container| {
            container.restarts = failures;
            container.state.started_at =
                Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + failures));
        });
        let own = [("container", "llama")];
        let metrics = rig.metrics();
        let of = |name| metrics.value(name, &own);
        assert_eq!(of("llm_container_load_failures_total"), Some(failures as f64));
        assert_eq!(of("llm_container_restarts_total"), Some(failures as f64));
    }
    rig.answers("llama", &["llama"]);
    rig.stops('a');
    let failures =
        rig.metrics().value("llm_container_load_failures_total", &[("container", "llama")]);
    assert_eq!(failures, Some(3.0), "that was no load");
}

#[test]
fn a_start_is_a_new_life_with_the_names_of_the_old_one() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    rig.answers("llama", &["llama", "alias"]);
    rig.stops('a');
    rig.changes('a', |container| {
        container.networks = llama('a').networks;
        container.state.status = Status::Running;
        container.state.started_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000));
    });
    assert_eq!(rig.life("llama"), Some(Life::Loading));
    assert_eq!(rig.routes()[0]["models"], json!(["llama", "alias"]));
}

#[test]
fn two_engines_of_one_model_have_two_routes() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    let mut other = llama('b');
    // As a route, that is the same name.
    other.name = "llama".to_owned();
    rig.has(other);
    let Value::Array(routes) = rig.routes() else { panic!() };
    let names: Vec<_> = routes.iter().map(|route| route["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["llama", "llama-bbbbbbbb"]);
}

#[test]
fn what_might_be_an_engine_counts_once_it_has_shown_it() {
    let mut rig = Rig::new();
    let mut unknown = container("mystery", 'a', &["/start"]);
    unknown.ports.push(crate::container::Port { container: 8000, published: Vec::new() });
    rig.has(unknown);
    assert!(rig.targets(Job::Vllm).is_empty());
    assert!(rig.fleet.members.values().any(|member| member.subject.is_some()), "it is asked");
    rig.phase_is("mystery", Phase::Foreign);
    assert!(rig.targets(Job::Vllm).is_empty());
    assert_eq!(rig.life("mystery"), Some(Life::Running));
    let role = [("container", "mystery"), ("role", "other")];
    assert_eq!(rig.metrics().value("llm_container_info", &role), Some(1.0));
    rig.answers("mystery", &["m"]);
    assert_eq!(rig.targets(Job::Vllm), ["mystery 172.17.0.10:8000"]);
    let role = [("container", "mystery"), ("role", "vllm"), ("model", "m")];
    assert_eq!(rig.metrics().value("llm_container_info", &role), Some(1.0));
}

#[test]
fn the_tag_of_routes_changes_with_them() {
    let mut rig = Rig::new();
    rig.has(llama('a'));
    let tag = |rig: &Rig| etag(&routes(&rig.fleet, rig.now, TOMBSTONE));
    let before = tag(&rig);
    rig.later(Duration::from_secs(1));
    assert_eq!(tag(&rig), before);
    rig.answers("llama", &["llama", "alias"]);
    assert_ne!(tag(&rig), before);
}

fn by_hand(name: &str, url: Option<&str>) -> EngineConfig {
    EngineConfig {
        name: name.to_owned(),
        url: url.map(|url| url.parse().unwrap()),
        credentials: Credentials::Bearer(Secret::File("key".into())),
        tls_ca_file: None,
        tls_verify: true,
        route: true,
    }
}
