//! What a run has come to so far.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::Settings;
use super::second::Seconds;
use crate::client::Live;
use crate::drive::{Done, Event};
use crate::report::{
    Content, Environment, Found, MOST_CONTENTS, MOST_REQUESTS, Report, Request, RunStatus, SCHEMA,
    StageReport, Tester,
};
use crate::scenario::Slo;
use crate::tally::{Lag, Tally};

/// Different reasons why connections failed that are named.
const MOST_REASONS: usize = 3;

/// Everything that was measured.
pub(super) struct Record {
    /// Without figures.
    blank: Report,
    slo: Slo,
    start: Instant,
    /// When the last request ended.
    last: Instant,
    /// When the phase stops sending: a request that is cut in the grace after that takes no time from the others.
    closes: Option<Instant>,
    /// Requests of the phases before: each phase counts its own from 0.
    before: u64,
    all: Tally,
    models: BTreeMap<String, Tally>,
    stages: Vec<StageReport>,
    stage: Option<Stage>,
    search: Option<Found>,
    seconds: Seconds,
    requests: Vec<Request>,
    /// Requests that could have been kept.
    seen: u64,
    choice: ChaCha8Rng,
    contents: Vec<Content>,
    /// Contents that were not kept.
    contents_left_out: u64,
    keeps_contents: bool,
    reasons: BTreeMap<String, u64>,
}

/// A stage that goes on.
struct Stage {
    rate: Option<f64>,
    concurrency: Option<usize>,
    start: Instant,
    last: Instant,
    tally: Tally,
}

impl Record {
    pub(super) fn new(settings: &Settings) -> Self {
        let now = OffsetDateTime::now_utc();
        let start = Instant::now();
        Self {
            blank: blank(settings, now),
            slo: settings.scenario.slo.clone(),
            start,
            last: start,
            closes: None,
            before: 0,
            all: Tally::default(),
            models: BTreeMap::new(),
            stages: Vec::new(),
            stage: None,
            search: None,
            seconds: Seconds::new(),
            requests: Vec::new(),
            seen: 0,
            choice: ChaCha8Rng::seed_from_u64(settings.scenario.seed),
            contents: Vec::new(),
            contents_left_out: 0,
            keeps_contents: settings.scenario.capture,
            reasons: BTreeMap::new(),
        }
    }

    /// Requests that were sent, or would have been.
    pub(super) fn wanted(&self) -> u64 {
        self.all.wanted()
    }

    /// Since the first phase began.
    pub(super) fn elapsed(&self) -> Duration {
        if self.wanted() == 0 { Duration::ZERO } else { self.start.elapsed() }
    }

    /// A phase begins, which sends for so long. The first one is the start of the run.
    pub(super) fn begin(&mut self, duration: Option<Duration>, live: &Live) {
        self.closes = duration.and_then(|duration| Instant::now().checked_add(duration));
        self.before = self.all.wanted();
        if self.before == 0 {
            let now = OffsetDateTime::now_utc();
            self.start = Instant::now();
            self.last = self.start;
            self.blank.started_at = rfc3339(now);
            self.seconds.begin(live);
        }
    }

    pub(super) fn begin_stage(&mut self, rate: Option<f64>, concurrency: Option<usize>) {
        let now = Instant::now();
        let tally = Tally::default();
        self.stage = Some(Stage { rate, concurrency, start: now, last: now, tally });
    }

    /// Ends the stage; returns whether the SLO's share was met, where there is one.
    pub(super) fn end_stage(&mut self, share: Option<f64>) -> Option<bool> {
        let Stage { rate, concurrency, start, last, tally } = self.stage.take()?;
        let figures = tally.figures((last - start).as_secs_f64(), &self.slo);
        let good = share.map(|share| {
            // A rate at which nothing came in that time was not too much.
            let met = tally.wanted() == 0
                || figures.goodput.as_ref().is_some_and(|goodput| goodput.share >= share);
            // What was cut, or could not even be sent, was not good enough.
            met && figures.cut == 0 && figures.not_sent == 0
        });
        self.stages.push(StageReport { rate, concurrency, good, figures });
        good
    }

    pub(super) fn found(&mut self, found: Found) {
        self.search = Some(found);
    }

