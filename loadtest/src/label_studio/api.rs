//! Label Studio's HTTP API, as far as it is needed (<https://api.labelstud.io>). Bounded in time and size.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::PushError;
use crate::healthcheck::innermost;
use crate::http;

/// Until it takes a connection, and for a whole answer: it takes in 20 MB of tasks in some 2 s.
const CONNECTING: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest answer, in bytes: some tasks in full.
const LONGEST: usize = 32 << 20;
/// So much of its own words goes into an error.
const MOST_WORDS: usize = 200;

/// A Label Studio that can be asked.
pub(super) struct Api {
    client: Client,
    /// With a slash at its end.
    root: Url,
    token_file: PathBuf,
    token: String,
    /// What goes with each request; none before [`Api::log_in`].
    authorization: Option<HeaderValue>,
}

impl Api {
    pub(super) fn new(url: &Url, token_file: &Path) -> Result<Self, PushError> {
        let mut root = url.clone();
        if !root.path().ends_with('/') {
            root.set_path(&format!("{}/", url.path()));
        }
        // Followed, a POST would become a GET.
        let client = http::client()
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .build()
            .map_err(PushError::Client)?;
        let token = read_token(token_file)?;
        let token_file = token_file.to_owned();
        Ok(Self { client, root, token_file, token, authorization: None })
    }

    /// A page below its root.
    pub(super) fn url(&self, path: &str) -> Result<Url, PushError> {
        self.root.join(path).map_err(|error| PushError::Odd {
            what: "finding a page",
            url: Box::new(self.root.clone()),
            why: error.to_string(),
        })
    }

    /// A personal access token is a JWT, and is exchanged for one of five minutes; a legacy token goes as it is.
    pub(super) async fn log_in(&mut self) -> Result<(), PushError> {
        #[derive(Deserialize)]
        struct Access {
            access: String,
        }
        let is_personal = self.token.split('.').count() == 3;
        let header = if is_personal {
            let body = json!({"refresh": self.token}).to_string();
            self.authorization = None;
            let Access { access } =
                self.post("exchanging the token", "api/token/refresh", body).await?;
            format!("Bearer {access}")
        } else {
            format!("Token {}", self.token)
        };
        let mut header = HeaderValue::try_from(header)
            .map_err(|_unprintable| PushError::Token { path: self.token_file.clone() })?;
        header.set_sensitive(true);
        self.authorization = Some(header);
        Ok(())
    }

    /// Which of these are `data.task` of a task of the project.
    pub(super) async fn there(
        &self,
        project: u64,
        keys: &[&str],
    ) -> Result<BTreeSet<String>, PushError> {
        #[derive(Deserialize)]
        struct Tasks {
            tasks: Vec<Task>,
        }
        #[derive(Deserialize)]
        struct Task {
            data: Map<String, Value>,
        }
        let filter = json!({"filters": {"conjunction": "and", "items": [
            {"filter": "filter:tasks:data.task", "operator": "in_list", "type": "List", "value": keys},
        ]}});
        let query = [
            ("project", project.to_string()),
            ("query", filter.to_string()),
            ("page_size", keys.len().to_string()),
        ];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let Tasks { tasks } = self.get("looking for tasks", "api/tasks", &query).await?;
        let key = |task: &Task| task.data.get("task")?.as_str().map(str::to_owned);
        Ok(tasks.iter().filter_map(key).collect())
    }

    /// Brings in tasks, each of them JSON.
    pub(super) async fn import(&self, project: u64, tasks: &[&str]) -> Result<(), PushError> {
        #[derive(Deserialize)]
        struct Imported {
            /// Absent where the import goes on after the answer (Label Studio Enterprise).
            task_count: Option<usize>,
        }
        const WHAT: &str = "importing tasks";
        let path = format!("api/projects/{project}/import");
        let body = format!("[{}]", tasks.join(","));
        let Imported { task_count } = self.post(WHAT, &path, body).await?;
        match task_count {
            Some(count) if count != tasks.len() => Err(PushError::Odd {
                what: WHAT,
                url: Box::new(self.root.clone()),
                why: format!("it took {count} of {}", tasks.len()),
            }),
            _ => Ok(()),
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, PushError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.ask(what, self.client.get(url)).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        body: String,
    ) -> Result<T, PushError> {
        let request = self.client.post(self.url(path)?).body(body);
        self.ask(what, request.header(CONTENT_TYPE, "application/json")).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        what: &'static str,
        mut request: RequestBuilder,
    ) -> Result<T, PushError> {
        let url = Box::new(self.root.clone());
        if let Some(header) = &self.authorization {
            request = request.header(AUTHORIZATION, header);
        }
        let unreachable = |error: reqwest::Error| PushError::Unreachable {
            what,
            url: url.clone(),
            why: innermost(&error),
        };
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LONGEST {
                let why = format!("the answer is longer than {LONGEST} bytes");
                return Err(PushError::Odd { what, url, why });
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            return Err(PushError::Refused { what, url, status, why: reason(status, &body) });
        }
        serde_json::from_slice(&body).map_err(|error| PushError::Odd {
            what,
            url,
            why: format!("the answer is not what it should be: {}", category(&error)),
        })
    }
}

fn read_token(path: &Path) -> Result<String, PushError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| PushError::TokenFile { path: path.to_owned(), source })?;
    let token = text.trim();
    let is_token =
        !token.is_empty() && token.len() <= 4096 && token.chars().all(|c| c.is_ascii_graphic());
    if is_token { Ok(token.to_owned()) } else { Err(PushError::Token { path: path.to_owned() }) }
}

/// Its own words, where they cannot hold what was sent: an error of the server or of a member may quote a task.
fn reason(status: StatusCode, body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Reason {
        detail: String,
        validation_errors: Map<String, Value>,
    }
    if status.is_redirection() {
        return ", which leads elsewhere: give the address that it leads to".to_owned();
    }
    if !status.is_client_error() {
        return String::new();
    }
    let Reason { detail, validation_errors } = serde_json::from_slice(body).unwrap_or_default();
    let members = validation_errors.keys().take(5).cloned().collect::<Vec<_>>().join(", ");
    let words = [detail, members].into_iter().filter(|words| !words.is_empty());
    let words: Vec<_> = words
        .map(|words| words.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect::<String>())
        .collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) }
}

/// What serde says may quote the answer.
fn category(error: &serde_json::Error) -> &'static str {
    if error.is_data() { "a member is missing or of another kind" } else { "no whole JSON" }
}
