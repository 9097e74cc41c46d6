//! The requests of the edge that are under way, and what engines were asked for them.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;
use weir_ledger::{Crossing, HopAdded, HopResult};

use super::Seen;
use super::added::{added, is_buffered};
use crate::trace_context::SpanId;

/// Most requests of the edge that are looked for at engines at a time, about 300 bytes each.
const MOST: usize = 1 << 16;

/// The table. `T` is where the crossing of a request is told, which is handed back with it.
///
/// Only the edge makes entries, by a span that nobody outside can guess. An entry goes when its request has ended
/// and those that engines have of it, each of which does end.
pub(crate) struct HopJoin<T> {
    most: usize,
    under_way: Mutex<HashMap<SpanId, Requests<T>>>,
}

impl<T> Default for HopJoin<T> {
    fn default() -> Self {
        Self::of(MOST)
    }
}

/// A request of the edge and those that engines have of it.
struct Requests<T> {
    /// How often an engine was asked, and how many of these have not ended.
    attempts: u64,
    open: usize,
    /// When the head of the first of them was read.
    first: Option<Instant>,
    /// Of those that went well the last.
    answered: Option<Seen>,
    /// The request itself, once it has ended.
    edge: Option<(Seen, T)>,
}

impl<T> HopJoin<T> {
    /// With at most so many entries.
    pub(super) fn of(most: usize) -> Self {
        Self { most, under_way: Mutex::default() }
    }

    /// A request begins at the edge, as this span. `false` if there is no room for it.
    pub(crate) fn edge_began(&self, span: SpanId) -> bool {
        let mut under_way = self.under_way.lock();
        if under_way.len() >= self.most {
            return false;
        }
        let new = Requests { attempts: 0, open: 0, first: None, answered: None, edge: None };
        under_way.insert(span, new);
        true
    }

    /// An engine is asked, by whom this span names. `false` if that is no request of the edge that is under way;
    /// else [`engine_ended`](Self::engine_ended) has to follow.
    pub(crate) fn engine_began(&self, span: SpanId, at: Instant) -> bool {
        let mut under_way = self.under_way.lock();
        let Some(requests) = under_way.get_mut(&span) else { return false };
        requests.attempts += 1;
        requests.open += 1;
        requests.first = Some(requests.first.map_or(at, |first| first.min(at)));
        true
    }

    /// A request to an engine has ended. If it was the last that the edge's waited for, its crossing is known.
    pub(crate) fn engine_ended(&self, span: SpanId, seen: Seen) -> Option<(T, Crossing)> {
        let mut under_way = self.under_way.lock();
        let requests = under_way.get_mut(&span)?;
        requests.open = requests.open.saturating_sub(1);
        let is_later = |before: &Seen| before.began <= seen.began;
        if seen.went_well && requests.answered.as_ref().is_none_or(is_later) {
            requests.answered = Some(seen);
        }
        let is_over = requests.open == 0 && requests.edge.is_some();
        is_over.then(|| under_way.remove(&span)).flatten()?.crossing()
    }

    /// A request of the edge has ended. If no engine works on it any more, its crossing is known, else when the last
    /// of them has ended.
    pub(crate) fn edge_ended(&self, span: SpanId, seen: Seen, to: T) -> Option<(T, Crossing)> {
        let mut under_way = self.under_way.lock();
        let requests = under_way.get_mut(&span)?;
        requests.edge = Some((seen, to));
        let is_over = requests.open == 0;
        is_over.then(|| under_way.remove(&span)).flatten()?.crossing()
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.under_way.lock().len()
    }
}

impl<T> Requests<T> {
    fn crossing(self) -> Option<(T, Crossing)> {
        let (edge, to) = self.edge?;
        let result = match self.first {
            Some(_) => HopResult::Joined,
            None if edge.went_well => HopResult::Unjoined,
            None => HopResult::Failed,
        };
        let mut crossing = Crossing {
            result,
            attempts: self.attempts,
            added: HopAdded::default(),
            is_buffered: false,
        };
        if let (Some(first), Some(engine), true) = (self.first, &self.answered, edge.went_well) {
            crossing.added = added(&edge, first, engine);
            crossing.is_buffered = is_buffered(&edge, engine);
        }
        Some((to, crossing))
    }
}
