//! The project that tasks go to: found by its id or title, made where there is none of that title.

use std::convert::Infallible;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::LABELING_CONFIG;
use super::api::Api;
use super::error::PushError;
use super::tasks::GOLD_STARS;

/// Which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Project {
    Id(u64),
    /// Made with [`LABELING_CONFIG`] if there is none.
    Title(String),
}

impl FromStr for Project {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Title(text.to_owned()), Self::Id))
    }
}

/// Of a project, as its API tells it.
#[derive(Deserialize)]
struct Known {
    id: u64,
    title: String,
    /// By the name of a control.
    parsed_label_config: Value,
}

/// A page of projects.
#[derive(Deserialize)]
struct Page {
    results: Vec<Known>,
    next: Option<String>,
}

/// Its id.
pub(super) async fn find_or_create(api: &Api, project: &Project) -> Result<u64, PushError> {
    let known = match project {
        Project::Id(id) => {
            api.get("looking for the project", &format!("api/projects/{id}"), &[]).await?
        }
        Project::Title(title) => match find(api, title).await? {
            Some(known) => known,
            None => return create(api, title).await,
        },
    };
    check(&known)?;
    Ok(known.id)
}

async fn find(api: &Api, title: &str) -> Result<Option<Known>, PushError> {
    let length = title.chars().count();
    if !(3..=50).contains(&length) {
        return Err(PushError::Title { length });
    }
    // It lets through all titles that contain this one. 100 is the longest page.
    let query =
        [("title", title), ("include", "id,title,parsed_label_config"), ("page_size", "100")];
    let page: Page = api.get("looking for the project", "api/projects", &query).await?;
    let mut known = page.results.into_iter().filter(|known| known.title == title);
    match (known.next(), known.next(), page.next) {
        (found, None, None) => Ok(found),
        _ => Err(PushError::SeveralProjects { title: title.to_owned() }),
    }
}

async fn create(api: &Api, title: &str) -> Result<u64, PushError> {
    #[derive(Deserialize)]
    struct Created {
        id: u64,
    }
    // A new annotation begins as this prediction; unless told, as some model's.
    let body = json!({
        "title": title,
        "description": "Answers of load tests, from weir-loadtest",
        "label_config": LABELING_CONFIG,
        "model_version": GOLD_STARS,
    });
    let created: Created = api.post("making a project", "api/projects", body.to_string()).await?;
    Ok(created.id)
}

/// Predictions that do not fit are taken without a word, and shown nowhere.
fn check(known: &Known) -> Result<(), PushError> {
    let has = |name: &str, kind: &str, to: &str| {
        let control = known.parsed_label_config.get(name);
        control.is_some_and(|control| control["type"] == kind && control["to_name"] == json!([to]))
    };
    let missing = match (has("rank", "Ranker", "answers"), has("answer", "TextArea", "prompt")) {
        (true, true) => return Ok(()),
        (false, _) => r#"<Ranker name="rank" toName="answers">"#,
        (true, false) => r#"<TextArea name="answer" toName="prompt">"#,
    };
    Err(PushError::OtherConfiguration { project: known.id, missing })
}
