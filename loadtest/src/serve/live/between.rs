//! Figures between two scrapes of one exporter, as Prometheus would have them. Pure.

use std::collections::{BTreeMap, HashMap};

use weir_sim::{Histogram, Sample as Scraped, Scrape};

use super::figure::{Figure, Only, Series, What};
use crate::prometheus::Sample;

/// Two scrapes; without the earlier one, nothing is known of what grows.
pub(super) struct Between<'a> {
    pub(super) earlier: Option<&'a Scrape>,
    pub(super) later: &'a Scrape,
    /// From one to the other.
    pub(super) seconds: f64,
}

/// The values of the labels by which things are told apart.
type Key = Vec<String>;

impl Between<'_> {
    /// What a figure is, for each thing that `by` tells apart.
    pub(super) fn figure(&self, figure: &Figure, by: &[&str]) -> Vec<Sample> {
        match &figure.what {
            What::Sum(series) => samples(by, self.now(series, by, |one, other| one + other)),
            What::Max(series) | What::Yes(series) => {
                samples(by, self.now(series, by, |one, other| one.max(other)))
            }
            What::Ahead(first, second) => {
                let sum = |one, other| one + other;
                let seconds = self.now(second, by, sum);
                let ahead = |(key, first): (Key, f64)| {
                    let ahead = first - seconds.get(&key)?;
                    Some((key, ahead.max(0.0)))
                };
                samples(by, self.now(first, by, sum).into_iter().filter_map(ahead))
            }
            What::Label(series, label) => {
                let by = [by, &[label]].concat();
                samples(&by, self.now(series, &by, |one, _| one))
            }
            What::PerSecond(series) => {
                let per_second = |(key, growth)| Some((key, self.per_second(growth)?));
                samples(by, self.growth(series, "", by).into_iter().filter_map(per_second))
            }
            What::Share(part, whole) => {
                let parts = self.growth(part, "", by);
                let share = |(key, whole): (Key, f64)| {
                    let part = parts.get(&key).filter(|_| whole > 0.0)?;
                    Some((key, part / whole))
                };
                samples(by, self.growth(whole, "", by).into_iter().filter_map(share))
            }
            What::Quantile(series, quantile) => samples(by, self.quantiles(series, *quantile, by)),
        }
    }

    fn now(
        &self,
        series: &Series,
        by: &[&str],
        both: impl Fn(f64, f64) -> f64,
    ) -> BTreeMap<Key, f64> {
        let mut all: BTreeMap<Key, f64> = BTreeMap::new();
        for sample in wanted(self.later, series.name, series.only) {
            let value = all.entry(key(sample, by));
            value.and_modify(|sum| *sum = both(*sum, sample.value)).or_insert(sample.value);
        }
        all
    }

    /// How much counters grew. One that is new began at 0, one that is smaller began anew.
    fn growth(&self, series: &Series, suffix: &str, by: &[&str]) -> BTreeMap<Key, f64> {
        let mut all = BTreeMap::new();
        let Some(earlier) = self.earlier else { return all };
        let name = format!("{}{suffix}", series.name);
        let before: HashMap<_, _> = wanted(earlier, &name, series.only)
            .map(|sample| (sample.labels.as_slice(), sample.value))
            .collect();
        for sample in wanted(self.later, &name, series.only) {
            let before = before.get(sample.labels.as_slice()).copied();
            let before = before.filter(|before| *before <= sample.value).unwrap_or(0.0);
            *all.entry(key(sample, by)).or_insert(0.0) += sample.value - before;
        }
        all
    }

    fn per_second(&self, growth: f64) -> Option<f64> {
        (self.seconds > 0.0).then(|| growth / self.seconds)
    }

    fn quantiles(&self, histogram: &Series, quantile: f64, by: &[&str]) -> Vec<(Key, f64)> {
        let mut buckets: BTreeMap<Key, Vec<(f64, f64)>> = BTreeMap::new();
        for (mut key, count) in self.growth(histogram, "_bucket", &[by, &["le"]].concat()) {
            let edge = key.pop().and_then(|edge| edge.parse().ok());
            buckets.entry(key).or_default().extend(edge.map(|edge: f64| (edge, count)));
        }
        let quantile = |(key, mut buckets): (Key, Vec<(f64, f64)>)| {
            buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            let count = buckets.last().map_or(0.0, |(_, count)| *count);
            let histogram = Histogram { buckets, sum: f64::NAN, count };
            Some((key, histogram.quantile(quantile)?))
        };
        buckets.into_iter().filter_map(quantile).collect()
    }
}

fn wanted<'a>(
    scrape: &'a Scrape,
    name: &'a str,
    only: &'a [Only],
) -> impl Iterator<Item = &'a Scraped> {
    scrape.matching(name, &[]).filter(|sample| {
        only.iter().all(|only| match *only {
            Only::With(label, value) => sample.label(label) == Some(value),
            Only::Without(label, value) => sample.label(label) != Some(value),
        })
    })
}

fn key(sample: &Scraped, by: &[&str]) -> Key {
    by.iter().map(|label| sample.label(label).unwrap_or_default().to_owned()).collect()
}

fn samples(by: &[&str], values: impl IntoIterator<Item = (Key, f64)>) -> Vec<Sample> {
    let sample = |(key, value): (Key, f64)| {
        let labels = by.iter().map(|label| (*label).to_owned()).zip(key).collect();
        Sample { labels, value }
    };
    values.into_iter().map(sample).filter(|sample| sample.value.is_finite()).collect()
}

#[cfg(test)]
mod tests;
