//! What the variables say, and what becomes of those that can't be used.

use super::*;

fn read(set: &[(&str, &str)]) -> Read {
    let find =
        |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, it)| (*it).to_owned());
    Read::variables("weir-proxy", "0.1.0", find)
}

/// With an endpoint, and without a warning.
fn settings(set: &[(&str, &str)]) -> Settings {
    let mut set = set.to_vec();
    set.push(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base/"));
    let read = read(&set);
    assert_eq!(read.warnings, [""; 0]);
    read.settings.unwrap()
}

/// With an endpoint; what was warned of.
fn warned(set: &[(&str, &str)]) -> (Option<Settings>, String) {
    let mut set = set.to_vec();
    set.push(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"));
    let mut read = read(&set);
    assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    (read.settings, read.warnings.remove(0))
}

#[test]
fn nothing_is_exported_unless_an_endpoint_is_set() {
    for set in [
        &[][..],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "  ")],
        &[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_SDK_DISABLED", "TRUE")],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"), ("OTEL_TRACES_EXPORTER", "none")],
        &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://a")],
    ] {
        let read = read(set);
        assert_eq!((read.settings, read.warnings.len()), (None, 0), "{set:?}");
    }
}

#[test]
fn defaults_are_those_of_the_specification() {
    let settings = settings(&[]);
    assert_eq!(settings.endpoint, "http://collector:4318/base/v1/traces");
    assert_eq!(settings.protocol, Protocol::Http);
    assert_eq!(settings.timeout, Duration::from_secs(10));
    assert_eq!(settings.compression, Compression::None);
    assert_eq!(settings.sampler, Sampler::default());
    let queue = Queue {
        room: 2048,
        batch: 512,
        delay: Duration::from_secs(5),
        timeout: Duration::from_secs(30),
    };
    assert_eq!(settings.queue, queue);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let named = [pair("service.name", "weir-proxy"), pair("service.version", "0.1.0")];
    assert_eq!(settings.resource, named);
}

#[test]
fn what_is_said_of_traces_counts_before_what_is_said_of_all() {
    let settings = settings(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/as/it/is"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "b=2"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1500"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"),
    ]);
    assert_eq!(settings.endpoint, "https://traces/as/it/is");
    assert_eq!(settings.headers, Headers::read("a=1").0);
    assert_eq!(settings.timeout, Duration::from_millis(1500));
    assert_eq!(settings.compression, Compression::Gzip);
    assert_eq!(settings.certificate, Some("/ca.pem".into()));
}

#[test]
fn grpc_needs_no_scheme() {
    for (endpoint, insecure, expected) in [
        ("collector:4317", "", "https://collector:4317/"),
        ("collector:4317", "true", "http://collector:4317/"),
        ("http://collector:4317", "", "http://collector:4317/"),
    ] {
        let read = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_INSECURE", insecure),
        ]);
        let settings = read.settings.unwrap();
        assert_eq!(
            (settings.protocol, settings.endpoint),
            (Protocol::Grpc, expected.parse().unwrap())
        );
    }
}

#[test]
fn the_service_s_name_counts_before_its_attributes() {
    let settings = settings(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test%20bed"),
        ("OTEL_SERVICE_NAME", "weir-edge"),
    ]);
    let of =
        |key: &str| settings.resource.iter().find(|(it, _)| it == key).map(|(_, it)| it.as_str());
    assert_eq!(of("service.name"), Some("weir-edge"));
    assert_eq!(of("deployment.environment.name"), Some("test bed"));
    assert_eq!(settings.resource.len(), 3);
}

#[test]
fn samplers_and_queues() {
    let settings = settings(&[
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99999999"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ]);
    assert_eq!(settings.sampler, Sampler { follows_parent: true, ratio: 0.25 });
    let Queue { room, batch, delay, .. } = settings.queue;
    assert_eq!((room, batch, delay), (65_536, 65_536, Duration::from_millis(100)));
}

#[test]
fn what_can_t_be_used_is_told_and_left_out() {
    let (settings, warning) = warned(&[("OTEL_TRACES_SAMPLER", "xray")]);
    assert_eq!(settings.unwrap().sampler, Sampler::default());
    assert!(warning.starts_with("OTEL_TRACES_SAMPLER = \"xray\": expected always_on"), "{warning}");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a"),
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
    ] {
        let (settings, warning) = warned(&[(name, value)]);
        assert!(settings.is_some() && warning.starts_with(name), "{warning}");
    }
    let ratio = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
    assert_eq!(warned(&ratio).0.unwrap().sampler, Sampler { follows_parent: false, ratio: 1.0 });
    assert_eq!(warned(&[("OTEL_TRACES_EXPORTER", "zipkin")]).0, None);
    for endpoint in ["collector:4318", "ftp://a", "http://", "http://a b"] {
        let (settings, warning) = warned(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint)]);
        assert!(settings.is_none() && warning.contains("no spans are exported"), "{warning}");
    }
}

#[test]
fn no_warning_tells_a_secret() {
    let (_, warning) = warned(&[("OTEL_EXPORTER_OTLP_HEADERS", "authorization: wormwood")]);
    assert!(!warning.contains("wormwood"), "{warning}");
    let (settings, warning) =
        warned(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:wormwood@a:4318")]);
    assert!(settings.is_none() && !warning.contains("wormwood"), "{warning}");
    let (_, warning) =
        warned(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:worm wood@a:4318")]);
    assert!(!warning.contains("wood"), "{warning}");
}

#[test]
fn metrics_have_variables_of_their_own() {
    let read = |set: &[(&str, &str)]| {
        let find =
            |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, it)| (*it).to_owned());
        let Read { settings, warnings } = Read::variables_of_metrics("weir-proxy", "0.1.0", find);
        assert_eq!(warnings, [""; 0]);
        settings
    };
    let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
    // What is wrong with other signals is theirs to tell.
    let traces = [("OTEL_TRACES_SAMPLER", "xray"), ("OTEL_BSP_SCHEDULE_DELAY", "long")];
    let settings = read(&[all, traces[0], traces[1], ("OTEL_METRIC_EXPORT_INTERVAL", "500")]);
    let settings = settings.unwrap();
    assert_eq!(settings.endpoint, "http://collector:4318/v1/metrics");
    let (delay, timeout) = (settings.queue.delay, settings.queue.timeout);
    assert_eq!((delay, timeout), (Duration::from_millis(500), Duration::from_secs(30)));
    let own = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://other/as/it/is");
    let not_its = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc");
    let settings = read(&[all, own, not_its, ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip")]);
    let settings = settings.unwrap();
    assert_eq!(
        (settings.endpoint, settings.protocol),
        ("http://other/as/it/is".parse().unwrap(), Protocol::Http)
    );
    assert_eq!(settings.compression, Compression::Gzip);
    assert_eq!(read(&[all, ("OTEL_METRICS_EXPORTER", "none")]), None);
    assert_eq!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a")]), None);
}

#[test]
fn who_says_nothing_of_metrics_leaves_it_to_others() {
    let wants = |text: Option<&str>| crate::wants_metrics(|_| text.map(str::to_owned));
    assert_eq!((wants(None), wants(Some(" "))), (None, None));
    assert_eq!((wants(Some("none")), wants(Some("console, otlp"))), (Some(false), Some(true)));
}
