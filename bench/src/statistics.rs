//! Figures over the good rounds of a cell. Contenders are compared within a round, where they had the same machine.

pub(crate) mod measure;

use crate::contender::Contender;
use crate::results::{Results, Sample};

/// A figure over rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` without a value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let upper = values.len() / 2;
        let lower = (values.len() - 1) / 2;
        Some(Self { median: f64::midpoint(values[lower], values[upper]), least, most })
    }
}

/// The good rounds of one cell.
#[derive(Clone, Debug)]
pub(crate) struct Rounds<'a> {
    samples: Vec<&'a Sample>,
}

impl<'a> Rounds<'a> {
    pub(crate) fn of(results: &'a Results, cell: &str) -> Self {
        Self { samples: results.samples.iter().filter(|sample| sample.cell == cell).collect() }
    }

    pub(crate) fn samples(&self) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().copied()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        let mut rounds: Vec<_> = self.samples.iter().map(|sample| sample.round).collect();
        rounds.sort_unstable();
        rounds.dedup();
        rounds.len()
    }

    pub(crate) fn over(
        &self,
        contender: Contender,
        measure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        Spread::of(self.contender(contender).filter_map(measure))
    }

    /// How many times what the reference has.
    pub(crate) fn ratio(
        &self,
        contender: Contender,
        reference: Contender,
        measure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        let pairs = self.pairs(contender, reference, measure);
        Spread::of(pairs.filter(|(_, reference)| *reference > 0.0).map(|(own, of)| own / of))
    }

    /// How much more than the reference has.
    pub(crate) fn added(
        &self,
        contender: Contender,
        reference: Contender,
        measure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        let pairs = self.pairs(contender, reference, measure);
        Spread::of(pairs.map(|(own, of)| own - of))
    }

    /// How much more its best round has than the reference's best. Not the least difference of a round: that is found
    /// where something else held the reference up.
    pub(crate) fn best_added(
        &self,
        contender: Contender,
        reference: Contender,
        measure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<f64> {
        let best = |contender| Some(self.over(contender, &measure)?.least);
        Some(best(contender)? - best(reference)?)
    }

    /// What both have, by rounds in which both have something.
    fn pairs(
        &self,
        contender: Contender,
        reference: Contender,
        measure: impl Fn(&Sample) -> Option<f64>,
    ) -> impl Iterator<Item = (f64, f64)> {
        self.contender(contender).filter_map(move |own| {
            let mut references = self.contender(reference);
            let reference = references.find(|sample| sample.round == own.round)?;
            Some((measure(own)?, measure(reference)?))
        })
    }

    fn contender(&self, contender: Contender) -> impl Iterator<Item = &'a Sample> {
        self.samples().filter(move |sample| sample.contender == contender)
    }
}

#[cfg(test)]
mod tests;
