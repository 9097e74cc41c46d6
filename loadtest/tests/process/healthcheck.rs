//! `healthcheck`: is a simulated engine there?

use weir_sim::{DeadPort, Upstream};

use crate::output;

#[tokio::test]
async fn who_answers_well_is_healthy_and_nobody_else() {
    let engine = Upstream::builder().start().await.unwrap();
    let dead = DeadPort::new().unwrap();
    for (url, code, said) in [
        (format!("{}/health", engine.url()), 0, ""),
        (format!("{}/nowhere", engine.url()), 1, "/nowhere: 404"),
        (dead.url(), 1, "Connection refused"),
        ("127.0.0.1:8000".to_owned(), 2, "expected a URL"),
    ] {
        let (ended, stderr) = output(&["healthcheck", &url]).await;
        assert_eq!(ended, Some(code), "{url}: {stderr}");
        assert!(stderr.contains(said) && stderr.is_empty() == said.is_empty(), "{url}: {stderr}");
    }
}
