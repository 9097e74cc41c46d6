//! A Label Studio of a few lines, which answers as a real one of version 1.23.2 was seen to.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) const LEGACY: &str = "0123456789abcdef0123456789abcdef01234567";
pub(super) const PERSONAL: &str = "header.payload.signature";
const ACCESS: &str = "header.access.signature";

/// What it holds.
#[derive(Default)]
pub(super) struct Held {
    /// As they were made; the id is the index and one.
    pub(super) projects: Vec<Value>,
    /// With their project.
    pub(super) tasks: Vec<(u64, Value)>,
    /// How many tasks each import had.
    pub(super) imports: Vec<usize>,
    /// Imports from this one on are answered so.
    pub(super) refuse: Option<(usize, StatusCode, Value)>,
    /// What is answered to whatever is asked.
    pub(super) always: Option<(StatusCode, String)>,
}

#[derive(Clone, Default)]
pub(super) struct Fake {
    pub(super) held: Arc<Mutex<Held>>,
}

type Answer = (StatusCode, String);

fn said(status: StatusCode, detail: &str) -> Answer {
    let body = json!({"id": "e7651190", "status_code": status.as_u16(), "version": "1.23.2", "detail": detail,
                      "exc_info": null});
    (status, body.to_string())
}

impl Fake {
    /// Where it listens.
    pub(super) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let api = Router::new()
            .route("/api/projects", get(projects).post(make))
            .route("/api/projects/{id}", get(project))
            .route("/api/projects/{id}/import", post(import))
            .route("/api/tasks", get(tasks))
            .layer(middleware::from_fn(authorized))
            .route("/api/token/refresh", post(refresh))
            .layer(middleware::from_fn_with_state(self.clone(), always))
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone());
        // Below a path, as behind somebody's reverse proxy.
        let all = Router::new().nest("/studio", api);
        tokio::spawn(async move { axum::serve(listener, all).await.unwrap() });
        address
    }
}

async fn always(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    let answer = fake.held.lock().always.clone();
    match answer {
        Some(answer) => answer.into_response(),
        None => next.run(request).await,
    }
}

async fn authorized(request: Request, next: Next) -> Response {
    let header = request.headers().get("authorization").map(|value| value.to_str().unwrap());
    let words = match header.and_then(|value| value.split_once(' ')) {
        Some(("Token", LEGACY)) | Some(("Bearer", ACCESS)) => return next.run(request).await,
        Some(("Token", _)) => "Invalid token.",
        _ => "Authentication credentials were not provided.",
    };
    said(StatusCode::UNAUTHORIZED, words).into_response()
}

async fn refresh(body: String) -> Answer {
    let body: Value = serde_json::from_str(&body).unwrap();
    if body["refresh"] == PERSONAL {
        (StatusCode::OK, json!({"access": ACCESS}).to_string())
    } else {
        said(StatusCode::UNAUTHORIZED, "Token is invalid")
    }
}

fn told(index: usize, project: &Value) -> Value {
    let config = project["label_config"].as_str().unwrap_or_default();
    let mut parsed = json!({});
    for (name, kind, to) in [("rank", "Ranker", "answers"), ("answer", "TextArea", "prompt")] {
        if config.contains(&format!("<{kind} name=\"{name}\" toName=\"{to}\"")) {
            parsed[name] = json!({"type": kind, "to_name": [to], "labels": []});
        }
    }
    json!({"id": index + 1, "title": project["title"], "parsed_label_config": parsed})
}

async fn projects(
    State(fake): State<Fake>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let wanted = query["title"].to_lowercase();
    let held = fake.held.lock();
    let contains =
        |project: &Value| project["title"].as_str().unwrap().to_lowercase().contains(&wanted);
    let found = held.projects.iter().enumerate().filter(|(_, project)| contains(project));
    let results: Vec<_> = found.map(|(index, project)| told(index, project)).collect();
    let page = json!({"count": results.len(), "next": null, "previous": null, "results": results});
    (StatusCode::OK, page.to_string())
}

async fn make(State(fake): State<Fake>, body: String) -> Answer {
    let mut held = fake.held.lock();
    held.projects.push(serde_json::from_str(&body).unwrap());
    let made = told(held.projects.len() - 1, held.projects.last().unwrap());
    (StatusCode::CREATED, made.to_string())
}

async fn project(State(fake): State<Fake>, Path(id): Path<usize>) -> Answer {
    match fake.held.lock().projects.get(id - 1) {
        Some(project) => (StatusCode::OK, told(id - 1, project).to_string()),
        None => said(StatusCode::NOT_FOUND, "No Project matches the given query."),
    }
}

async fn tasks(State(fake): State<Fake>, Query(query): Query<HashMap<String, String>>) -> Answer {
    let filters: Value = serde_json::from_str(&query["query"]).unwrap();
    let [filter] = filters["filters"]["items"].as_array().unwrap().as_slice() else {
        panic!("{filters}");
    };
    assert_eq!(
        (&filter["filter"], &filter["operator"]),
        (&json!("filter:tasks:data.task"), &json!("in_list"))
    );
    let keys = filter["value"].as_array().unwrap();
    let page_size: usize = query["page_size"].parse().unwrap();
    let project: u64 = query["project"].parse().unwrap();
    let held = fake.held.lock();
    let found = held
        .tasks
        .iter()
        .filter(|(of, task)| *of == project && keys.contains(&task["data"]["task"]));
    let found: Vec<_> =
        found.take(page_size).map(|(_, task)| json!({"data": task["data"]})).collect();
    (StatusCode::OK, json!({"total": found.len(), "tasks": found}).to_string())
}

async fn import(State(fake): State<Fake>, Path(id): Path<u64>, body: String) -> Answer {
    let mut held = fake.held.lock();
    let Value::Array(tasks) = serde_json::from_str(&body).unwrap() else { panic!("{body}") };
    if let Some((from, status, body)) = &held.refuse
        && held.imports.len() >= *from
    {
        return (*status, body.to_string());
    }
    held.imports.push(tasks.len());
    let answer = json!({"task_count": tasks.len(), "annotation_count": 0, "duration": 0.1});
    held.tasks.extend(tasks.into_iter().map(|task| (id, task)));
    (StatusCode::CREATED, answer.to_string())
}
