use weir_daemon::config::{Layers, Sources, Table};

use super::*;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    langfuse: Vec<RawLangfuse>,
}

/// The list, as the environment would set it.
fn read(list: &str) -> Result<Vec<Project>, String> {
    let layers = Layers::new().with_environment([("WEIR_DISCOVERY__LANGFUSE", list)]);
    let loaded: Loaded<Raw> = Sources::read(&layers)
        .and_then(|sources| sources.table(Table::Discovery))
        .map_err(|error| error.to_string())?;
    let variable = |name: &str| (name == "SECRET").then(|| "sk-lf-1".to_owned());
    resolve(&loaded.value.langfuse, &loaded, "discovery.langfuse", variable)
        .map_err(|error| error.to_string())
}

fn entry(more: &str) -> String {
    format!(
        r#"[{{name = "p", url = "http://127.0.0.1:3000", public_key = "pk-lf-1", secret_key_env = "SECRET"{more}}}]"#
    )
}

#[test]
fn little_is_needed() {
    let projects = read(&entry("")).unwrap();
    let [project] = projects.as_slice() else { panic!("{projects:?}") };
    assert_eq!(project.name, "p");
    assert_eq!(project.reach.url.as_str(), "http://127.0.0.1:3000/");
    assert_eq!(project.reach.timeout, Duration::from_secs(60));
    assert_eq!(project.interval, Duration::from_secs(60));
    let minutes = Duration::from_secs(300);
    assert_eq!(project.schedule, Schedule { length: minutes, lag: minutes, rereads: 2 });
    assert_eq!(project.scope, Scope::default());
    assert!(!format!("{project:?}").contains("sk-lf-1"));
}

#[test]
fn everything_can_be_said() {
    let more = r#", interval = "5m", window = "2h", lag = "15m", rereads = 0, timeout = "30s",
        environment = "production", types = ["GENERATION", "EMBEDDING"], scores = false,
        tls_verify = false"#;
    let project = read(&entry(&more.replace('\n', " "))).unwrap().remove(0);
    assert_eq!(project.schedule.length, Duration::from_secs(7200));
    assert_eq!(project.scope.types.len(), 2);
    assert!(!project.reach.tls_verify && !project.scope.scores);
}

#[test]
fn what_can_not_be_is_refused_with_its_key() {
    for (more, expected) in [
        (r#", window = "7m""#, "discovery.langfuse.0.window = 7m: expected a part of a day"),
        (r#", window = "10s""#, "window = 10s: expected 1m to 1d"),
        (r#", rereads = 13"#, "rereads = 13: expected 0 to 12"),
        (r#", types = []"#, "discovery.langfuse.0.types"),
        (r#", types = ["generation"]"#, "discovery.langfuse.0.types"),
        (r#", environment = """#, "discovery.langfuse.0.environment"),
        (r#", secret_key_file = "/nowhere""#, "secret_key_file or secret_key_env, and not both"),
        (r#", tls_ca_file = "/nowhere""#, "tls_ca_file"),
        (r#", nonsense = 1"#, "nonsense"),
    ] {
        let error = read(&entry(more)).unwrap_err();
        assert!(error.contains(expected), "{more}: {error}");
    }
    let twice = entry("").replace("}]", "}, ") + &entry("")[1..];
    assert!(read(&twice).unwrap_err().contains("a name of its own"));
}

#[test]
fn keys_and_passwords_are_never_shown() {
    let with = |from: &str, to: &str| read(&entry("").replace(from, to)).unwrap_err();
    let error = with("http://127.0.0.1:3000", "http://u:hush@127.0.0.1:3000");
    assert!(error.contains("discovery.langfuse.0.url") && !error.contains("hush"), "{error}");
    let error = with("http://127.0.0.1:3000", "http://h/api/public?key=hush");
    assert!(!error.contains("hush"), "{error}");
    let error = with("pk-lf-1", "pk hush");
    assert!(error.contains("public_key") && !error.contains("hush"), "{error}");
    let error = with("SECRET", "NO_SUCH");
    assert!(error.contains("secret_key_env = NO_SUCH"), "{error}");
    let error = with("SECRET", "sk-lf-hush");
    assert!(error.contains("secret_key_env") && !error.contains("hush"), "{error}");
}

#[test]
fn the_variables_of_langfuses_sdks_are_a_project() {
    let all = [
        ("LANGFUSE_PUBLIC_KEY", "pk-lf-1"),
        ("LANGFUSE_SECRET_KEY", "sk-lf-1"),
        ("LANGFUSE_HOST", "https://langfuse.example"),
    ];
    let get = |without: &'static str, host: &'static str| {
        from_environment(move |name| {
            let value = |&(known, value): &(&str, &str)| (known == name).then(|| value.to_owned());
            if name == "LANGFUSE_HOST" && !host.is_empty() {
                return Some(host.to_owned());
            }
            all.iter().filter(|(known, _)| *known != without).find_map(value)
        })
    };
    let project = get("", "").unwrap().unwrap();
    assert_eq!(project.name, "default");
    assert_eq!(project.reach.url.as_str(), "https://langfuse.example/");
    for name in ["LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY", "LANGFUSE_HOST"] {
        assert_eq!(get(name, ""), Ok(None), "{name}");
    }
    let error = get("", "ftp://u:hush@x").unwrap_err().to_string();
    assert!(error.contains("LANGFUSE_HOST") && !error.contains("hush"), "{error}");
}
