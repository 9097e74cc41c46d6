use super::measure::*;
use super::*;
use crate::cells::{JSON_1K_SATURATED, PACED_20, Work};
use crate::results::{Memory, made_up};

fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

fn spread(found: Option<Spread>, median: f64, least: f64, most: f64) {
    near(found.map(|it| it.median), median);
    near(found.map(|it| it.least), least);
    near(found.map(|it| it.most), most);
}

/// Microseconds of the processor per request, by round.
fn json(contender: Contender, rounds: &[(u32, f64)]) -> Vec<Sample> {
    let sample = |(round, each)| made_up::requests(JSON_1K_SATURATED, contender, round, each);
    rounds.iter().copied().map(sample).collect()
}

fn results(samples: impl IntoIterator<Item = Vec<Sample>>) -> Results {
    let samples = samples.into_iter().flatten().collect();
    Results { samples, ..made_up::results() }
}

#[test]
fn a_spread_is_of_all_values() {
    spread(Spread::of([3.0, 1.0, 2.0]), 2.0, 1.0, 3.0);
    spread(Spread::of([4.0, 1.0, 2.0, 8.0]), 3.0, 1.0, 8.0);
    spread(Spread::of([5.0]), 5.0, 5.0, 5.0);
    assert_eq!(Spread::of([]), None);
}

#[test]
fn contenders_are_compared_within_a_round() {
    // The machine slows down from round to round: medians of each would say 1.5.
    let results = results([
        json(Contender::Bare, &[(1, 100.0), (2, 200.0), (4, 400.0)]),
        json(Contender::Weir, &[(1, 110.0), (2, 300.0), (4, 400.0)]),
    ]);
    let rounds = Rounds::of(&results, JSON_1K_SATURATED);
    assert_eq!(rounds.count(), 3);
    spread(rounds.over(Contender::Weir, cpu_per_request), 300e-6, 110e-6, 400e-6);
    spread(rounds.ratio(Contender::Weir, Contender::Bare, cpu_per_request), 1.1, 1.0, 1.5);
    spread(rounds.added(Contender::Weir, Contender::Bare, cpu_per_request), 10e-6, 0.0, 100e-6);
    assert!(Rounds::of(&results, PACED_20).samples().next().is_none());
}

#[test]
fn a_round_that_one_of_them_lacks_is_not_compared() {
    let results = results([
        json(Contender::Bare, &[(1, 100.0), (3, 100.0)]),
        json(Contender::Weir, &[(1, 120.0), (2, 999.0), (3, 130.0)]),
    ]);
    let rounds = Rounds::of(&results, JSON_1K_SATURATED);
    spread(rounds.ratio(Contender::Weir, Contender::Bare, cpu_per_request), 1.25, 1.2, 1.3);
    assert_eq!(rounds.ratio(Contender::Weir, Contender::Nginx, cpu_per_request), None);
    assert_eq!(rounds.ratio(Contender::Nginx, Contender::Bare, cpu_per_request), None);
    assert_eq!(rounds.best_added(Contender::Weir, Contender::Nginx, latency_p50), None);
    assert_eq!(rounds.count(), 3);
}

#[test]
fn the_best_rounds_need_not_be_the_same() {
    let sample = |contender, round, p50| Sample {
        delay: made_up::quantiles(p50, 10.0 * p50),
        ..made_up::events(PACED_20, contender, round, 40.0)
    };
    // Something held the first one up in round 2: by that round alone the second one would be faster.
    let results = results([
        vec![sample(Contender::Bare, 1, 50.0), sample(Contender::Weir, 1, 58.0)],
        vec![sample(Contender::Bare, 2, 90.0), sample(Contender::Weir, 2, 53.0)],
        vec![sample(Contender::Bare, 3, 51.0), sample(Contender::Weir, 3, 57.0)],
    ]);
    let rounds = Rounds::of(&results, PACED_20);
    spread(rounds.added(Contender::Weir, Contender::Bare, delay_p50), 6e-6, -37e-6, 8e-6);
    near(rounds.best_added(Contender::Weir, Contender::Bare, delay_p50), 3e-6);
    near(rounds.best_added(Contender::Weir, Contender::Bare, delay_p99), 30e-6);
}

#[test]
fn without_a_proxy_there_is_no_processor_time_of_one() {
    let results =
        results([json(Contender::Direct, &[(1, 0.0)]), json(Contender::Weir, &[(1, 100.0)])]);
    let rounds = Rounds::of(&results, JSON_1K_SATURATED);
    assert_eq!(rounds.over(Contender::Direct, cpu_per_request), None);
    assert_eq!(rounds.ratio(Contender::Weir, Contender::Direct, cpu_per_request), None);
    let speed = rounds.ratio(Contender::Weir, Contender::Direct, requests_per_second);
    spread(speed, 1.0, 1.0, 1.0);
}

#[test]
fn a_sample_says_what_it_can() {
    let nothing = made_up::sample(PACED_20, Contender::Weir, 1);
    let silent: [fn(&Sample) -> Option<f64>; 9] = [
        cpu_per_request,
        cpu_per_event,
        reads_per_event,
        latency_p50,
        latency_p99,
        delay_p50,
        first_event_p50,
        memory_before,
        memory_after,
    ];
    for measure in silent {
        assert_eq!(measure(&nothing), None);
    }
    let mut some = made_up::events(PACED_20, Contender::Weir, 1, 40.0);
    near(
        cpu(&Work::Streams { streams: 1, interval: std::time::Duration::ZERO, events: None })(
            &some,
        ),
        40e-6,
    );
    (some.reads, some.seconds) = (900, 2.0);
    (some.generator_cpu_seconds, some.upstream_cpu_seconds) = (1.0, 0.5);
    near(reads_per_event(&some), 0.9);
    near(around(&some), 0.75);
    some.memory = Some(Memory { before: 1 << 20, open: 49 << 20, after: 2 << 20 });
    near(memory_per_stream(1_000)(&some), f64::from(48 << 20) / 1_000.0);
    near(memory_after(&some), f64::from(2 << 20));
}

#[test]
fn few_values_have_no_99th_percentile() {
    let few = |count| Sample {
        latency: made_up::quantiles(1.0, 2.0).map(|it| crate::results::Quantiles { count, ..it }),
        ..made_up::sample(JSON_1K_SATURATED, Contender::Weir, 1)
    };
    assert_eq!(latency_p99(&few(99)), None);
    near(latency_p99(&few(100)), 2e-6);
    near(latency_p50(&few(99)), 1e-6);
}
