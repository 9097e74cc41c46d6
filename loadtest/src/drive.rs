//! Sends requests at the moments that a load wants, and hands over what came of them.

mod closed;
mod open;
mod pacer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::answer::Text;
use crate::client::{Client, Sample};
use crate::measure::Stop;
use crate::workload::{Ask, Session, Workload};

pub(crate) use self::pacer::Moments;

/// A load of one kind.
pub(crate) enum Pace {
    /// So many clients, each with one request at a time.
    Closed(usize),
    /// Conversations begin at these moments; of more than so many requests at once, the rest is not sent.
    Open { moments: Moments, most: usize },
}

/// A part of a run: one load, and how long it is sent.
pub(crate) struct Phase {
    pub(crate) pace: Pace,
    pub(crate) requests: Option<u64>,
    pub(crate) duration: Option<Duration>,
    /// How long requests may go on after that.
    pub(crate) grace: Duration,
}

/// What happens in a phase.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request was begun.
    Sent,
    /// One was not, since too many were under way.
    NotSent,
    /// One has ended.
    Ended(Box<Done>),
}

/// A request that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    /// In the order of sending.
    pub(crate) number: u64,
    /// When an open loop wanted to begin it.
    pub(crate) scheduled: Option<Instant>,
    pub(crate) sample: Sample,
    pub(crate) model: String,
    pub(crate) turn: u32,
    pub(crate) prompt_number: u64,
    pub(crate) prompt: String,
}

/// What the tasks of a phase share.
#[derive(Clone)]
struct Shared {
    client: Client,
    workload: Arc<Mutex<Workload>>,
    capture: bool,
    requests: u64,
    /// Requests that were begun, and those that will be.
    claimed: Arc<AtomicU64>,
    /// No request is begun after that.
    closes: Option<Instant>,
    /// No request is begun any more.
    closed: Stop,
    /// Requests that are under way end now.
    cut: Stop,
    events: mpsc::UnboundedSender<Event>,
}

/// A phase that goes on. Dropping it cuts what is under way.
pub(crate) struct Running {
    events: mpsc::UnboundedReceiver<Event>,
    cut: Stop,
    end: JoinHandle<()>,
}

impl Running {
    /// What happens next; `None`: every request has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cut.stop();
        self.end.abort();
    }
}

/// Begins a phase. `stop` cuts what is under way.
pub(crate) fn drive(
    client: &Client,
    workload: &Arc<Mutex<Workload>>,
    capture: bool,
    phase: Phase,
    stop: &Stop,
) -> Running {
    let (events, receiver) = mpsc::unbounded_channel();
    let shared = Shared {
        client: client.clone(),
        workload: Arc::clone(workload),
        capture,
        requests: phase.requests.unwrap_or(u64::MAX),
        claimed: Arc::default(),
        closes: phase.duration.map(|duration| Instant::now() + duration),
        closed: Stop::new(),
        cut: Stop::new(),
        events,
    };
    let (closed, cut) = (shared.closed.clone(), shared.cut.clone());
    let end = tokio::spawn(end(shared.closes, phase.grace, stop.clone(), closed, cut));
    let running = Running { events: receiver, cut: shared.cut.clone(), end };
    match phase.pace {
        Pace::Closed(clients) => closed::start(&shared, clients),
        Pace::Open { moments, most } => open::start(shared, moments, most),
    }
    running
}

/// Closes when the time is up, and cuts when the grace is, too; both when somebody says stop.
async fn end(closes: Option<Instant>, grace: Duration, stop: Stop, closed: Stop, cut: Stop) {
    let time_is_up = async {
        match closes {
            Some(at) => {
                tokio::time::sleep_until(at.into()).await;
                closed.stop();
                tokio::time::sleep_until((at + grace).into()).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = time_is_up => {}
        () = stop.stopped() => {}
    }
    closed.stop();
    cut.stop();
}

impl Shared {
    /// Whether no request is to be begun any more, so that no conversation is made in vain.
    fn is_over(&self) -> bool {
        self.closed.is_stopped() || self.claimed.load(Ordering::Relaxed) >= self.requests
    }

    /// The number of the next request; `None`: there is to be none.
    fn claim(&self) -> Option<u64> {
        let late = self.closes.is_some_and(|closes| Instant::now() >= closes);
        if late || self.closed.is_stopped() {
            return None;
        }
        let number = self.claimed.fetch_add(1, Ordering::Relaxed);
        if number.saturating_add(1) >= self.requests {
            // Nobody waits for a pause, or for a moment, after which there is nothing left to send.
            self.closed.stop();
        }
        (number < self.requests).then_some(number)
    }

    /// All requests of a conversation, one after another; returns whether there may be another one.
    async fn converse(&self, mut session: Session, scheduled: Option<Instant>) -> bool {
        let mut answer: Option<Text> = None;
        let mut scheduled = scheduled;
        loop {
            let said = answer.as_ref().map(|text| text.answer.as_str());
            let Some(ask) = session.next(said) else { return true };
            if !self.pause(ask.pause).await {
                return false;
            }
            let Some(number) = self.claim() else { return false };
            let keep_text = self.capture || session.needs_answer();
            answer = self.ask(number, ask, keep_text, scheduled.take()).await;
        }
    }

    /// Whether there may be requests after so long.
    async fn pause(&self, pause: Duration) -> bool {
        if pause.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.closed.stopped() => false,
        }
    }

    /// One request; returns its answer's text if it succeeded and the text was kept.
    async fn ask(
        &self,
        number: u64,
        ask: Ask,
        keep_text: bool,
        scheduled: Option<Instant>,
    ) -> Option<Text> {
        // Nobody listens any more: the run is over.
        let _unheard = self.events.send(Event::Sent);
        let sample = self.client.send(&ask, keep_text, &self.cut).await;
        let succeeded = sample.outcome.kind.status() == weir_wire::Status::Success;
        let answer = sample.text.clone().filter(|_| succeeded && !sample.cut);
        let Ask { model, turn, prompt_number, prompt, .. } = ask;
        let done = Done { number, scheduled, sample, model, turn, prompt_number, prompt };
        let _unheard = self.events.send(Event::Ended(Box::new(done)));
        answer
    }
}
