//! Which part of the proxy's traffic is the load tester's, and how much of it was new.

use std::collections::BTreeSet;

use weir_sim::{Histogram, Sample, Scrape};

const ENDED: &str = "llm_requests_total";

/// Some of the proxy's traffic, before and after the run.
#[derive(Debug)]
pub(super) struct Traffic<'a> {
    part: Part<'a>,
    before: Scrape,
    after: Scrape,
    /// Whether requests for other models, which have no time to first byte of their own, came on the same routes.
    others: bool,
}

/// A part of the traffic.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    hop: &'static str,
    /// `None`: all of the hop's.
    route: Option<&'a str>,
    /// `None`: all, for a name that the proxy doesn't know is `other` to it.
    models: Option<&'a [String]>,
}

impl Part<'_> {
    /// What has no label of models, is of all.
    fn has(self, sample: &Sample) -> bool {
        sample.label("hop") == Some(self.hop)
            && self.route.is_none_or(|route| sample.label("route") == Some(route))
            && self.models.is_none_or(|models| {
                sample.label("model").is_none_or(|model| models.iter().any(|it| it == model))
            })
    }

    fn ended(self, before: &Scrape, after: &Scrape) -> u64 {
        let sum = |scrape: &Scrape| -> f64 {
            let samples = scrape.matching(ENDED, &[]).filter(|sample| self.has(sample));
            samples.map(|sample| sample.value).sum()
        };
        (sum(after) - sum(before)).round().max(0.0) as u64
    }
}

impl<'a> Traffic<'a> {
    /// The part with just `sent` new requests; if none has, the smallest with more, else the largest. `None`: there
    /// were no new requests at all.
    pub(super) fn find(
        before: &Scrape,
        after: &'a Scrape,
        sent: u64,
        models: &'a [String],
    ) -> Option<Self> {
        let counted = parts(after, models).map(|part| (part, part.ended(before, after)));
        let counted = counted.filter(|(_, ended)| *ended > 0);
        // The first of those that are as far off.
        let (part, _) = counted.min_by_key(|(_, ended)| (*ended < sent, ended.abs_diff(sent)))?;
        let any_model = Part { models: None, ..part };
        Some(Self {
            part,
            others: any_model.ended(before, after) != part.ended(before, after),
            before: before.only(|sample| part.has(sample)),
            after: after.only(|sample| part.has(sample)),
        })
    }

    /// Such as `hop edge`.
    pub(super) fn name(&self) -> String {
        let Part { hop, route, models } = self.part;
        let route = route.map_or_else(String::new, |route| format!(", route {route}"));
        let models = if models.is_none() { ", all models" } else { "" };
        format!("hop {hop}{route}{models}")
    }

    /// Whether these are `sent` requests, and nobody else's were under way before or after them.
    pub(super) fn is_all_of(&self, sent: u64) -> bool {
        self.ended() == sent as f64 && is_idle(&self.before) && is_idle(&self.after)
    }

    /// Requests that ended in between.
    pub(super) fn ended(&self) -> f64 {
        self.grown(ENDED, &[]).unwrap_or(0.0)
    }

    /// How much a counter grew; one that is new began at 0.
    pub(super) fn grown(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        Some(self.after.sum(name, labels)? - self.before.sum(name, labels).unwrap_or(0.0))
    }

    /// The outcomes that there are.
    pub(super) fn outcomes(&self) -> BTreeSet<String> {
        self.after.labels_of(ENDED, "outcome")
    }

    /// What was observed in between; `None` where that was nothing, or can't be told from others'.
    pub(super) fn histogram(&self, base: &str) -> Option<Histogram> {
        let mixed = self.others && base == "llm_time_to_first_byte_seconds";
        let after = self.after.histogram(base, &[]).filter(|_| !mixed)?;
        let new = match self.before.histogram(base, &[]) {
            Some(before) => after.since(&before),
            None => after,
        };
        (new.count > 0.0).then_some(new)
    }
}

/// Whether no request was under way.
pub(super) fn is_idle(scrape: &Scrape) -> bool {
    let sum = |name| scrape.sum(name, &[]).unwrap_or(0.0);
    sum("llm_requests_started_total") == sum(ENDED)
}

/// All parts that may be meant, the likeliest first.
fn parts<'a>(after: &'a Scrape, models: &'a [String]) -> impl Iterator<Item = Part<'a>> {
    let hops = ["edge", "engine"];
    let all = hops.map(|hop| Part { hop, route: None, models: Some(models) }).into_iter();
    let mut routes: Vec<_> = after
        .matching(ENDED, &[])
        .filter_map(|sample| {
            let hop = hops.into_iter().find(|hop| sample.label("hop") == Some(hop))?;
            Some((hop, sample.label("route")?))
        })
        .collect();
    routes.sort_unstable();
    routes.dedup();
    let each = routes.into_iter().map(move |(hop, route)| Part {
        hop,
        route: Some(route),
        models: Some(models),
    });
    let named: Vec<_> = all.chain(each).collect();
    let unnamed = named.clone().into_iter().map(|part| Part { models: None, ..part });
    named.into_iter().chain(unnamed)
}
