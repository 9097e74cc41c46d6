//! Who else is asked about a run: the proxy before and after it, Prometheus after it, and whoever knows the engines.

use std::time::SystemTime;

use reqwest::{Client, Url};

use super::{RunError, chain};
use crate::beside::{self, Snapshot};
use crate::cli::RunArgs;
use crate::environment::environment;
use crate::gpus::gpus;
use crate::http;
use crate::measure::Settings;
use crate::prometheus::{Login, Prometheus};
use crate::report::{Environment, Report};

/// Those who are asked.
pub(super) struct Beside {
    client: Client,
    prometheus: Option<Prometheus>,
    proxy: Option<Url>,
    /// The proxy's address was given: that it does not answer is worth a word.
    is_named: bool,
}

/// What the proxy had counted before the run, or why that is not known.
pub(super) type Before = Option<Result<Snapshot, String>>;

impl Beside {
    pub(super) fn new(args: &RunArgs, settings: &Settings) -> Result<Self, RunError> {
        let client = http::client().build().map_err(RunError::Client)?;
        let flag = args.beside.proxy.as_deref();
        let login = Login::of_environment(|name| std::env::var_os(name))?;
        let prometheus = args.beside.prometheus.as_ref();
        Ok(Self {
            prometheus: prometheus
                .map(|url| Prometheus::new(client.clone(), url).with_login(login)),
            proxy: beside::address(flag, &settings.target)?,
            is_named: flag.is_some(),
            client,
        })
    }

    /// Where the run takes place.
    pub(super) async fn environment(&self, settings: &Settings, models: &[String]) -> Environment {
        let (key, labels) = (settings.key.as_ref(), settings.labels.clone());
        let prometheus = self.prometheus.as_ref();
        environment(&self.client, &settings.target, key, prometheus, models, labels).await
    }

    /// Asks the proxy before the first measured request.
    pub(super) async fn before(&self) -> Before {
        let taken = Snapshot::take(&self.client, self.proxy.as_ref()?).await;
        Some(taken.map_err(|error| chain(&error)))
    }

    /// Completes the report with what all of them say of the run.
    pub(super) async fn after(
        &self,
        before: Before,
        models: &[String],
        start: SystemTime,
        report: &mut Report,
    ) {
        let end = SystemTime::now();
        if let Some(prometheus) = &self.prometheus {
            let tokens = report.summary.output_tokens.as_ref().map(|sum| sum.total);
            match gpus(prometheus, start, end, models, tokens).await {
                Ok((gpus, warnings)) => {
                    report.gpus = gpus;
                    report.warnings.extend(warnings);
                }
                Err(error) => {
                    report.warnings.push(format!("No figures of GPUs: {}.", chain(&error)))
                }
            }
        }
        match self.proxy(before, models, report).await {
            Ok(proxy) => report.proxy = proxy,
            Err(why) if self.is_named => {
                report.warnings.push(format!("Nothing beside the load tester's figures: {why}."));
            }
            // Nobody said that there is a proxy.
            Err(_) => {}
        }
    }

    async fn proxy(
        &self,
        before: Before,
        models: &[String],
        report: &Report,
    ) -> Result<Option<crate::report::Beside>, String> {
        let (Some(url), Some(before)) = (&self.proxy, before) else { return Ok(None) };
        let before = before?;
        let sent = report.summary.sent;
        let after = Snapshot::settled(&self.client, url, &before, sent, models)
            .await
            .map_err(|error| chain(&error))?;
        let found = beside::beside(&before, &after, &report.summary, models, url.as_str());
        // At the usual address there may be the proxy of somebody else.
        Ok(Some(found).filter(|found| self.is_named || !found.rows.is_empty()))
    }
}
