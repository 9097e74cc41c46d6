//! From a scenario's load to phases, one after another.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::record::Record;
use super::{MeasureError, Settings, Stop};
use crate::client::Client;
use crate::drive::{self, Pace, Phase};
use crate::report::Report;
use crate::scenario::{Arrivals, Load, Scenario, Search as Bounds, Stage, most_in_flight};
use crate::schedule::moments;
use crate::search::Search;
use crate::trace;
use crate::workload::Workload;

/// Part of the requests that has to be good enough in a search, unless the SLO says otherwise.
const SEARCH_SHARE: f64 = 0.99;
/// So many clients warm a target up whose load is not a number of clients.
const WARM_UP_CLIENTS: usize = 8;
/// From one second of the timeline to the next.
const TICK: Duration = Duration::from_secs(1);

/// Whoever sends the phases of a run.
pub(super) struct Phases<'a> {
    pub(super) client: Client,
    pub(super) workload: Arc<Mutex<Workload>>,
    pub(super) settings: &'a Settings,
    pub(super) stop: &'a Stop,
}

/// Requests that go before, and are not measured.
pub(super) async fn warm_up(client: &Client, workload: Workload, scenario: &Scenario, stop: &Stop) {
    if scenario.warm_up == 0 {
        return;
    }
    let clients = match &scenario.load {
        Load::Closed { concurrency } => *concurrency,
        Load::Open { .. } | Load::Trace { .. } | Load::Stages { .. } => WARM_UP_CLIENTS,
    };
    let phase = Phase {
        pace: Pace::Closed(clients),
        requests: Some(scenario.warm_up),
        duration: None,
        grace: Duration::ZERO,
    };
    let mut running = drive::drive(client, &Arc::new(Mutex::new(workload)), false, phase, stop);
    while running.next().await.is_some() {}
}

/// Whoever looks meanwhile.
type Seen<'a> = &'a mut (dyn FnMut(&Report) + Send);

impl Phases<'_> {
    /// All measured phases.
    pub(super) async fn load(
        &mut self,
        record: &mut Record,
        seen: Seen<'_>,
    ) -> Result<(), MeasureError> {
        let scenario = &self.settings.scenario;
        if let Some(bounds) = &scenario.search {
            self.search(bounds, record, seen).await;
            return Ok(());
        }
        match &scenario.load {
            Load::Closed { concurrency } => {
                self.phase(Pace::Closed(*concurrency), None, record, seen).await;
            }
            Load::Open { rate, arrivals, max_in_flight } => {
                let moments = moments(*rate, *arrivals, scenario.seed);
                let pace = Pace::Open { moments: Box::new(moments), most: *max_in_flight };
                self.phase(pace, None, record, seen).await;
            }
            Load::Trace { file, speed, max_in_flight } => {
                let speed = *speed;
                let moments =
                    trace::read(file)?.into_iter().map(move |line| line.at.div_f64(speed));
                let pace = Pace::Open { moments: Box::new(moments), most: *max_in_flight };
                self.phase(pace, None, record, seen).await;
            }
            Load::Stages { stages } => {
                for (number, stage) in stages.iter().enumerate() {
                    self.stage(number as u64, stage, record, seen).await;
                }
            }
        }
        Ok(())
    }

    async fn stage(&mut self, number: u64, stage: &Stage, record: &mut Record, seen: Seen<'_>) {
        let whole = stage.length.duration();
        let length = self.left(record).map_or(whole, |left| left.min(whole));
        if self.stop.is_stopped() || length.is_zero() || self.requests_left(record) == Some(0) {
            return;
        }
        let pace = match (stage.rate, stage.concurrency) {
            (Some(rate), _) => self.open(rate, number),
            // A scenario with neither has been refused.
            (None, clients) => Pace::Closed(clients.unwrap_or(1)),
        };
        record.begin_stage(stage.rate, stage.concurrency);
        self.phase(pace, Some(length), record, seen).await;
        record.end_stage(self.settings.scenario.slo.share);
    }

    /// Tries rates until the highest good one is found.
    async fn search(&mut self, bounds: &Bounds, record: &mut Record, seen: Seen<'_>) {
        let mut search = Search::new(bounds);
        let share = self.settings.scenario.slo.share.unwrap_or(SEARCH_SHARE);
        let mut number = 0;
        while let Some(rate) = search.next().filter(|_| !self.stop.is_stopped()) {
            let pace = self.open(rate, number);
            number += 1;
            record.begin_stage(Some(rate), None);
            self.phase(pace, Some(bounds.length.duration()), record, seen).await;
            let is_good = record.end_stage(Some(share)).unwrap_or(false);
            if !self.stop.is_stopped() {
                search.tried(rate, is_good);
            }
        }
        record.found(search.found());
    }

    /// Random moments, other ones for each stage; of the arrivals that the scenario's load has.
    fn open(&self, rate: f64, number: u64) -> Pace {
        let scenario = &self.settings.scenario;
        let (arrivals, most) = match scenario.load {
            Load::Open { arrivals, max_in_flight, .. } => (arrivals, max_in_flight),
            _ => (Arrivals::default(), most_in_flight()),
        };
        let moments = moments(rate, arrivals, scenario.seed.wrapping_add(number));
        Pace::Open { moments: Box::new(moments), most }
    }

    /// Of the requests that the scenario allows in all.
    fn requests_left(&self, record: &Record) -> Option<u64> {
        self.settings.scenario.requests.map(|most| most.saturating_sub(record.wanted()))
    }

    /// Of the time that the scenario allows in all.
    fn left(&self, record: &Record) -> Option<Duration> {
        let duration = self.settings.scenario.duration?;
        Some(duration.duration().saturating_sub(record.elapsed()))
    }

    /// One phase, recorded as it goes on. `length`: of a stage; else the scenario says how long.
    async fn phase(
        &mut self,
        pace: Pace,
        length: Option<Duration>,
        record: &mut Record,
        seen: Seen<'_>,
    ) {
        let scenario = &self.settings.scenario;
        let phase = Phase {
            pace,
            requests: self.requests_left(record),
            duration: length.or_else(|| scenario.duration.map(|duration| duration.duration())),
            grace: scenario.grace.duration(),
        };
        let capture = scenario.capture;
        let duration = phase.duration;
        record.begin(duration, self.client.live());
        let mut running = drive::drive(&self.client, &self.workload, capture, phase, self.stop);
        let mut ticks = interval_at(Instant::now() + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = running.next() => match event {
                    Some(event) => record.take(event),
                    None => return,
                },
                _ = ticks.tick() => {
                    record.second(self.client.live());
                    seen(&record.report());
                }
            }
        }
    }
}
