//! The signals that end a run.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::EXIT_INTERRUPTED;
use crate::measure::Stop;

/// SIGINT, SIGTERM and SIGHUP (the terminal was closed), from now on.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next of them.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// A measurement's end at the first signal; the second one ends the program.
pub(crate) fn stop() -> io::Result<Stop> {
    let mut signals = Signals::new()?;
    let stop = Stop::new();
    let told = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        told.stop();
        signals.next().await;
        std::process::exit(i32::from(EXIT_INTERRUPTED));
    });
    Ok(stop)
}
