//! An engine's own metrics, under one set of names whatever its version.
//!
//! A page is read wholly or not at all (`parse`), its samples are picked by the table of names
//! (`table.json`) and become series (`series`), and those go into the exporter's families. Unknown metrics
//! are passed over and counted.

mod draft;
mod parse;
mod passed_over;
mod series;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use weir_families::{Families, Label};

use draft::Reading;
use series::{Drafts, Key};

pub use parse::{MAX_BODY, MAX_SAMPLES, ReadError};
pub use passed_over::{PassedOver, Reason};
pub use table::{Alias, Family, Kind, OwnLabel, PassedOverName, Table};

/// What a page of an engine says.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineMetrics {
    series: BTreeMap<Key, Reading>,
    passed_over: PassedOver,
}

/// Whose metrics they are: labels that all of them get.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// The container's name, or the one that was given by hand.
    pub container: &'a str,
    /// 64 hexadecimal digits; left out if it is empty.
    pub container_id: &'a str,
    /// The model, for pages that name none; left out if it is not known.
    pub model: Option<&'a str>,
    /// The engine's version, left out if it is not known.
    pub engine_version: Option<&'a str>,
}

impl EngineMetrics {
    /// Reads a page in text format 0.0.4 or, if the content type says so, OpenMetrics.
    ///
    /// # Errors
    /// If it can't be read to its end: nothing of it is believed then.
    pub fn read(body: &[u8], content_type: Option<&str>) -> Result<Self, ReadError> {
        let mut drafts = Drafts::new(Table::get());
        parse::parse(body, content_type, |sample| drafts.take(sample))?;
        let (series, passed_over) = drafts.finish();
        Ok(Self { series, passed_over })
    }

    /// Puts the series into the families.
    pub fn add(&self, families: &mut Families, of: &Labels<'_>) {
        let table = Table::get();
        // Where the page names several models, what it says without one is not about one of them.
        let fallback = of.model.filter(|_| self.models().is_empty());
        for (key, reading) in &self.series {
            let own = &table.families()[key.family].labels;
            let mut labels: Vec<Label<'_>> = vec![("container", of.container)];
            labels.extend(Some(("container_id", of.container_id)).filter(|(_, id)| !id.is_empty()));
            labels.extend(key.model.as_deref().or(fallback).map(|model| ("model", model)));
            labels.extend(of.engine_version.map(|version| ("engine_version", version)));
            labels.push(("engine", &key.engine));
            labels.extend(key.own.iter().map(|(at, value)| (own[*at].name, value.as_str())));
            let metric = table.metric(key.family);
            match reading {
                Reading::Number(value) => families.add(metric, &labels, *value),
                Reading::Histogram(observed) => families.add_histogram(metric, &labels, observed),
            }
        }
    }

    /// What of the page is not among the series.
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed_over
    }

    /// The models that it names.
    pub fn models(&self) -> BTreeSet<&str> {
        self.series.keys().filter_map(|key| key.model.as_deref()).collect()
    }

    /// Whether there is nothing of use in it, as from a vLLM with `--disable-log-stats`.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }
}
