//! Two runs that were measured before. Pure.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::comparison::Row;
use super::metric::{METRICS, Metric, Of, Statistic, sorted};
use super::statistics::{difference_interval, mean, mean_draws, quantile_draws, share_draws};
use crate::report::{Report, Second};

/// The same two runs always come to the same.
const SEED: u64 = 20_261_122;
/// Of fewer seconds there is no interval of a rate.
const LEAST_SECONDS: usize = 5;

/// Every figure of both runs, with the interval of the difference: a bootstrap over each run's requests, or over its
/// seconds where the figure is a rate.
pub(super) fn rows(a: &Report, b: &Report) -> Vec<Row> {
    METRICS
        .iter()
        .map(|metric| {
            // Of its own for each figure: another one more would change none.
            let mut dice = ChaCha8Rng::seed_from_u64(SEED);
            let draws = [a, b].map(|report| draws(metric, report, &mut dice));
            let [drawn_a, drawn_b] = &draws;
            let interval = difference_interval(drawn_a, drawn_b);
            Row::new(metric, metric.value(a), metric.value(b), interval)
        })
        .collect()
}

/// What the figure would be in other samples of the same.
fn draws(metric: &Metric, report: &Report, dice: &mut ChaCha8Rng) -> Vec<f64> {
    match metric.of {
        Of::Requests(of, Statistic::Mean) => mean_draws(&sorted(report, of), dice),
        Of::Requests(of, Statistic::Quantile(share)) => {
            quantile_draws(&sorted(report, of), share, dice)
        }
        Of::Share(of) => {
            of(&report.summary).map_or_else(Vec::new, |(hits, all)| share_draws(hits, all, dice))
        }
        Of::Seconds(whole, second) => whole(&report.summary)
            .map_or_else(Vec::new, |whole| rate_draws(report, second, whole, dice)),
    }
}

/// The mean of the run's seconds, as large as `whole`, with their spread.
fn rate_draws(
    report: &Report,
    of: fn(&Second) -> u64,
    whole: f64,
    dice: &mut ChaCha8Rng,
) -> Vec<f64> {
    let seconds: Vec<f64> = report.timeline.iter().map(|second| of(second) as f64).collect();
    let Some(mean) = mean(&seconds).filter(|mean| *mean > 0.0 && seconds.len() >= LEAST_SECONDS)
    else {
        return Vec::new();
    };
    let mut draws = mean_draws(&seconds, dice);
    draws.iter_mut().for_each(|draw| *draw *= whole / mean);
    draws
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::comparison::Verdict;
    use crate::report::{Goodput, Request, TokenSum};
    use crate::store::sample;

    /// A run of `length` requests whose times are some tenths of a second, and `more` milliseconds.
    fn run(length: u64, more: f64) -> Report {
        let mut report = sample::report("20261122T140501-3fa9c2");
        let tenths = |number: u64| 0.1 + (number * 7919 % 1000) as f64 / 1e4;
        report.requests = (0..length)
            .map(|number| Request {
                time_to_first_token: Some(tenths(number) + more / 1e3),
                duration: 1.0 + tenths(number),
                ..sample::request(number)
            })
            .collect();
        let figures = &mut report.summary;
        figures.ended = length;
        figures.outcomes = [("success".to_owned(), length)].into();
        figures.requests_per_second = 10.0;
        figures.output_tokens = Some(TokenSum { total: 100, per_second: 99.0, estimated: 0 });
        report.timeline = (0..20)
            .map(|at| Second { succeeded: 9 + at % 3, output_tokens: 99, ..Second::default() })
            .collect();
        report
    }

    fn row<'a>(rows: &'a [Row], name: &str) -> &'a Row {
        rows.iter().find(|row| row.name == name).unwrap()
    }

    #[test]
    fn what_got_slower_is_seen_and_what_did_not_is_not() {
        let rows = rows(&run(400, 0.0), &run(400, 20.0));
        for name in ["mean", "p50", "p95", "p99"] {
            let row = row(&rows, &format!("time_to_first_token.{name}"));
            assert_eq!(row.verdict, Verdict::Worse, "{row:?}");
            let (low, high) = row.interval.unwrap();
            assert!(low <= 0.02 && 0.02 <= high, "{row:?}");
            assert!((row.difference.unwrap() - 0.02).abs() < 1e-9, "{row:?}");
        }
        for name in ["duration.p50", "requests_per_second", "success_rate"] {
            assert_eq!(row(&rows, name).verdict, Verdict::NoDifferenceSeen, "{name}");
        }
        // Each second had as many: there is no spread. No SLO: no goodput.
        assert_eq!(row(&rows, "output_tokens_per_second").interval, Some((0.0, 0.0)));
        assert_eq!(row(&rows, "goodput").verdict, Verdict::Unknown);
        assert_eq!(rows, super::rows(&run(400, 0.0), &run(400, 20.0)));
    }

    #[test]
    fn failures_lower_the_rate_of_success_not_the_times() {
        let mut worse = run(400, 0.0);
        for request in worse.requests.iter_mut().take(40) {
            request.outcome = "upstream_error".to_owned();
            request.duration = 99.0;
        }
        worse.summary.outcomes = [("success".to_owned(), 360)].into();
        worse.summary.goodput = Some(Goodput { requests: 300, ..Goodput::default() });
        let rows = rows(&run(400, 0.0), &worse);
        let success = row(&rows, "success_rate");
        assert_eq!((success.a, success.b), (Some(1.0), Some(0.9)));
        assert_eq!(success.verdict, Verdict::Worse);
        assert_eq!(row(&rows, "duration.p99").verdict, Verdict::NoDifferenceSeen);
        let goodput = row(&rows, "goodput");
        assert_eq!((goodput.a, goodput.b, goodput.interval), (None, Some(0.75), None));
    }

    #[test]
    fn a_few_requests_say_little() {
        let rows = rows(&run(4, 0.0), &run(4, 20.0));
        assert_eq!(row(&rows, "time_to_first_token.p50").verdict, Verdict::NoDifferenceSeen);
        // Of four, it is the slowest one: nobody knows how slow another one would have been.
        assert_eq!(row(&rows, "time_to_first_token.p99").verdict, Verdict::Unknown);
        assert_eq!(row(&rows, "time_to_first_token.p99").interval, None);
        let mut short = run(4, 0.0);
        short.timeline.truncate(4);
        let rows = super::rows(&short, &run(4, 0.0));
        assert_eq!(row(&rows, "requests_per_second").verdict, Verdict::Unknown);
    }
}
