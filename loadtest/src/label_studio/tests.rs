mod fake;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use reqwest::Url;
use serde_json::{Value, json};
use weir_sim::DeadPort;

use self::fake::{Fake, LEGACY, PERSONAL};
use super::tasks::tests::{content, report};
use super::{LABELING_CONFIG, LabelStudio, Project, Pushed, push, tasks};

/// A file with a token, removed at the end.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new(text: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-label-studio-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

async fn started(fake: &Fake, token: &str) -> (LabelStudio, TokenFile) {
    let file = TokenFile::new(token);
    let url = format!("http://{}/studio", fake.start().await).parse().unwrap();
    let project = Project::Title("weir".to_owned());
    (LabelStudio { url, token_file: file.0.clone(), project }, file)
}

fn some(count: u64) -> Vec<Value> {
    let contents: Vec<_> = (0..count).map(|number| content(number, "llama", number)).collect();
    tasks(&report(), &contents)
}

fn page(config: &LabelStudio, project: usize) -> Url {
    format!("{}/projects/{project}/data", config.url).parse().unwrap()
}

/// What a push that fails says.
async fn fails(config: &LabelStudio, tasks: &[Value]) -> String {
    let words = push(config, tasks).await.unwrap_err().to_string();
    for secret in [LEGACY, PERSONAL, "wrong-token", "Question", "Answer"] {
        assert!(!words.contains(secret), "{words}");
    }
    words
}

#[test]
fn digits_alone_are_an_id() {
    let project = |text: &str| text.parse::<Project>().unwrap();
    assert_eq!(project("12"), Project::Id(12));
    assert_eq!(project("12 weirs"), Project::Title("12 weirs".to_owned()));
}

#[tokio::test]
async fn a_project_is_made_and_tasks_are_brought_once() {
    let fake = Fake::default();
    let (config, _file) = started(&fake, &format!("{LEGACY}\n")).await;
    let all = some(120);
    let first = push(&config, &all[..30]).await.unwrap();
    assert_eq!(first, Pushed { count: 30, already: 0, url: page(&config, 1) });
    let second = push(&config, &all).await.unwrap();
    assert_eq!(second, Pushed { count: 90, already: 30, url: page(&config, 1) });
    let third = push(&config, &all).await.unwrap();
    assert_eq!(third, Pushed { count: 0, already: 120, url: page(&config, 1) });

    let held = fake.held.lock();
    assert_eq!(held.projects.len(), 1);
    assert_eq!(held.projects[0]["title"], "weir");
    assert_eq!(held.projects[0]["label_config"], LABELING_CONFIG);
    assert_eq!(held.projects[0]["model_version"], "gold stars");
    assert_eq!(held.imports, [30, 20, 50, 20]);
    let brought: Vec<_> = held.tasks.iter().map(|(_, task)| task.clone()).collect();
    assert_eq!(brought, all);
}

#[tokio::test]
async fn large_tasks_are_brought_in_smaller_parts() {
    let fake = Fake::default();
    let (config, _file) = started(&fake, LEGACY).await;
    let mut all = some(5);
    for task in &mut all {
        task["data"]["prompt"] = json!("x".repeat(3 << 20));
    }
    push(&config, &all).await.unwrap();
    assert_eq!(fake.held.lock().imports, [2, 2, 1]);
}

#[tokio::test]
async fn a_personal_access_token_is_exchanged() {
    let fake = Fake::default();
    let (config, _file) = started(&fake, PERSONAL).await;
    assert_eq!(push(&config, &some(2)).await.unwrap().count, 2);
    let (config, _file) = started(&fake, "a.wrong-token.b").await;
    let words = fails(&config, &some(2)).await;
    assert!(
        words.contains("exchanging the token: it answers 401 Unauthorized (Token is invalid)"),
        "{words}"
    );
}

