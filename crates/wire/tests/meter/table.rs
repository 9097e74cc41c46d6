//! `CASES.md`, the table of the corpus: which server's answers are shown at which endpoint, and no
//! endpoint that a server has left out. `UPDATE=1` writes it.
//!
//! `servers.json` says which server has which endpoint, and which facts a case must show there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use serde::Deserialize;
use serde_json::Value;
use weir_wire::Endpoint;

use crate::case::{Case, Server, every, root};

/// One server of `servers.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    server: String,
    /// By the name of the endpoint.
    endpoints: BTreeMap<String, Has>,
}

/// An endpoint that a server has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Has {
    /// The first version that has it.
    since: Option<String>,
    /// What a case must show, and the name of that case.
    #[serde(default)]
    facts: BTreeMap<String, String>,
}

impl Entry {
    fn id(&self) -> Server {
        serde_json::from_value(Value::String(self.server.clone()))
            .unwrap_or_else(|error| panic!("servers.json: {}: {error}", self.server))
    }
}

fn servers() -> Vec<Entry> {
    let text = fs::read(root().join("servers.json")).unwrap();
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("servers.json: {error}"))
}

fn cases_of(cases: &[Case], server: Server, endpoint: Endpoint) -> impl Iterator<Item = &Case> {
    cases.iter().filter(move |case| case.server == server && case.endpoint == endpoint)
}

/// The name of a case without its endpoint.
fn short(case: &Case) -> &str {
    case.name.split_once('/').unwrap().1
}

#[test]
fn every_endpoint_of_every_server_and_every_fact_is_shown() {
    let (cases, servers) = (every(), servers());
    let mut wrong = Vec::new();
    for entry in &servers {
        for endpoint in Endpoint::ALL {
            let names: BTreeSet<_> = cases_of(&cases, entry.id(), endpoint).map(short).collect();
            let cell = format!("{} {endpoint}", entry.server);
            match entry.endpoints.get(endpoint.as_str()) {
                None if names.is_empty() => {}
                None => wrong.push(format!("{cell}: has cases, but is not in servers.json")),
                Some(_) if names.is_empty() => wrong.push(format!("{cell}: no case shows it")),
                Some(has) => wrong.extend(has.facts.iter().filter_map(|(fact, case)| {
                    let missing = !names.contains(case.as_str());
                    missing.then(|| format!("{cell}: {fact}: there is no case {case}"))
                })),
            }
        }
    }
    let known: BTreeSet<_> = servers.iter().map(Entry::id).chain([Server::Any]).collect();
    let strangers = cases.iter().filter(|case| !known.contains(&case.server));
    wrong.extend(strangers.map(|case| format!("{}: its server is not in servers.json", case.name)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_endpoint_in_servers_json_is_one() {
    let known: Vec<_> = Endpoint::ALL.iter().map(|endpoint| endpoint.as_str()).collect();
    for entry in servers() {
        for name in entry.endpoints.keys() {
            assert!(known.contains(&name.as_str()), "{}: {name} is no endpoint", entry.server);
        }
    }
}

#[test]
fn the_table_is_up_to_date() {
    let path = root().join("CASES.md");
    let table = table(&every(), &servers());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, table).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == table, "CASES.md is stale: run `UPDATE=1 cargo test -p weir-wire`");
}

fn table(cases: &[Case], servers: &[Entry]) -> String {
    let mut text = String::from(
        "# The cases\n\nWritten by `UPDATE=1 cargo test -p weir-wire`; see [README.md](README.md).\n\
         \n## How many\n\n`–`: that server is not known to have that endpoint. `any`: a rule of the \
         protocol or of Weir, no server in particular.\n\n| endpoint |",
    );
    for entry in servers {
        write!(text, " {} |", entry.server).unwrap();
    }
    writeln!(text, " any |\n|---|{}", "---|".repeat(servers.len() + 1)).unwrap();
    for endpoint in Endpoint::ALL {
        write!(text, "| `{endpoint}` |").unwrap();
        for entry in servers {
            let count = cases_of(cases, entry.id(), endpoint).count();
            let has = entry.endpoints.contains_key(endpoint.as_str());
            let cell = if has { count.to_string() } else { "–".into() };
            write!(text, " {cell} |").unwrap();
        }
        writeln!(text, " {} |", cases_of(cases, Server::Any, endpoint).count()).unwrap();
    }
    for entry in servers {
        server_table(&mut text, cases, entry);
    }
    text
}

fn server_table(text: &mut String, cases: &[Case], entry: &Entry) {
    let since = entry.endpoints.iter().filter_map(|(endpoint, has)| {
        let since = has.since.as_deref()?;
        Some(format!("`{endpoint}` {since}"))
    });
    let since: Vec<_> = since.collect();
    writeln!(text, "\n## {}\n", entry.server).unwrap();
    if !since.is_empty() {
        writeln!(text, "Since: {}.\n", since.join(", ")).unwrap();
    }
    text.push_str("| endpoint | versions | shows | case |\n|---|---|---|---|\n");
    for endpoint in Endpoint::ALL {
        for case in cases_of(cases, entry.id(), endpoint) {
            let versions = case.versions.as_deref().unwrap_or_default();
            let shows = case.shows.as_deref().unwrap_or_default().replace('|', "\\|");
            let name = short(case);
            writeln!(text, "| `{endpoint}` | {versions} | {shows} | `{name}` |").unwrap();
        }
    }
}
