//! The end: live requests go on for a while, and what is left is cut and counted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::info;

use super::App;

/// How long tasks that are cut off have to let go.
const LETTING_GO: Duration = Duration::from_secs(2);

/// What became of the requests that were under way when the drain began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Those that ended by themselves.
    pub finished: usize,
    /// Those that were cut off when the time was up.
    pub cut: usize,
}

impl App {
    /// Takes no new connections, lets live requests end, cuts what is left when the time is up.
    /// An idle proxy ends at once.
    pub fn drain(self) -> Drained {
        self.drain_unless(std::future::pending())
    }

    /// Drains, and cuts what is left as soon as `hurry` is there.
    pub(super) fn drain_unless(self, hurry: impl Future<Output = ()>) -> Drained {
        let live = self.shared.in_flight();
        info!(requests_in_flight = live, "Draining.");
        self.draining.store(true, Ordering::SeqCst);
        // Receivers are gone only where nothing listens any more.
        let _nobody = self.stop.send(true);
        let in_time = self.aside.block_on(async {
            tokio::select! {
                // Nothing is cut that has ended.
                biased;
                () = self.shared.idle() => true,
                () = hurry => false,
                () = tokio::time::sleep(self.config.drain_grace) => false,
            }
        });
        let (cut, unread) =
            if in_time { (0, 0) } else { (self.shared.in_flight(), self.shared.unsent()) };
        self.shared.cut();
        drop((self.discovery, self.expiry));
        self.shared.polls.stop();
        self.workers.shutdown_timeout(LETTING_GO);
        self.aside.shutdown_background();
        self.shared.observers.end();
        self.admin.stop();
        let drained = Drained { finished: live.saturating_sub(cut), cut };
        info!(
            finished = drained.finished,
            cut = drained.cut,
            connections_with_unread_answers = unread,
            "Drained."
        );
        drained
    }
}
