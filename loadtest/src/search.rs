//! The search for the highest rate that is good enough. Pure.

use crate::report::Found;
use crate::scenario::Search as Bounds;

/// From one rate to the next while all were good.
const STEP: f64 = 2.0;

/// A search under way: twice as much until it is too much, then the middle, until both are close.
#[derive(Debug)]
pub(crate) struct Search {
    bounds: Bounds,
    good: Option<f64>,
    bad: Option<f64>,
}

impl Search {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self { bounds: bounds.clone(), good: None, bad: None }
    }

    /// The rate to try next; `None`: it is found.
    pub(crate) fn next(&self) -> Option<f64> {
        let Bounds { from, to, precision, .. } = self.bounds;
        match (self.good, self.bad) {
            (None, None) => Some(from),
            // Less than `from` is not looked for.
            (None, Some(_)) => None,
            (Some(good), None) => (good < to).then(|| (good * STEP).min(to)),
            // The middle of proportions: rates are compared by them.
            (Some(good), Some(bad)) => (bad / good > 1.0 + precision).then(|| (good * bad).sqrt()),
        }
    }

    /// A rate was tried.
    pub(crate) fn tried(&mut self, rate: f64, is_good: bool) {
        *(if is_good { &mut self.good } else { &mut self.bad }) = Some(rate);
    }

    pub(crate) fn found(&self) -> Found {
        Found { rate: self.good, too_much: self.bad }
    }
}

#[cfg(test)]
mod tests {
    use weir_daemon::config::Span;

    use super::*;

    /// The rates that are tried if up to `limit` all is good.
    fn tries(limit: f64, precision: f64) -> (Vec<f64>, Found) {
        let bounds = Bounds { from: 1.0, to: 64.0, length: Span::from_secs(1), precision };
        let mut search = Search::new(&bounds);
        let mut rates = Vec::new();
        while let Some(rate) = search.next() {
            rates.push(rate);
            search.tried(rate, rate <= limit);
            assert!(rates.len() < 100, "{rates:?}");
        }
        (rates, search.found())
    }

    #[test]
    fn it_doubles_and_then_halves() {
        let (rates, found) = tries(10.0, 0.3);
        assert_eq!(rates[..5], [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(rates.len(), 7);
        let (good, bad) = (found.rate.unwrap(), found.too_much.unwrap());
        assert!(good <= 10.0 && 10.0 < bad && bad / good <= 1.3, "{good} {bad}");
    }

    #[test]
    fn a_limit_out_of_bounds_is_said_as_such() {
        assert_eq!(tries(0.5, 0.05), (vec![1.0], Found { rate: None, too_much: Some(1.0) }));
        let (rates, found) = tries(1_000.0, 0.05);
        assert_eq!(rates, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
        assert_eq!(found, Found { rate: Some(64.0), too_much: None });
    }
}
