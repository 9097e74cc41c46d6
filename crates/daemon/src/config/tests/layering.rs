use super::*;

fn from_environment(pairs: &[(&str, &str)]) -> Proxy {
    load(&Layers::new().with_environment(pairs.iter().copied())).unwrap().value
}

#[test]
fn without_layers_there_are_the_defaults() {
    let loaded = load(&Layers::new()).unwrap();
    assert_eq!(loaded.value, Proxy::default());
    assert_eq!(loaded.origin("proxy.admin"), "built-in default");
    assert!(!loaded.is_set("proxy.admin"));
}

#[test]
fn later_layers_win_and_say_so() {
    let file = File::new(
        "[proxy]\nworkers = 1\ndrain_grace = \"1m\"\npeek = \"2MiB\"\nregion = \"a\"\n\
         [[proxy.routes]]\nname = \"r\"\nupstream = \"http://a:1\"\nusage = \"observe\"\n\
         [gpu_exporter]\nanything = true\n",
    );
    let path = file.path().to_str().unwrap();
    let loaded = load(
        &Layers::new()
            .with_environment([
                ("WEIR_CONFIG", path),
                ("WEIR_PROXY__DRAIN_GRACE", "200ms"),
                ("WEIR_PROXY__ADMIN", "127.0.0.1:1"),
            ])
            .with_override("--admin", "proxy.admin", "127.0.0.1:2"),
    )
    .unwrap();

    let expected = Proxy {
        admin: ([127, 0, 0, 1], 2).into(),
        drain_grace: Span::from_millis(200),
        peek: Size::from_bytes(2 << 20),
        workers: 1,
        region: Some("a".to_owned()),
        routes: vec![Route {
            name: "r".to_owned(),
            upstream: "http://a:1".to_owned(),
            usage: Usage::Observe,
        }],
        ..Proxy::default()
    };
    assert_eq!(loaded.value, expected);
    for (key, origin) in [
        ("proxy.admin", "--admin on the command line"),
        ("proxy.drain_grace", "environment variable WEIR_PROXY__DRAIN_GRACE"),
        ("proxy.workers", path),
        ("proxy.routes.0.usage", path),
        ("proxy.access_log", "built-in default"),
        ("proxy.routes.0.hop", "built-in default"),
    ] {
        assert_eq!(loaded.origin(key), origin, "{key}");
    }
    assert!(loaded.is_set("proxy.routes"));
    assert!(!loaded.is_set("proxy.access_log"));
}

#[test]
fn the_flag_names_the_file_before_the_variable() {
    let file = File::new("[proxy]\nworkers = 7\n");
    let layers =
        Layers::new().with_environment([("WEIR_CONFIG", "/nowhere")]).with_file(file.path());
    assert_eq!(layers.path(), Some(file.path()));
    assert_eq!(load(&layers).unwrap().value.workers, 7);
}

#[test]
fn the_flag_of_the_process_names_the_file() {
    let args = crate::cli::CommonArgs { config: Some("a.toml".into()), ..Default::default() };
    assert_eq!(Layers::of_process(&args).path(), Some(Path::new("a.toml")));
}

#[test]
fn variables_that_are_not_ours_are_ignored() {
    let proxy = from_environment(&[
        ("WEIR_PROXY_PORT", "tcp://10.0.0.1:9800"),
        ("WEIR_PROXY_SERVICE_HOST", "10.0.0.1"),
        ("WEIR_PROXY_PORT_9800_TCP", "tcp://10.0.0.1:9800"),
        ("WEIR_PROXY", "x"),
        ("WEIR_LOG", "debug"),
        ("WEIR_REVISION", "abc"),
        ("WEIR_SIDECAR__ADMIN", "x"),
        ("PROXY__WORKERS", "9"),
        ("WEIR_PROXY__WORKERS", ""),
        ("WEIR_CONFIG", ""),
        ("WEIR_GPU_EXPORTER__NOTHING_OF_OURS", "x"),
    ]);
    assert_eq!(proxy, Proxy::default());
}

#[test]
fn the_type_of_a_key_decides_how_its_variable_is_read() {
    for text in ["0123", "true", "1.0", "[a]", "{a=b}", " spaced ", "\"quoted\"", "30s"] {
        let proxy = from_environment(&[("WEIR_PROXY__REGION", text)]);
        assert_eq!(proxy.region.as_deref(), Some(text));
    }
    let proxy = from_environment(&[
        ("WEIR_PROXY__WORKERS", "8"),
        ("WEIR_PROXY__ACCESS_LOG", "false"),
        ("WEIR_PROXY__PEEK", "512"),
        ("WEIR_PROXY__ADMIN", "[::1]:9900"),
        (
            "WEIR_PROXY__ROUTES",
            "[{name = \"0123\", upstream = \"http://a:1/x\"}, {name=b,upstream=http://b:2,usage=observe}]",
        ),
    ]);
    assert_eq!((proxy.workers, proxy.access_log, proxy.peek.bytes()), (8, false, 512));
    assert_eq!(proxy.admin, "[::1]:9900".parse().unwrap());
    assert_eq!(proxy.routes[0].name, "0123");
    assert_eq!(proxy.routes[0].upstream, "http://a:1/x");
    assert_eq!(proxy.routes[1].upstream, "http://b:2");
    assert_eq!(proxy.routes[1].usage, Usage::Observe);
}

#[test]
fn the_origin_of_a_part_is_that_of_the_whole() {
    let routes = "[{name = a, upstream = b}]";
    let loaded = load(&Layers::new().with_environment([("WEIR_PROXY__ROUTES", routes)])).unwrap();
    assert_eq!(loaded.origin("proxy.routes.0.name"), "environment variable WEIR_PROXY__ROUTES");
}

#[test]
fn several_tables_are_read_from_one_file() {
    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Telemetry {
        endpoint: Option<String>,
    }
    let file = File::new("telemetry.endpoint = \"http://a\"\nproxy.workers = 2\n");
    let sources = Sources::read(&Layers::new().with_file(file.path())).unwrap();
    let telemetry: Telemetry = sources.table(Table::Telemetry).unwrap().value;
    let proxy: Proxy = sources.table(Table::Proxy).unwrap().value;
    assert_eq!((telemetry.endpoint.as_deref(), proxy.workers), (Some("http://a"), 2));
}