    /// Something has happened.
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Sent => self.tallies(Tally::send),
            Event::NotSent => self.tallies(Tally::leave_out),
            Event::Ended(done) => self.ended(*done),
        }
    }

    /// What is not yet known by model.
    fn tallies(&mut self, count: fn(&mut Tally)) {
        count(&mut self.all);
        if let Some(stage) = &mut self.stage {
            count(&mut stage.tally);
        }
    }

    fn ended(&mut self, mut done: Done) {
        done.number += self.before;
        let lag = done.scheduled.map(|at| Lag(done.sample.begun.saturating_duration_since(at)));
        self.all.add(&done.sample, lag, &self.slo);
        let in_time = |closes: Instant| done.sample.ended.min(closes);
        let ended = self.closes.filter(|_| done.sample.cut).map_or(done.sample.ended, in_time);
        let model = self.models.entry(done.model.clone()).or_default();
        model.send();
        model.add(&done.sample, lag, &self.slo);
        if let Some(stage) = &mut self.stage {
            stage.tally.add(&done.sample, lag, &self.slo);
            stage.last = stage.last.max(ended);
        }
        self.last = self.last.max(ended);
        if !done.sample.cut {
            if let Some(why) = &done.sample.why
                && (self.reasons.len() < MOST_REASONS || self.reasons.contains_key(why))
            {
                *self.reasons.entry(why.clone()).or_default() += 1;
            }
            self.seconds.add(&done.sample);
            self.keep(done);
        }
    }

    /// Keeps a request, and what was said in it. Of too many requests each is as likely to be kept as any other
    /// (Vitter's algorithm R).
    fn keep(&mut self, mut done: Done) {
        if let Some(text) = done.sample.text.take().filter(|_| self.keeps_contents) {
            if self.contents.len() < MOST_CONTENTS {
                self.contents.push(super::row::content(&mut done, text));
            } else {
                self.contents_left_out += 1;
            }
        }
        self.seen += 1;
        let stage = self.stage.as_ref().map(|_| self.stages.len());
        let row = || super::row::request(&done, self.start, stage, &self.slo);
        if self.requests.len() < MOST_REQUESTS {
            let row = row();
            self.requests.push(row);
            return;
        }
        let place = self.choice.random_range(0..self.seen) as usize;
        if place < MOST_REQUESTS {
            let row = row();
            if let Some(kept) = self.requests.get_mut(place) {
                *kept = row;
            }
        }
    }

    /// A second has passed.
    pub(super) fn second(&mut self, live: &Live) {
        self.seconds.end(self.start.elapsed(), &self.all, live);
    }

    /// The report so far, without the requests one by one.
    pub(super) fn report(&self) -> Report {
        let seconds = |last: Instant| (last - self.start).as_secs_f64();
        let figures = self.all.figures(seconds(Instant::now()), &self.slo);
        Report {
            written_at: rfc3339(OffsetDateTime::now_utc()),
            summary: figures,
            stages: self.stages.clone(),
            timeline: self.seconds.all().to_vec(),
            ..self.blank.clone()
        }
    }

    /// The whole report.
    pub(super) fn end(mut self, status: RunStatus) -> Report {
        let seconds = (self.last - self.start).as_secs_f64();
        let status = if self.all.succeeded() == 0 && status == RunStatus::Finished {
            RunStatus::Failed
        } else {
            status
        };
        let ended = OffsetDateTime::now_utc();
        self.requests.sort_by_key(|request| request.number);
        self.contents.sort_by_key(|content| content.request);
        let mut report = Report {
            status,
            ended_at: Some(rfc3339(ended)),
            written_at: rfc3339(ended),
            summary: self.all.figures(seconds, &self.slo),
            warnings: self.warnings(),
            stages: self.stages,
            search: self.search,
            timeline: self.seconds.into_all(),
            requests: self.requests,
            contents: self.contents,
            ..self.blank
        };
        if self.models.len() > 1 {
            let by_model = self.models.into_iter();
            let figures = by_model.map(|(model, tally)| (model, tally.figures(seconds, &self.slo)));
            report.models = figures.collect();
        }
        report
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<_> =
            self.reasons.iter().map(|(why, count)| format!("{count} requests: {why}.")).collect();
        if self.all.cut() > 0 {
            warnings.push(format!(
                "{} requests were cut at the end: latencies leave out what may have been the slowest.",
                self.all.cut()
            ));
        }
        if self.all.empty() > 0 {
            warnings.push(format!(
                "{} successes had no content, no usage and no finish_reason: is this the API that was meant?",
                self.all.empty()
            ));
        }
        if self.contents_left_out > 0 {
            warnings.push(format!(
                "{} prompts and answers were not kept: {MOST_CONTENTS} is the most.",
                self.contents_left_out
            ));
        }
        if self.seen > MOST_REQUESTS as u64 {
            warnings.push(format!(
                "Of {} requests {MOST_REQUESTS} are kept one by one; figures are of all.",
                self.seen
            ));
        }
        warnings
    }
}

/// A report without figures.
fn blank(settings: &Settings, now: OffsetDateTime) -> Report {
    let stamp = now.format(format_description!("[year][month][day]T[hour][minute][second]"));
    // A format of numbers does not fail.
    let stamp = stamp.unwrap_or_default();
    Report {
        schema: SCHEMA,
        id: format!("{stamp}-{:06x}", rand::random_range(0..1u32 << 24)),
        name: settings.name.clone(),
        status: RunStatus::Running,
        started_at: rfc3339(now),
        ended_at: None,
        written_at: rfc3339(now),
        target: crate::http::base(&settings.target).to_owned(),
        scenario: settings.scenario.clone(),
        environment: Environment {
            weir_version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: settings.labels.clone(),
            ..Environment::default()
        },
        summary: Tally::default().figures(0.0, &settings.scenario.slo),
        models: BTreeMap::new(),
        stages: Vec::new(),
        search: None,
        timeline: Vec::new(),
        gpus: None,
        proxy: None,
        tester: Tester::default(),
        warnings: Vec::new(),
        requests: Vec::new(),
        contents: Vec::new(),
    }
}

/// To the millisecond.
fn rfc3339(time: OffsetDateTime) -> String {
    let whole = time.replace_millisecond(time.millisecond()).unwrap_or(time);
    // A year of four digits always has a text.
    whole.format(&Rfc3339).unwrap_or_default()
}
