use super::*;

#[test]
fn wrong_values_in_the_file() {
    for (toml, message) in [
        (
            "[proxy]\nadmin = \"nonsense\"",
            "proxy.admin = \"nonsense\": expected an IP address and a port, such as 127.0.0.1:9900 (from FILE)",
        ),
        (
            "[proxy]\ndrain_grace = 30",
            "proxy.drain_grace = 30: expected a duration: a whole number and its unit (us, ms, s, m, h or d), such as \"30s\"; a number alone has no unit (from FILE)",
        ),
        (
            "[proxy]\ndrain_grace = \"30 seconds\"",
            "proxy.drain_grace = \"30 seconds\": expected a duration: a whole number and its unit (us, ms, s, m, h or d), such as \"30s\" (from FILE)",
        ),
        (
            "[proxy]\npeek = \"2MB\"",
            "proxy.peek = \"2MB\": expected a size in bytes: a whole number, alone or with B, KiB, MiB or GiB, such as \"64KiB\" (from FILE)",
        ),
        (
            "[proxy]\nworkers = 70000",
            "proxy.workers = 70000: expected a whole number from 0 to 65535 (from FILE)",
        ),
        (
            "[proxy]\nworkers = \"4\"",
            "proxy.workers = \"4\": expected a whole number from 0 to 65535 (from FILE)",
        ),
        ("[proxy]\naccess_log = 1", "proxy.access_log = 1: expected true or false (from FILE)"),
        ("[proxy]\nregion = 12", "proxy.region = 12: expected a string (from FILE)"),
        (
            "[proxy]\nhash_secret = 12",
            "proxy.hash_secret = (hidden): expected a string (from FILE)",
        ),
        ("[proxy.routes]\na = 1", "proxy.routes = {…}: expected an array (from FILE)"),
        ("[proxy]\nroutes = [1]", "proxy.routes.0 = 1: expected a table (from FILE)"),
        ("proxy = 5", "proxy = 5: expected a table, [proxy] (from FILE)"),
        ("[[proxy]]\nworkers = 1", "proxy = [{…}]: expected a table, [proxy] (from FILE)"),
    ] {
        assert_eq!(message_for_file(toml), message);
    }
}

#[test]
fn wrong_values_in_an_entry_of_an_array() {
    let route = "[[proxy.routes]]\nname = \"a\"\nupstream = \"b\"\n";
    for (more, message) in [
        (
            "usage = \"exactly\"",
            "proxy.routes.1.usage = \"exactly\": expected \"exact\" or \"observe\" (from FILE)",
        ),
        // Not the first choice of the list.
        ("usage = 0", "proxy.routes.1.usage = 0: expected \"exact\" or \"observe\" (from FILE)"),
        (
            "uppstream = 1",
            "proxy.routes.1.uppstream is not a known key, did you mean upstream?; known here: name, upstream, usage (from FILE)",
        ),
    ] {
        assert_eq!(message_for_file(&format!("{route}{route}{more}")), message);
    }
    assert_eq!(
        message_for_file("[[proxy.routes]]\nname = \"a\""),
        "proxy.routes.0.upstream is missing; it has no default, and the entry from FILE does not set it"
    );
}

#[test]
fn unknown_keys_and_tables() {
    assert_eq!(
        message_for_file("[proxy]\nadmni = 1"),
        "proxy.admni is not a known key, did you mean admin?; known here: admin, drain_grace, peek, workers, access_log, region, hash_secret, routes (from FILE)"
    );
    assert_eq!(
        message_for_file("[prxy]\nadmin = 1"),
        "prxy is not a known key, did you mean proxy?; known here: proxy, gpu_exporter, discovery, loadtest, telemetry (from FILE)"
    );
    assert_eq!(
        message_for_file("workers = 1\n[proxy]"),
        "workers is not a known key; known here: proxy, gpu_exporter, discovery, loadtest, telemetry (from FILE)"
    );
}

