//! Why a push failed. In words, without the token and without a word of a prompt or an answer.

use std::io;
use std::path::PathBuf;

use reqwest::{StatusCode, Url};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error("reading Label Studio's token from {}: {source}", path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("{} holds no token: it has to be one line, as Label Studio shows it", path.display())]
    Token { path: PathBuf },
    #[error("making an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    #[error("Label Studio at {url}, {what}: {why}; is it running there?")]
    Unreachable { what: &'static str, url: Box<Url>, why: String },
    #[error("Label Studio at {url}, {what}: it answers {status}{why}")]
    Refused { what: &'static str, url: Box<Url>, status: StatusCode, why: String },
    #[error("Label Studio at {url}, {what}: {why}; is that Label Studio's address?")]
    Odd { what: &'static str, url: Box<Url>, why: String },
    #[error(
        "the title of a Label Studio project has 3 to 50 characters, not {length}; digits alone are its id"
    )]
    Title { length: usize },
    #[error(
        "several projects of Label Studio are called {title:?}: name the one that is meant by its id"
    )]
    SeveralProjects { title: String },
    #[error(
        "project {project} of Label Studio does not show what the tasks hold: its labeling configuration has no {missing}; \
         name a project that does not exist, and it is made"
    )]
    OtherConfiguration { project: u64, missing: &'static str },
    #[error("{why}; {there} of {all} tasks are there, push again for the rest")]
    Halfway { there: usize, all: usize, why: Box<Self> },
}

impl PushError {
    /// Says how far it came, if it came anywhere.
    pub(super) fn after(self, there: usize, all: usize) -> Self {
        if there == 0 { self } else { Self::Halfway { there, all, why: Box::new(self) } }
    }
}
