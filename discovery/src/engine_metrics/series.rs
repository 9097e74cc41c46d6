//! Samples on their way into series: picked by name, their labels checked, everything bounded.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Reading};
use super::parse::Sample;
use super::passed_over::{PassedOver, Reason};
use super::table::{Family, Kind, Meaning, Part, Table};

/// Most samples of one engine that are exported: 80 ranks have fewer.
const MAX_KEPT: usize = 20_000;
/// Most models of one engine.
const MAX_MODELS: usize = 64;
/// Longest name of a model, in bytes.
const MAX_MODEL: usize = 256;
/// Most values of one label of one family.
const MAX_VALUES: usize = 16;
/// Longest value of any other label, in bytes.
const MAX_VALUE: usize = 64;
/// Engines without data parallelism, and those before 0.8.5, do not name it.
const FIRST_RANK: &str = "0";

/// What tells one series from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) family: usize,
    alias: usize,
    /// `model_name`, where the sample has one.
    pub(super) model: Option<String>,
    /// The data-parallel rank.
    pub(super) engine: String,
    /// Labels of its own, by index in the family's list.
    pub(super) own: Vec<(usize, String)>,
}

/// Series as they fill up.
#[derive(Debug)]
pub(super) struct Drafts {
    table: &'static Table,
    drafts: BTreeMap<Key, Draft>,
    models: BTreeSet<String>,
    /// Values that labels have, by family and index of the label.
    values: BTreeMap<(usize, usize), BTreeSet<String>>,
    kept: usize,
    /// Families of which there was no room for something.
    cut: BTreeSet<usize>,
    pub(super) passed_over: PassedOver,
}

impl Drafts {
    pub(super) fn new(table: &'static Table) -> Self {
        Self {
            table,
            drafts: BTreeMap::new(),
            models: BTreeSet::new(),
            values: BTreeMap::new(),
            kept: 0,
            cut: BTreeSet::new(),
            passed_over: PassedOver::default(),
        }
    }

    /// Takes what is of use.
    pub(super) fn take(&mut self, sample: &Sample<'_, '_>) {
        if let Err(reason) = self.try_take(sample) {
            self.passed_over.add(reason, 1);
        }
    }

    fn try_take(&mut self, sample: &Sample<'_, '_>) -> Result<(), Reason> {
        let (family, alias, part) = match self.table.meaning(sample.name) {
            Meaning::Known { family, alias, part } => (family, alias, part),
            Meaning::PassedOver => return Err(Reason::Listed),
            Meaning::Unknown => return Err(Reason::Unknown),
        };
        let key = self.key(family, alias, sample)?;
        let edge = sample.label("le").and_then(|edge| edge.parse().ok());
        if self.kept == MAX_KEPT {
            // A sum over half of the ranks would be a wrong one, and so would be half a histogram.
            self.cut.insert(family);
            return Err(Reason::Limit);
        }
        // Everything that is there counts, so that refused samples can't pile up either.
        self.kept += 1;
        let draft = self.drafts.entry(key).or_default();
        if part == Part::Bucket && edge.is_none() {
            draft.is_torn = true;
            return Err(Reason::Label);
        }
        if !draft.take(part, edge, sample.value) {
            return Err(Reason::Duplicate);
        }
        Ok(())
    }

    fn key(&mut self, family: usize, alias: usize, sample: &Sample<'_, '_>) -> Result<Key, Reason> {
        let engine = checked(sample.label("engine").unwrap_or(FIRST_RANK), MAX_VALUE)?.to_owned();
        let own = self.own(family, sample)?;
        let model = match sample.label("model_name") {
            Some(model) => Some(self.model(checked(model, MAX_MODEL)?)?),
            None => None,
        };
        Ok(Key { family, alias, model, engine, own })
    }

    fn model(&mut self, model: &str) -> Result<String, Reason> {
        bounded(&mut self.models, model, MAX_MODELS)?;
        Ok(model.to_owned())
    }

    fn own(
        &mut self,
        family: usize,
        sample: &Sample<'_, '_>,
    ) -> Result<Vec<(usize, String)>, Reason> {
        let Family { labels, kind, .. } = &self.table.families()[family];
        let mut own = Vec::with_capacity(labels.len());
        for (at, label) in labels.iter().enumerate() {
            let value = match sample.label(label.from()) {
                // Python's way to say that something is not known.
                None | Some("None") if *kind == Kind::Info => continue,
                None => return Err(Reason::Label),
                Some(value) => checked(value, MAX_VALUE)?,
            };
            bounded(self.values.entry((family, at)).or_default(), value, MAX_VALUES)?;
            own.push((at, value.to_owned()));
        }
        Ok(own)
    }

    /// What can be exported: of each family the newest name that has a series that can be.
    pub(super) fn finish(mut self) -> (BTreeMap<Key, Reading>, PassedOver) {
        let mut series: BTreeMap<Key, (Reading, usize)> = BTreeMap::new();
        let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
        let only = if self.models.len() == 1 { self.models.pop_first() } else { None };
        for (mut key, draft) in self.drafts {
            let samples = draft.samples();
            if self.cut.contains(&key.family) {
                self.passed_over.add(Reason::Limit, samples);
                continue;
            }
            let family = &self.table.families()[key.family];
            let divisor = family.aliases[key.alias].divisor;
            let Some(reading) = draft.reading(family.kind, divisor) else {
                self.passed_over.add(Reason::Value, samples);
                continue;
            };
            // By family and alias: the first one to come is the newest.
            if *newest.entry(key.family).or_insert(key.alias) != key.alias {
                self.passed_over.add(Reason::Superseded, samples);
                continue;
            }
            key.model = key.model.or_else(|| only.clone());
            if let Some((_, samples)) = series.insert(key, (reading, samples)) {
                self.passed_over.add(Reason::Duplicate, samples);
            }
        }
        let series = series.into_iter().map(|(key, (reading, _))| (key, reading)).collect();
        (series, self.passed_over)
    }
}

/// A label's value, if it is one that may be shown.
fn checked(value: &str, longest: usize) -> Result<&str, Reason> {
    match value.len() <= longest && !value.contains(char::is_control) {
        true => Ok(value),
        false => Err(Reason::Label),
    }
}

fn bounded(known: &mut BTreeSet<String>, value: &str, most: usize) -> Result<(), Reason> {
    if known.contains(value) {
        return Ok(());
    }
    if known.len() == most {
        return Err(Reason::Limit);
    }
    known.insert(value.to_owned());
    Ok(())
}
