//! What outlives an initialisation of the driver's library: what was counted, and what the log has been
//! told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::fields::Field;
use super::mend::{Mend, Trouble};
use super::wrap::Unwrapped;
use crate::source::history::History;

/// Kept for as long as the exporter runs.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) history: Arc<History>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    unsupported: BTreeSet<&'static str>,
    mend: Mend,
    openings: u64,
    unwrapped: BTreeMap<(String, Field), Unwrapped>,
}

impl Kept {
    pub(super) fn new(history: &Arc<History>) -> Self {
        Self { history: Arc::clone(history), inner: Mutex::default() }
    }

    /// Another opening begins; its number.
    pub(super) fn opening(&self) -> u64 {
        let mut inner = self.inner.lock();
        inner.openings += 1;
        inner.openings
    }

    /// See [`Mend::is_due`].
    pub(super) fn is_due(&self, trouble: Trouble) -> bool {
        self.inner.lock().mend.is_due(Instant::now(), trouble)
    }

    /// Whether there is a call among these that is not supported and of which the log has not been told.
    pub(super) fn is_news(&self, unsupported: &BTreeSet<&'static str>) -> bool {
        let told = &mut self.inner.lock().unsupported;
        let news = !unsupported.is_subset(told);
        told.extend(unsupported);
        news
    }

    /// All bits of a counter of which the driver tells the lower 32. Of several openings, one that hung in
    /// the driver may come with an old value: only the newest counts.
    pub(super) fn unwrapped(
        &self,
        opening: u64,
        uuid: &str,
        field: Field,
        low: u32,
    ) -> Option<u64> {
        let mut inner = self.inner.lock();
        if inner.openings != opening {
            return None;
        }
        let key = (uuid.to_owned(), field);
        Some(inner.unwrapped.entry(key).or_default().next(low))
    }

    /// A GPU's counters may begin anew.
    pub(super) fn forget(&self, uuid: &str) {
        self.inner.lock().unwrapped.retain(|(of, _), _| of != uuid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_once_of_what_is_not_supported() {
        let kept = Kept::default();
        let is_news = |calls: &[&'static str]| kept.is_news(&calls.iter().copied().collect());
        assert!(!is_news(&[]));
        assert!(is_news(&["a"]));
        assert!(!is_news(&["a"]));
        assert!(!is_news(&[]), "all GPUs are lost");
        assert!(is_news(&["a", "b"]));
        assert!(!is_news(&["b"]));
    }

    #[test]
    fn only_the_newest_opening_counts_on_and_a_gpu_that_was_lost_begins_anew() {
        let kept = Kept::default();
        let (old, new) = (kept.opening(), kept.opening());
        let next = |opening, low| kept.unwrapped(opening, "GPU-a", Field::PcieTransmitted, low);
        assert_eq!(next(new, 7), Some(7));
        assert_eq!(next(old, 5), None);
        assert_eq!(next(new, 6), Some((1 << 32) + 6));
        kept.forget("GPU-a");
        assert_eq!(next(new, 3), Some(3));
    }
}
