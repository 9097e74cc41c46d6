//! What a distribution of lengths has to be.

use super::Findings;
use crate::scenario::{Lengths, Spread};

/// Lengths of 1 to `most`.
pub(super) fn check(findings: &mut Findings, key: &str, lengths: &Lengths, most: u32) {
    let spread = match lengths {
        Lengths::Fixed(length) => {
            let is = (1..=most).contains(length);
            return findings.need(is, key, length, format!("1 to {most}"));
        }
        Lengths::Spread(spread) => spread,
    };
    match spread {
        Spread::Uniform { min, max } => bounds(findings, key, *min, *max, most),
        Spread::Normal { mean, stddev, min, max } => {
            bounds(findings, key, *min, *max, most);
            at_least_0(findings, key, "mean", *mean);
            at_least_0(findings, key, "stddev", *stddev);
        }
        Spread::LogNormal { median, sigma, min, max } => {
            bounds(findings, key, *min, *max, most);
            let is = *median > 0.0 && median.is_finite();
            findings.need(is, format!("{key}.median"), median, "a number above 0");
            let is = (0.0..=10.0).contains(sigma);
            findings.need(is, format!("{key}.sigma"), sigma, "0 to 10");
        }
        Spread::Choice { values, weights } => choice(findings, key, values, weights, most),
    }
}

fn bounds(findings: &mut Findings, key: &str, min: u32, max: u32, most: u32) {
    findings.need((1..=most).contains(&min), format!("{key}.min"), min, format!("1 to {most}"));
    findings.need((1..=most).contains(&max), format!("{key}.max"), max, format!("1 to {most}"));
    findings.need(
        min <= max,
        format!("{key}.min"),
        min,
        format!("at most {key}.max, which is {max}"),
    );
}

fn at_least_0(findings: &mut Findings, key: &str, name: &str, number: f64) {
    let is = number >= 0.0 && number.is_finite();
    findings.need(is, format!("{key}.{name}"), number, "a number, 0 or more");
}

fn choice(findings: &mut Findings, key: &str, values: &[u32], weights: &[f64], most: u32) {
    findings.need_of(!values.is_empty(), format!("{key}.values"), "at least one");
    for (index, value) in values.iter().enumerate() {
        let is = (1..=most).contains(value);
        findings.need(is, format!("{key}.values.{index}"), value, format!("1 to {most}"));
    }
    let is = weights.is_empty() || weights.len() == values.len();
    let expected = format!("as many as values, {}, or none", values.len());
    findings.need_of(is, format!("{key}.weights"), expected);
    if !weights.is_empty() {
        check_weights(findings, &format!("{key}.weights"), weights.iter().copied());
    }
}

/// Weights of a choice: none negative, not all 0.
pub(super) fn check_weights(
    findings: &mut Findings,
    key: &str,
    weights: impl Iterator<Item = f64>,
) {
    let mut sum = 0.0;
    for (index, weight) in weights.enumerate() {
        let is = weight >= 0.0 && weight.is_finite();
        findings.need(is, format!("{key}.{index}"), weight, "a weight, 0 or more");
        sum += weight;
    }
    // What is not a number has been said above.
    findings.need(sum != 0.0, key, "weights that sum to 0", "one that is more");
}
