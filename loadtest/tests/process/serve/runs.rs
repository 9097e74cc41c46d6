//! Runs, what was said in them, and files to be kept: from the store.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use weir_sim::DeadPort;
use weir_test_daemon::file;

use super::{Method, Page, benchmark};

#[tokio::test]
async fn a_store_that_comes_later_is_seen() {
    let page = Page::start("");
    assert_eq!(page.json("/api/benchmarks").await, (200, json!({"runs": [], "total": 0})));
    assert!(!page.folder.store().exists(), "looking makes no file");
    assert_eq!(page.get("/ready").await.status(), 200);

    benchmark(&page.folder.store(), "first").await;
    benchmark(&page.folder.store(), "second").await;
    let (_, all) = page.json("/api/benchmarks").await;
    let names = |runs: &Value| -> Vec<Value> {
        runs["runs"].as_array().unwrap().iter().map(|run| run["name"].clone()).collect()
    };
    assert_eq!((names(&all), &all["total"]), (vec![json!("second"), json!("first")], &json!(2)));
    let newest = &all["runs"][0];
    assert_eq!(newest["summary"]["ended"], 4);
    assert_eq!((&newest["requests"], &newest["contents"]), (&Value::Null, &Value::Null));
    assert_eq!(names(&page.json("/api/benchmarks?limit=1&offset=1").await.1), ["first"]);
    let metrics = page
        .daemon
        .until("/metrics", |_, text| text.contains("weir_loadtest_runs{status=\"finished\"} 2\n"));
    assert!(metrics.contains("weir_loadtest_store_up 1\n"), "{metrics}");

    std::fs::remove_file(page.folder.store()).unwrap();
    benchmark(&page.folder.store(), "third").await;
    assert_eq!(names(&page.json("/api/benchmarks").await.1), ["third"], "it is another file now");
}

