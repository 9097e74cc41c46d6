//! How often a key may be used: `60/minute` are sixty at once, and then one each second.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

/// More would be a slip of the pen.
const MOST: u32 = 1_000_000;

/// The time that a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// `/second`
    Second,
    /// `/minute`
    Minute,
    /// `/hour`
    Hour,
    /// `/day`
    Day,
}

impl Per {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        })
    }
}

/// So many requests in such a time; as many may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    per: Per,
}

impl Rate {
    /// `None` for none, and for more than a million.
    pub fn new(count: u32, per: Per) -> Option<Self> {
        let count = NonZeroU32::new(count).filter(|count| count.get() <= MOST)?;
        Some(Self { count, per })
    }

    /// Reads `5/minute`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (count, per) = text.split_once('/')?;
        let per = Per::ALL.into_iter().find(|known| known.as_str() == per)?;
        let count = Some(count).filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()))?;
        Self::new(count.parse().ok()?, per)
    }

    /// The number and the time.
    pub(crate) fn in_time(self) -> (u32, Duration) {
        (self.count.get(), self.per.duration())
    }

    fn quota(self) -> Option<Quota> {
        let quota = Quota::with_period(self.per.duration() / self.count.get())?;
        Some(quota.allow_burst(self.count))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.per.as_str())
    }
}

/// What was used up of a rate.
pub(crate) struct Limiter<C: Clock = MonotonicClock> {
    pub(super) rate: Rate,
    /// `None` would be a rate without a time between two requests, which there is none.
    spent: Option<RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>>,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        Self::with_clock(rate, MonotonicClock)
    }
}

impl<C: Clock> Limiter<C> {
    fn with_clock(rate: Rate, clock: C) -> Self {
        let spent = rate.quota().map(|quota| RateLimiter::direct_with_clock(quota, clock));
        Self { rate, spent }
    }

    /// Counts a request, or says how long to wait for the next one that may come.
    pub(super) fn spend(&self) -> Result<(), Duration> {
        let Some(spent) = &self.spent else { return Ok(()) };
        spent.check().map_err(|until| until.wait_time_from(spent.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        for (text, count, per) in [
            ("1/second", 1, Per::Second),
            ("60/minute", 60, Per::Minute),
            ("5/hour", 5, Per::Hour),
            ("1000000/day", 1_000_000, Per::Day),
        ] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(Some(rate), Rate::new(count, per));
            assert_eq!(rate.to_string(), text);
            assert!(rate.quota().is_some());
        }
        for text in ["", "5", "/minute", "0/minute", "-1/hour", "+1/hour", "5/minutes", "5 /minute"]
        {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        for text in ["1000001/second", "99999999999/day", "1.5/second", "5/Minute", "5/minute/2"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        assert!(Rate::new(MOST, Per::Second).unwrap().quota().is_some());
    }

    #[test]
    fn as_many_as_allowed_at_once_and_then_one_after_the_other() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::with_clock(Rate::parse("5/minute").unwrap(), clock.clone());
        let burst = || (0..100).take_while(|_| limiter.spend().is_ok()).count();
        assert_eq!(burst(), 5);
        assert_eq!(limiter.spend(), Err(Duration::from_secs(12)));
        clock.advance(Duration::from_millis(11_001));
        assert_eq!(limiter.spend(), Err(Duration::from_millis(999)), "asking costs nothing");
        clock.advance(Duration::from_millis(999));
        assert_eq!(burst(), 1);
        clock.advance(Duration::from_secs(36));
        assert_eq!(burst(), 3);
        clock.advance(Duration::from_secs(86_400));
        assert_eq!(burst(), 5, "what is not used is not saved up");
    }

    #[test]
    fn many_threads_get_no_more() {
        let limiter = Limiter::new(Rate::parse("50/day").unwrap());
        let spent = std::thread::scope(|scope| {
            let spend = || (0..100).filter(|_| limiter.spend().is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(spend)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(spent, 50);
    }
}