#[test]
fn files_that_cannot_be_read() {
    assert_eq!(
        message_for_file("[proxy]\nworkers = = 1\n"),
        "FILE:2:11: not valid TOML: invalid string, expected `\"`, `'`"
    );
    assert_eq!(
        message_for_file("[proxy]\nworkers = 1\nworkers = 2\n"),
        "FILE:3:1: not valid TOML: duplicate key `workers` in table `proxy`"
    );
    let missing = |layers: Layers| load(&layers).unwrap_err().to_string();
    assert_eq!(
        missing(Layers::new().with_file("/nowhere/weir.toml")),
        "cannot read the configuration file /nowhere/weir.toml (named by --config): No such file or directory (os error 2)"
    );
    assert_eq!(
        missing(Layers::new().with_environment([("WEIR_CONFIG", "/nowhere/weir.toml")])),
        "cannot read the configuration file /nowhere/weir.toml (named by environment variable WEIR_CONFIG): No such file or directory (os error 2)"
    );
}

#[test]
fn wrong_variables() {
    for (name, value, message) in [
        (
            "WEIR_PROXY__WORKERS",
            "many",
            "proxy.workers = \"many\": expected a whole number from 0 to 65535 (from environment variable WEIR_PROXY__WORKERS)",
        ),
        (
            "WEIR_PROXY__DRAIN_GRACE",
            "30",
            "proxy.drain_grace = 30: expected a duration: a whole number and its unit (us, ms, s, m, h or d), such as \"30s\"; a number alone has no unit (from environment variable WEIR_PROXY__DRAIN_GRACE)",
        ),
        (
            "WEIR_PROXY__ADMNI",
            "x",
            "proxy.admni is not a known key, did you mean admin?; known here: admin, drain_grace, peek, workers, access_log, region, hash_secret, routes (from environment variable WEIR_PROXY__ADMNI)",
        ),
        (
            "WEIR_PROXY__ADMIN__PORT",
            "1",
            "proxy.admin = {…}: expected an IP address and a port, such as 127.0.0.1:9900 (from environment variable WEIR_PROXY__ADMIN__PORT)",
        ),
        (
            "WEIR_PROXY__ROUTES",
            "[{name=a,upstream=b,usage=c}]",
            "proxy.routes.0.usage = \"c\": expected \"exact\" or \"observe\" (from environment variable WEIR_PROXY__ROUTES)",
        ),
        (
            "WEIR_PROXY__ROUTES",
            "[{name=a}]",
            "proxy.routes.0.upstream is missing; it has no default, and the entry from environment variable WEIR_PROXY__ROUTES does not set it",
        ),
        (
            "WEIR_PROXY__",
            "x",
            "WEIR_PROXY__ = \"x\": expected a name of the form WEIR_PROXY__KEY (from environment variable WEIR_PROXY__)",
        ),
    ] {
        assert_eq!(message_for_variable(name, value), message);
    }
}

#[test]
fn wrong_flags() {
    let layers = Layers::new().with_override("--admin", "proxy.admin", "nonsense");
    assert_eq!(
        load(&layers).unwrap_err().to_string(),
        "proxy.admin = \"nonsense\": expected an IP address and a port, such as 127.0.0.1:9900 (from --admin on the command line)"
    );
}

#[test]
fn a_missing_key_without_default_says_where_to_set_it() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "never read: it cannot be made")]
    struct Discovery {
        listen: SocketAddr,
    }
    let sources = Sources::read(&Layers::new()).unwrap();
    assert_eq!(
        sources.table::<Discovery>(Table::Discovery).unwrap_err().to_string(),
        "discovery.listen is missing; it has no default: set it in the file or with the environment variable WEIR_DISCOVERY__LISTEN"
    );
}

#[test]
fn rules_of_the_daemon_name_the_origin_too() {
    let layers = Layers::new()
        .with_environment([("WEIR_PROXY__ADMIN", "127.0.0.1:1")])
        .with_override("--secret", "proxy.hash_secret", "abc");
    let loaded = load(&layers).unwrap();
    let admin = loaded.value.admin;
    assert_eq!(
        loaded.invalid("proxy.admin", admin, "an address that no listener has").to_string(),
        "proxy.admin = 127.0.0.1:1: expected an address that no listener has (from environment variable WEIR_PROXY__ADMIN)"
    );
    assert_eq!(
        loaded.invalid("proxy.hash_secret", "abc", "16 characters or more").to_string(),
        "proxy.hash_secret = (hidden): expected 16 characters or more (from --secret on the command line)"
    );
    assert_eq!(
        loaded.invalid("proxy.drain_grace", loaded.value.drain_grace, "less").to_string(),
        "proxy.drain_grace = 30s: expected less (from built-in default)"
    );
}