#[tokio::test]
async fn a_run_has_its_requests_unless_they_are_not_wanted() {
    let page = Page::start("");
    benchmark(&page.folder.store(), "one").await;
    let id = id(&page).await;
    let (status, run) = page.json(&format!("/api/benchmarks/{id}")).await;
    assert_eq!((status, run["requests"].as_array().map(Vec::len)), (200, Some(4)));
    assert!(run["timeline"].is_array(), "{run}");
    assert_eq!(run["contents"], Value::Null);
    let (_, short) = page.json(&format!("/api/benchmarks/{id}?requests=false")).await;
    assert_eq!((&short["requests"], &short["timeline"]), (&Value::Null, &run["timeline"]));
    let missing = page.json("/api/benchmarks/nope").await;
    assert_eq!(missing, (404, json!({"error": "there is no run \"nope\" in the store"})));
    for wrong in ["/api/benchmarks?limit=many", "/api/benchmarks?page=2"] {
        let (status, answer) = page.json(wrong).await;
        assert_eq!(status, 400, "{wrong}: {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
}

#[tokio::test]
async fn a_run_that_has_died_is_said_to_have_failed() {
    let page = Page::start("");
    benchmark(&page.folder.store(), "dead").await;
    let id = id(&page).await;
    let died = "update runs set status = 'running', written_at = ?1,
        report = json_set(report, '$.status', 'running', '$.written_at', ?1)";
    let store = Connection::open(page.folder.store()).unwrap();
    assert_eq!(store.execute(died, params!["2026-01-01T00:00:00Z"]).unwrap(), 1);
    for run in [
        &page.json("/api/benchmarks").await.1["runs"][0],
        &page.json(&format!("/api/benchmarks/{id}")).await.1,
    ] {
        assert_eq!(run["status"], "failed");
        let warnings = run["warnings"].to_string();
        assert!(warnings.contains("nothing was written since 2026-01-01T00:00:00Z"), "{warnings}");
    }
    page.daemon.until("/metrics", |_, text| {
        text.contains("weir_loadtest_runs{status=\"failed\"} 1\n")
            && text.contains("weir_loadtest_runs{status=\"running\"} 0\n")
    });
}

#[tokio::test]
async fn answers_are_searched_marked_and_exported() {
    let page = Page::start("");
    benchmark(&page.folder.store(), "said").await;
    let id = id(&page).await;
    let run = format!("/api/benchmarks/{id}");
    let (_, all) = page.json(&format!("{run}/contents")).await;
    assert_eq!((&all["total"], all["contents"].as_array().map(Vec::len)), (&json!(4), Some(4)));
    let (_, page_of_one) = page.json(&format!("{run}/contents?limit=1&offset=3")).await;
    assert_eq!(page_of_one["contents"], json!([all["contents"][3]]));
    for (search, total) in [("search=no-such-word", 0), ("model=llama", 4), ("model=qwen", 0)] {
        assert_eq!(
            page.json(&format!("{run}/contents?{search}")).await.1["total"],
            total,
            "{search}"
        );
    }
    assert_eq!(page.json("/api/benchmarks/nope/contents").await.0, 404);
    let (status, odd) = page.json("/api/benchmarks/%ff/contents").await;
    assert_eq!((status, odd["error"].is_string()), (400, true), "{odd}");

    let number = all["contents"][2]["request"].as_u64().unwrap();
    let gold = format!("{run}/contents/{number}/gold");
    let marked = page.send(Method::PUT, &gold, "{\"gold\":true}").await;
    assert_eq!(marked, (200, json!({"request": number, "gold": true})));
    let (_, stars) = page.json(&format!("{run}/contents?gold=true")).await;
    assert_eq!((&stars["total"], &stars["contents"][0]["request"]), (&json!(1), &json!(number)));
    let elsewhere = format!("{run}/contents/99/gold");
    assert_eq!(page.send(Method::PUT, &elsewhere, "{\"gold\":true}").await.0, 404);
    for wrong in ["", "{}", "{\"gold\":1}", "{\"gold\":true,\"x\":1}"] {
        assert_eq!(page.send(Method::PUT, &gold, wrong).await.0, 400, "{wrong}");
    }

    let export = page.get(&format!("{run}/export.json")).await;
    let disposition = format!("attachment; filename=\"weir-{id}.json\"");
    assert_eq!(export.headers()["content-disposition"], disposition.as_str());
    let export: Value = export.json().await.unwrap();
    assert_eq!(export["requests"].as_array().map(Vec::len), Some(4));
    assert_eq!(export["contents"].as_array().map(Vec::len), Some(4));
    let lines = page.get(&format!("{run}/fine-tuning.jsonl?gold=true")).await;
    assert_eq!(lines.headers()["weir-left-out"], "0");
    let lines = lines.text().await.unwrap();
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!(line["messages"][0]["content"], stars["contents"][0]["prompt"]);
    assert_eq!(line["messages"][1]["role"], "assistant");
    let (_, tasks) = page.json(&format!("{run}/label-studio.json")).await;
    assert!(tasks.as_array().is_some_and(|tasks| tasks.len() == 4), "{tasks}");
    let (_, gold) = page.json(&format!("{run}/label-studio.json?gold=true")).await;
    assert_eq!(gold, json!([tasks[2]]));
}

#[tokio::test]
async fn a_push_says_why_it_failed() {
    let page = Page::start("");
    benchmark(&page.folder.store(), "pushed").await;
    let push = format!("/api/benchmarks/{}/label-studio", id(&page).await);
    let (status, none) = page.send(Method::POST, &push, "{}").await;
    assert_eq!(
        (status, none["error"].as_str().unwrap().contains("[loadtest.label_studio]")),
        (409, true)
    );

    let (nobody, token) = (DeadPort::new().unwrap(), file("0123456789abcdef"));
    let lines = format!(
        "[loadtest.label_studio]\nurl = {:?}\ntoken_file = {:?}\nproject = \"Weir\"\n",
        nobody.url(),
        token.to_str().unwrap()
    );
    let page = Page::start_on(page.folder, &lines);
    assert_eq!(page.json("/api/links").await.1["label_studio"], true);
    let (status, failed) = page.send(Method::POST, &push, "{\"gold_only\":false}").await;
    assert_eq!(status, 502, "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("refused"), "{failed}");
    let (status, none) = page.send(Method::POST, &push, "{\"gold_only\":true}").await;
    assert_eq!((status, none), (409, json!({"error": "no answer of this run is marked as gold"})));
    assert_eq!(page.send(Method::POST, "/api/benchmarks/nope/label-studio", "{}").await.0, 404);
}

#[tokio::test]
async fn a_damaged_store_is_said_and_left_alone() {
    let page = Page::start("");
    let text = "this is no database, and somebody's only copy of it. ".repeat(100);
    std::fs::write(page.folder.store(), &text).unwrap();
    let (status, answer) = page.json("/api/benchmarks").await;
    assert_eq!(status, 503);
    assert!(answer["error"].as_str().unwrap().contains("is no SQLite database"), "{answer}");
    let ready = page.daemon.until("/ready", |status, _| status == 503);
    assert!(ready.contains("is no SQLite database"), "{ready}");
    assert!(
        page.get("/metrics").await.text().await.unwrap().contains("weir_loadtest_store_up 0\n")
    );
    assert_eq!(page.get("/benchmarks.html").await.status(), 200);
    assert_eq!(std::fs::read_to_string(page.folder.store()).unwrap(), text);

    std::fs::remove_file(page.folder.store()).unwrap();
    page.daemon.until("/ready", |status, _| status == 200);
}

/// Of the newest run.
async fn id(page: &Page) -> String {
    page.json("/api/benchmarks").await.1["runs"][0]["id"].as_str().unwrap().to_owned()
}
