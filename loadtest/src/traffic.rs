//! `weir-loadtest traffic`: light mixed traffic, at its own pace, for as long as it is wanted.

mod counts;
mod target;

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use self::counts::Counts;
use self::target::Target;
use crate::cli::TrafficArgs;
use crate::key::KeyError;
use crate::order::{Deck, Dialect, Dice, Ended, Order, Pace, Recipient};
use crate::signals::Signals;

/// Where every run's random numbers begin.
const SEED: u64 = 9_801;
/// So many requests are under way at once, at most.
const MOST: usize = 64;
/// How often it is said what came of them.
const REPORT: Duration = Duration::from_secs(60);

/// How simulated engines are to answer: as a model of middling size.
const PACE: Pace = Pace {
    first_token: Duration::from_millis(60),
    per_prompt_token: Duration::from_micros(40),
    gap: Duration::from_millis(12),
    reasoning_tenths: 1,
};

/// Why there was no traffic.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrafficError {
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("nobody answered at {0}: nothing was sent")]
    Nobody(String),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

impl TrafficError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Key(_))
    }
}

/// Sends traffic until it is told to end, or its time is up.
pub(crate) async fn run(args: &TrafficArgs) -> Result<(), TrafficError> {
    let mut signals = Signals::new().map_err(TrafficError::Signals)?;
    let target = Target::new(&args.target, args.key_file.as_deref())?;
    let mut traffic = Traffic::new(target);
    let started = Instant::now();
    let time_is_up = async {
        match args.length {
            Some(length) => sleep_until(started + length).await,
            None => std::future::pending().await,
        }
    };
    let told = tokio::select! {
        () = signals.next() => true,
        () = time_is_up => false,
        never = traffic.flow(&args.models, args.rate) => match never {},
    };
    traffic.collect();
    let Traffic { counts, target, .. } = traffic;
    if counts.sent() == 0 && !told {
        return Err(TrafficError::Nobody(target.base().to_owned()));
    }
    let line = counts.line(started.elapsed());
    writeln!(io::stdout(), "{line}").map_err(TrafficError::Stdout)
}

/// The requests. Dropping it makes their clients leave.
struct Traffic {
    target: Target,
    deck: Deck,
    dice: Dice,
    under_way: JoinSet<Ended>,
    counts: Counts,
}

impl Traffic {
    fn new(target: Target) -> Self {
        Self {
            target,
            deck: Deck::calm(),
            dice: Dice::new(SEED),
            under_way: JoinSet::new(),
            counts: Counts::default(),
        }
    }

    /// Sends so many requests per second, each at its moment: those before it may take as long as they like.
    async fn flow(&mut self, models: &[String], rate: f64) -> Infallible {
        let pause = Duration::from_secs_f64(1.0 / rate);
        let began = Instant::now();
        let mut reports = interval(REPORT);
        reports.tick().await;
        self.target.wait().await;
        let base = self.target.base();
        say(&format!("Sending {rate} requests per second to {base}. Ctrl-C ends it."));
        let mut next = Instant::now();
        loop {
            // After a pause of the whole machine too, none are made up for.
            next = (next + self.dice.wait(pause)).max(Instant::now());
            loop {
                tokio::select! {
                    () = sleep_until(next) => break,
                    _ = reports.tick() => say(&self.counts.line(began.elapsed())),
                }
            }
            if !self.collect() && self.target.wait().await {
                say(&format!("Somebody is at {} again.", self.target.base()));
            }
            self.send(models);
        }
    }

    /// Counts the requests that have ended; returns whether somebody is at the target.
    fn collect(&mut self) -> bool {
        let mut is_there = true;
        while let Some(joined) = self.under_way.try_join_next() {
            // No client panics, and nobody aborts one.
            let Ok(ended) = joined else { continue };
            self.counts.add(ended);
            is_there &= ended != Ended::Unreachable;
        }
        is_there
    }

    /// Sends the next request, unless too many are under way.
    fn send(&mut self, models: &[String]) {
        if self.under_way.len() >= MOST {
            self.counts.leave_out();
            return;
        }
        let Some(model) = models.get(self.dice.below(models.len())) else { return };
        let recipient = Recipient { model, route: None, third: Dialect::Chat, pace: PACE };
        let order = Order::new(&recipient, self.deck.deal(&mut self.dice), &mut self.dice);
        let (client, base) = (self.target.client(), self.target.base().to_owned());
        self.counts.send();
        self.under_way.spawn(async move { order.play(&client, &base).await });
    }
}

/// A line for whoever looks; where nobody can, that is no reason to end.
fn say(line: &str) {
    let _unread = writeln!(io::stderr(), "{line}");
}
