//! How long nobody has asked for a model. It is told from the counters, look by look, so that a
//! request pays nothing for it and no clock is read here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::models::{Idler, ModelOrigin};

/// Requests of one model: how many have begun, and how many have ended.
pub(crate) type Traffic = (u64, u64);

/// What was seen of the names of one route at the last look.
#[derive(Default)]
pub(crate) struct Watch {
    seen: HashMap<Arc<str>, Seen>,
}

struct Seen {
    traffic: Traffic,
    /// The first look that found it idle, and it still is.
    since: Instant,
    /// How many listings the route had had by then.
    listings: u64,
}

impl Watch {
    /// Looks at the names that may be forgotten, and returns those that have been idle for `idle`,
    /// with their traffic. `listings` is how many the route has had so far.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        idle: Duration,
        listings: u64,
        names: Vec<(Idler, Traffic)>,
    ) -> Vec<(Arc<str>, Traffic)> {
        let mut before = std::mem::take(&mut self.seen);
        let mut idle_names = Vec::new();
        for (Idler { name, origin, listed }, traffic) in names {
            let (begun, ended) = traffic;
            let is_quiet = begun == ended && !listed;
            let seen = before.remove(&name).filter(|seen| seen.traffic == traffic && is_quiet);
            let seen = seen.unwrap_or(Seen { traffic, since: now, listings });
            // Only a later list can say that a model is gone: an upstream that can't be asked,
            // because it loads or is down, still has it.
            let is_gone = origin != ModelOrigin::Listed || seen.listings < listings;
            if is_quiet && is_gone && now.saturating_duration_since(seen.since) >= idle {
                idle_names.push((Arc::clone(&name), traffic));
            }
            self.seen.insert(name, seen);
        }
        idle_names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    /// Looks at one name; whether it has been idle for long enough.
    struct One {
        watch: Watch,
        began: Instant,
        origin: ModelOrigin,
        listings: u64,
    }

    impl One {
        fn new(origin: ModelOrigin) -> Self {
            Self { watch: Watch::default(), began: Instant::now(), origin, listings: 0 }
        }

        fn is_idle(&mut self, second: u64, traffic: Traffic, listed: bool) -> bool {
            let now = self.began + Duration::from_secs(second);
            let idler = Idler { name: "m".into(), origin: self.origin, listed };
            let names = vec![(idler, traffic)];
            !self.watch.look(now, IDLE, self.listings, names).is_empty()
        }
    }

    #[test]
    fn a_request_begins_the_time_anew() {
        let mut one = One::new(ModelOrigin::Earned);
        assert!(!one.is_idle(0, (1, 1), false), "the first look");
        assert!(!one.is_idle(59, (1, 1), false));
        assert!(!one.is_idle(60, (2, 2), false), "one has come and gone in between");
        assert!(!one.is_idle(119, (2, 2), false));
        assert!(one.is_idle(120, (2, 2), false));
    }

    #[test]
    fn a_request_under_way_holds_it_for_as_long_as_it_takes() {
        let mut one = One::new(ModelOrigin::Earned);
        for minute in 0..100 {
            assert!(!one.is_idle(60 * minute, (1, 0), false));
        }
        assert!(!one.is_idle(6_000, (1, 1), false), "it has ended");
        assert!(one.is_idle(6_060, (1, 1), false));
    }

    #[test]
    fn a_listed_name_stays_until_a_list_lacks_it() {
        let mut one = One::new(ModelOrigin::Listed);
        one.listings = 1;
        assert!(!one.is_idle(0, (0, 0), true));
        for minute in 1..100 {
            assert!(!one.is_idle(60 * minute, (0, 0), false), "nobody could be asked");
        }
        one.listings = 2;
        assert!(!one.is_idle(6_000, (0, 0), true), "it is still there");
        one.listings = 3;
        assert!(!one.is_idle(6_059, (0, 0), false));
        assert!(one.is_idle(6_060, (0, 0), false));
    }

    #[test]
    fn names_that_are_no_longer_known_are_no_longer_watched() {
        let mut one = One::new(ModelOrigin::Earned);
        one.is_idle(0, (1, 1), false);
        let now = one.began;
        assert!(one.watch.look(now, IDLE, 0, Vec::new()).is_empty());
        assert!(one.watch.seen.is_empty());
        assert!(!one.is_idle(1_000, (1, 1), false), "it is new again");
    }
}
