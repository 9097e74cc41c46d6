//! How a load is cut into rounds. Pure.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use weir_daemon::config::Span;

use crate::scenario::{Load, Scenario};

/// A round of a closed loop has so many requests of each client: with fewer there would not be as many at once as the
/// scenario says.
const LEAST_OF_CLIENT: u64 = 2;
/// And a round by time is at least so long.
const LEAST_TIME: Duration = Duration::from_secs(1);

/// What a round of this scenario is when there are so many; the reason, where it has no rounds.
pub(super) fn slice(scenario: &Scenario, rounds: usize) -> Result<Scenario, String> {
    let clients = match &scenario.load {
        _ if scenario.search.is_some() => return Err("a search".to_owned()),
        Load::Stages { .. } => return Err("a ramp".to_owned()),
        Load::Trace { .. } => return Err("a trace".to_owned()),
        Load::Closed { concurrency } => *concurrency as u64,
        Load::Open { .. } => 0,
    };
    let parts = u64::try_from(rounds).unwrap_or(u64::MAX).max(1);
    let requests = scenario
        .requests
        .map(|requests| requests.div_ceil(parts).max(clients.saturating_mul(LEAST_OF_CLIENT)));
    let duration = scenario.duration.map(|duration| match requests {
        // By number; the time only keeps a round from lasting forever.
        Some(_) => duration,
        None => {
            let part = duration.duration().as_millis() / u128::from(parts);
            let part = u64::try_from(part).unwrap_or(u64::MAX);
            Span::from_millis(part.max(LEAST_TIME.as_millis() as u64))
        }
    });
    // Contents would be kept nowhere.
    Ok(Scenario { requests, duration, capture: false, ..scenario.clone() })
}

/// The scenario of one round: other requests than in the rounds before, and warmed up only once.
pub(super) fn of_round(slice: &Scenario, seed: u64, round: usize) -> Scenario {
    Scenario {
        seed: seed.wrapping_add(round as u64),
        warm_up: if round == 0 { slice.warm_up } else { 0 },
        ..slice.clone()
    }
}

/// Which side is measured first in each round: by chance, and both as often, so that what the first one leaves behind
/// (a warm cache, a hot GPU) does not count for one side only.
pub(super) fn a_first(rounds: usize, seed: u64) -> Vec<bool> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let pair = |_| {
        let first = dice.random::<bool>();
        [first, !first]
    };
    (0..rounds.div_ceil(2)).flat_map(pair).take(rounds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(concurrency: usize, requests: Option<u64>, seconds: Option<u64>) -> Scenario {
        Scenario {
            load: Load::Closed { concurrency },
            requests,
            duration: seconds.map(Span::from_secs),
            warm_up: 3,
            capture: true,
            ..Scenario::default()
        }
    }

    #[test]
    fn a_round_is_a_part_but_no_other_load() {
        let cut = |scenario: &Scenario| {
            let slice = slice(scenario, 10).unwrap();
            assert!(!slice.capture);
            (slice.requests, slice.duration)
        };
        assert_eq!(cut(&closed(4, Some(1000), None)), (Some(100), None));
        assert_eq!(cut(&closed(4, Some(1001), None)), (Some(101), None));
        // 50 at once need more than 10 requests.
        assert_eq!(cut(&closed(50, Some(100), None)), (Some(100), None));
        let minute = Some(Span::from_secs(60));
        assert_eq!(cut(&closed(4, Some(1000), Some(60))), (Some(100), minute));
        assert_eq!(cut(&closed(4, None, Some(60))), (None, Some(Span::from_secs(6))));
        assert_eq!(cut(&closed(4, None, Some(5))), (None, Some(Span::from_secs(1))));
        let ramp = Scenario { load: Load::Stages { stages: vec![] }, ..Scenario::default() };
        assert_eq!(slice(&ramp, 10).unwrap_err(), "a ramp");
    }

    #[test]
    fn rounds_differ_in_their_seed_and_only_the_first_warms_up() {
        let slice = closed(4, Some(8), None);
        let rounds: Vec<_> = (0..3)
            .map(|round| of_round(&slice, 7, round))
            .map(|scenario| (scenario.seed, scenario.warm_up))
            .collect();
        assert_eq!(rounds, [(7, 3), (8, 0), (9, 0)]);
    }

    #[test]
    fn each_side_is_first_as_often() {
        let order = a_first(10, 1);
        assert_eq!(order.iter().filter(|first| **first).count(), 5);
        assert_eq!(order, a_first(10, 1));
        assert!((2..20).any(|seed| a_first(10, seed) != order));
        assert_eq!((a_first(3, 1).len(), a_first(0, 1).len()), (3, 0));
    }
}
