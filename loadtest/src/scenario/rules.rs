//! What a scenario has to be, beyond its types.

mod lengths;
mod load;
mod request;

use std::fmt;

use super::{Load, Problem, Scenario, ScenarioError, Search};
use weir_daemon::config::Span;

/// So many requests, in a run or before it.
const MOST_REQUESTS: u64 = 10_000_000;
/// Names are for lists.
const MOST_NAME: usize = 128;

/// A value that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Such as `load.rate`.
    pub(super) key: String,
    found: Option<String>,
    expected: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, found, expected } = self;
        match found {
            Some(found) => write!(f, "{key} = {found}: expected {expected}"),
            None => write!(f, "{key}: expected {expected}"),
        }
    }
}

/// Everything that is wrong.
#[derive(Debug, Default)]
struct Findings(Vec<Wrong>);

impl Findings {
    /// `key` has to be so: `expected` ends the sentence "expected …".
    fn need(
        &mut self,
        is: bool,
        key: impl Into<String>,
        found: impl fmt::Display,
        expected: impl Into<String>,
    ) {
        if !is {
            let found = Some(found.to_string());
            self.0.push(Wrong { key: key.into(), found, expected: expected.into() });
        }
    }

    /// The same where the value is not to be shown, or is a table.
    fn need_of(&mut self, is: bool, key: impl Into<String>, expected: impl Into<String>) {
        if !is {
            self.0.push(Wrong { key: key.into(), found: None, expected: expected.into() });
        }
    }
}

impl Scenario {
    /// Whether it can be run, once flags are applied.
    ///
    /// # Errors
    /// All that is wrong, a line each, with keys as a file writes them.
    pub(crate) fn validate(&self) -> Result<(), ScenarioError> {
        let mut wrong = self.wrong_values();
        let ends = self.requests.is_some() || self.duration.is_some() || self.search.is_some();
        if !ends && matches!(self.load, Load::Closed { .. } | Load::Open { .. }) {
            let expected = "requests, duration or both (--requests, --duration): when does it end?";
            wrong.push(Wrong {
                key: "requests".to_owned(),
                found: None,
                expected: expected.to_owned(),
            });
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(ScenarioError::Wrong(wrong.iter().map(|one| Problem::new(one.to_string())).collect()))
    }

    /// Values that no flag could make right by being added.
    pub(super) fn wrong_values(&self) -> Vec<Wrong> {
        let mut findings = Findings::default();
        self.check_frame(&mut findings);
        load::check(self, &mut findings);
        request::check(self, &mut findings);
        self.check_slo(&mut findings);
        if let Some(search) = &self.search {
            self.check_search(search, &mut findings);
        }
        findings.0
    }

    fn check_frame(&self, findings: &mut Findings) {
        let name =
            (1..=MOST_NAME).contains(&self.name.len()) && !self.name.contains(char::is_control);
        findings.need_of(name, "name", format!("1 to {MOST_NAME} bytes in one line"));
        let seed = i64::try_from(self.seed).is_ok();
        findings.need(
            seed,
            "seed",
            self.seed,
            format!("at most {}, as TOML writes numbers", i64::MAX),
        );
        if let Some(requests) = self.requests {
            let is = (1..=MOST_REQUESTS).contains(&requests);
            findings.need(is, "requests", requests, format!("1 to {MOST_REQUESTS}"));
        }
        let warm_up = self.warm_up <= MOST_REQUESTS;
        findings.need(warm_up, "warm_up", self.warm_up, format!("at most {MOST_REQUESTS}"));
        positive(findings, "duration", self.duration);
        positive(findings, "timeout", Some(self.timeout));
    }

    fn check_slo(&self, findings: &mut Findings) {
        for (key, span) in [
            ("slo.time_to_first_token", self.slo.time_to_first_token),
            ("slo.time_per_output_token", self.slo.time_per_output_token),
            ("slo.inter_token_latency", self.slo.inter_token_latency),
            ("slo.duration", self.slo.duration),
        ] {
            positive(findings, key, span);
        }
        if let Some(share) = self.slo.share {
            let is = share > 0.0 && share <= 1.0;
            findings.need(
                is,
                "slo.share",
                share,
                "a part of the requests, more than 0 and at most 1",
            );
        }
    }

    fn check_search(&self, search: &Search, findings: &mut Findings) {
        let Search { from, to, length, precision } = search;
        load::check_rate(findings, "search.from", *from);
        load::check_rate(findings, "search.to", *to);
        findings.need(
            from < to,
            "search.from",
            from,
            format!("less than search.to, which is {to}"),
        );
        positive(findings, "search.for", Some(*length));
        let is = (0.001..=1.0).contains(precision);
        findings.need(is, "search.precision", precision, "0.001 to 1 (0.05 is 5 %)");
        let open = matches!(self.load, Load::Open { .. });
        findings.need_of(open, "load.kind", "\"open\", since search looks for a rate");
        let slo = &self.slo;
        let spans = [
            slo.time_to_first_token,
            slo.time_per_output_token,
            slo.inter_token_latency,
            slo.duration,
        ];
        let measured = spans.iter().any(Option::is_some);
        findings.need_of(
            measured,
            "slo",
            "at least one time in it, since search asks whether a rate is good enough",
        );
        for (key, set) in
            [("requests", self.requests.is_some()), ("duration", self.duration.is_some())]
        {
            let expected = "nothing beside search: search.for says how long each rate is tried";
            findings.need_of(!set, key, expected);
        }
    }
}

fn positive(findings: &mut Findings, key: &str, span: Option<Span>) {
    if let Some(span) = span {
        findings.need(!span.duration().is_zero(), key, span, "more than 0");
    }
}

#[cfg(test)]
mod tests;
