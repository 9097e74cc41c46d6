use super::*;
use crate::serve::live::figure::all;

const EARLIER: &str = "\
requests_total{model=\"a\",route=\"x\"} 10
requests_total{model=\"a\",route=\"y\"} 100
requests_total{model=\"a\",route=\"unrouted\"} 1
errors_total{model=\"a\"} 0
h_bucket{model=\"a\",le=\"1.0\"} 100
h_bucket{model=\"a\",le=\"2.0\"} 100
h_bucket{model=\"a\",le=\"+Inf\"} 100
";
const LATER: &str = "\
requests_total{model=\"a\",route=\"x\"} 30
requests_total{model=\"a\",route=\"y\"} 5
requests_total{model=\"a\",route=\"unrouted\"} 1000
requests_total{model=\"b\",route=\"x\"} 4
requests_total{model=\"idle\",route=\"x\"} 0
errors_total{model=\"a\"} 5
errors_total{model=\"idle\"} 0
h_bucket{model=\"a\",le=\"1.0\"} 100
h_bucket{model=\"a\",le=\"2.0\"} 104
h_bucket{model=\"a\",le=\"+Inf\"} 104
running{model=\"a\",engine=\"0\",name=\"A\"} 2
running{model=\"a\",engine=\"1\",name=\"A\"} 5
odd{model=\"a\"} NaN
";
const REQUESTS: Series =
    Series { name: "requests_total", only: &[Only::Without("route", "unrouted")] };

/// What a figure is by model.
fn by_model(what: What, earlier: Option<&str>) -> Vec<(String, f64)> {
    let parse = |text| Scrape::parse(text).unwrap();
    let (earlier, later) = (earlier.map(parse), parse(LATER));
    let between = Between { earlier: earlier.as_ref(), later: &later, seconds: 10.0 };
    let samples = between.figure(&Figure::new("f", what), &["model"]);
    samples.iter().map(|sample| (sample.label("model").to_owned(), sample.value)).collect()
}

fn pairs(of: &[(&str, f64)]) -> Vec<(String, f64)> {
    of.iter().map(|(model, value)| ((*model).to_owned(), *value)).collect()
}

#[test]
fn counters_that_are_new_or_began_anew_began_at_nothing() {
    let rates = by_model(What::PerSecond(REQUESTS), Some(EARLIER));
    // (30 − 10 + 5) / 10 s, 4 / 10 s.
    assert_eq!(rates, pairs(&[("a", 2.5), ("b", 0.4), ("idle", 0.0)]));
}

#[test]
fn nothing_is_known_of_growth_with_one_scrape() {
    assert_eq!(by_model(What::PerSecond(REQUESTS), None), []);
    assert_eq!(by_model(What::Quantile(all("h"), 0.5), None), []);
    assert_eq!(by_model(What::Max(all("running")), None), pairs(&[("a", 5.0)]));
}

#[test]
fn a_share_needs_a_whole_that_grew_and_a_part_that_is_known() {
    let shares = by_model(What::Share(all("errors_total"), REQUESTS), Some(EARLIER));
    assert_eq!(shares, pairs(&[("a", 0.2)]));
}

#[test]
fn quantiles_are_those_of_what_came_between() {
    assert_eq!(by_model(What::Quantile(all("h"), 0.5), Some(EARLIER)), pairs(&[("a", 1.5)]));
}

#[test]
fn gauges_are_added_up_or_compared_and_odd_ones_left_out() {
    assert_eq!(by_model(What::Sum(all("running")), None), pairs(&[("a", 7.0)]));
    assert_eq!(by_model(What::Yes(all("running")), None), pairs(&[("a", 5.0)]));
    assert_eq!(by_model(What::Sum(all("odd")), None), []);
    let later = Scrape::parse(LATER).unwrap();
    let between = Between { earlier: None, later: &later, seconds: 0.0 };
    let named = between.figure(&Figure::new("f", What::Label(all("running"), "name")), &["model"]);
    assert_eq!(named.iter().map(|named| named.label("name")).collect::<Vec<_>>(), ["A"]);
}

#[test]
fn what_has_begun_and_not_ended_is_never_less_than_nothing() {
    let ahead = What::Ahead(REQUESTS, all("errors_total"));
    assert_eq!(by_model(ahead, None), pairs(&[("a", 30.0), ("idle", 0.0)]));
    assert_eq!(by_model(What::Ahead(all("errors_total"), REQUESTS), None)[0].1, 0.0);
}
