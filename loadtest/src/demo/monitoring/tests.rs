use clap::Parser as _;

use super::*;
use crate::cli::{Args, Command};

fn args(more: &[&str]) -> DemoArgs {
    let args = [&["weir-loadtest", "demo"], more].concat();
    let Command::Demo(args) = Args::parse_from(args).command else { panic!("it is no demo") };
    args
}

async fn start(folder: &Folder, more: &[&str]) -> Result<Monitoring, MonitoringError> {
    let client = crate::http::client().build().unwrap();
    Monitoring::start(&args(more), folder, Vec::new(), &client).await
}

#[tokio::test]
async fn nothing_is_started_where_nobody_wants_it() {
    let folder = Folder::new().unwrap();
    let monitoring = start(&folder, &["--no-prometheus"]).await.unwrap();
    assert!(monitoring.address().is_none() && monitoring.said.is_empty());
    assert!(monitoring.stop().await.is_empty());
}

#[tokio::test]
async fn a_prometheus_that_does_not_start_says_why() {
    let folder = Folder::new().unwrap();
    folder.write("a.yml", "").unwrap();
    let rules = folder.path().to_str().unwrap();
    // It ends at once with exit code 1, and says nothing.
    for more in [&["--prometheus", "false"][..], &["--prometheus", "false", "--rules", rules]] {
        let monitoring = start(&folder, more).await.unwrap();
        let said = ("prometheus", "did not start: (it said nothing)".to_owned());
        assert_eq!((monitoring.said, monitoring.gpus.is_none()), (vec![said], true));
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let folder = Folder::new().unwrap();
    let error = start(&folder, &["--prometheus", "/nowhere/prometheus"]).await.err().unwrap();
    assert!(error.to_string().contains("/nowhere/prometheus"), "{error}");
    let empty = Folder::new().unwrap();
    for rules in ["/nowhere", empty.path().to_str().unwrap()] {
        let error = start(&folder, &["--rules", rules]).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            format!("there is no file *.yml in {rules}, which --rules names")
        );
    }
}
