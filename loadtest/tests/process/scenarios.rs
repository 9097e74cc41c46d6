//! `scenarios`: the list, and one that can be made one's own.

use std::process::Output;

use tokio::time::timeout;

use crate::{DEADLINE, weir_loadtest};

async fn scenarios(args: &[&str]) -> (Option<i32>, String, String) {
    let run = weir_loadtest(&[&["scenarios"], args].concat()).output();
    let Output { status, stdout, stderr } = timeout(DEADLINE, run).await.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test]
async fn each_is_listed_and_can_be_printed_as_it_stands() {
    let (code, list, stderr) = scenarios(&[]).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    assert_eq!(list.lines().count(), std::fs::read_dir(folder).unwrap().count());
    for line in list.lines() {
        let (name, description) = line.split_once("  ").expect("a name and a description");
        assert!(description.ends_with('.') && line.len() <= 140, "{line}");
        let (code, toml, _) = scenarios(&[name]).await;
        let file = std::fs::read_to_string(format!("{folder}/{name}.toml")).unwrap();
        assert_eq!((code, toml), (Some(0), file), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_one_is_answered_with_the_list() {
    let (code, stdout, stderr) = scenarios(&["high-paralellism"]).await;
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("did you mean high-parallelism?"), "{stderr}");
    assert!(stderr.contains("quick") && stderr.contains("sequential-workers"), "{stderr}");
}
