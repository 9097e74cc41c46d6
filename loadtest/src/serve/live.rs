//! Live figures of GPUs, engines and the proxy: from Prometheus where there is one, else straight from the exporters.
//! Nobody is asked while nobody looks, and however many look, each source is asked once a second at most.

mod between;
mod exporter;
mod feed;
mod figure;
mod hop;
mod row;
mod tables;

use reqwest::{Client, Url};
use serde_json::Value;

use self::exporter::Exporter;
use self::feed::{Feed, From};
use crate::prometheus::{Login, Prometheus};

/// Where figures come from. `None` of an exporter: it is not asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sources {
    pub(super) prometheus: Option<Url>,
    /// Of Prometheus, if it asks for one.
    pub(super) login: Option<Login>,
    pub(super) gpu_exporter: Option<Url>,
    pub(super) discovery: Option<Url>,
    pub(super) proxy: Option<Url>,
}

/// The three lists of the live page.
pub(super) struct Live {
    gpus: Feed,
    engines: Feed,
    proxy: Feed,
}

/// An answer of the page's API.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// Anything is known; else only why not.
    pub(super) is_known: bool,
    pub(super) body: Value,
}

impl Live {
    pub(super) fn new(client: &Client, sources: &Sources) -> Self {
        let from = |key, exporter: &Option<Url>| match (&sources.prometheus, exporter) {
            (Some(url), _) => From::Prometheus(
                Prometheus::new(client.clone(), url).with_login(sources.login.clone()),
            ),
            (None, Some(url)) => From::Exporter(Exporter::new(client.clone(), url.clone())),
            (None, None) => From::Nobody(key),
        };
        Self {
            gpus: Feed::new(from("gpu_exporter", &sources.gpu_exporter), &tables::GPU),
            engines: Feed::new(from("discovery", &sources.discovery), &tables::ENGINES),
            proxy: Feed::new(from("proxy", &sources.proxy), &tables::PROXY),
        }
    }

    pub(super) async fn gpus(&self) -> Shown {
        self.gpus.shown().await.json(|_| {})
    }

    pub(super) async fn engines(&self) -> Shown {
        self.engines.shown().await.json(|_| {})
    }

    pub(super) async fn proxy(&self) -> Shown {
        self.proxy.shown().await.json(hop::prefer)
    }
}