#[tokio::test]
async fn tokens_that_are_none() {
    let fake = Fake::default();
    let (mut config, file) = started(&fake, "wrong-token").await;
    let words = fails(&config, &some(1)).await;
    assert!(words.ends_with("it answers 401 Unauthorized (Invalid token.)"), "{words}");
    for none in ["", "\n", "two words", "two\nlines"] {
        fs::write(&file.0, none).unwrap();
        assert!(fails(&config, &some(1)).await.contains("holds no token"), "{none:?}");
    }
    config.token_file = file.0.join("nothing");
    assert!(fails(&config, &some(1)).await.contains("reading Label Studio's token from"));
}

#[tokio::test]
async fn a_project_is_found_by_its_id_or_its_whole_title() {
    let fake = Fake::default();
    let (mut config, _file) = started(&fake, LEGACY).await;
    let made = |title: &str, config: &str| json!({"title": title, "label_config": config});
    fake.held.lock().projects = vec![
        made("weir too", LABELING_CONFIG),
        made("weir", LABELING_CONFIG),
        made("twins", LABELING_CONFIG),
        made("twins", LABELING_CONFIG),
        made("other", r#"<View><Ranker name="rank" toName="answers"/></View>"#),
    ];
    assert_eq!(push(&config, &some(1)).await.unwrap().url, page(&config, 2));
    config.project = Project::Id(4);
    assert_eq!(push(&config, &some(1)).await.unwrap().url, page(&config, 4));
    for (project, expected) in [
        ("9", "404 Not Found (No Project matches the given query.)"),
        ("5", r#"has no <TextArea name="answer" toName="prompt">"#),
        ("other", r#"has no <TextArea name="answer" toName="prompt">"#),
        ("twins", "several projects of Label Studio are called \"twins\""),
        ("ab", "3 to 50 characters, not 2"),
    ] {
        config.project = project.parse().unwrap();
        let words = fails(&config, &some(1)).await;
        assert!(words.contains(expected), "{words}");
    }
    assert_eq!(fake.held.lock().projects.len(), 5);
}

#[tokio::test]
async fn a_push_that_fails_halfway_goes_on_the_next_time() {
    let fake = Fake::default();
    let (config, _file) = started(&fake, LEGACY).await;
    // What it says of a member may quote the task.
    let refusal =
        json!({"detail": "Validation error", "validation_errors": {"data": ["Question 50?"]}});
    fake.held.lock().refuse = Some((1, StatusCode::BAD_REQUEST, refusal));
    let words = fails(&config, &some(120)).await;
    let expected = "importing tasks: it answers 400 Bad Request (Validation error: data); \
                    50 of 120 tasks are there, push again for the rest";
    assert!(words.ends_with(expected), "{words}");
    fake.held.lock().refuse = None;
    let pushed = push(&config, &some(120)).await.unwrap();
    assert_eq!((pushed.count, pushed.already), (70, 50));
}

#[tokio::test]
async fn whoever_is_not_label_studio_is_said_to_be_none() {
    let fake = Fake::default();
    let (config, _file) = started(&fake, LEGACY).await;
    for (status, body, expected) in [
        (StatusCode::OK, "<html>", "no whole JSON; is that Label Studio's address?"),
        (StatusCode::OK, r#"{"answer": 42}"#, "a member is missing or of another kind"),
        (StatusCode::FOUND, "", "302 Found, which leads elsewhere"),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            r#"{"detail": "Question 1?"}"#,
            "500 Internal Server Error",
        ),
    ] {
        fake.held.lock().always = Some((status, body.to_owned()));
        let words = fails(&config, &some(1)).await;
        assert!(words.contains(expected), "{words}");
    }
    fake.held.lock().always = Some((StatusCode::OK, " ".repeat((32 << 20) + 1)));
    assert!(fails(&config, &some(1)).await.contains("longer than 33554432 bytes"));
}

#[tokio::test]
async fn nobody_there() {
    let dead = DeadPort::new().unwrap();
    let file = TokenFile::new(LEGACY);
    let url = dead.url().parse().unwrap();
    let config = LabelStudio { url, token_file: file.0.clone(), project: Project::Id(1) };
    let words = fails(&config, &some(1)).await;
    assert!(words.ends_with("Connection refused (os error 111); is it running there?"), "{words}");
}
