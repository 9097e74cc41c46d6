//! A thread that says when it is time. The runtime's timers go by whole milliseconds, which is too coarse for a
//! schedule.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// Moments since the start, ascending.
pub(crate) type Moments = Box<dyn Iterator<Item = Duration> + Send>;

/// So long before the moment it looks whether anybody still listens.
const LOOK: Duration = Duration::from_millis(100);

/// Sends each moment when it has come; those that are past at once. Ends after the last moment, at `closes`, or when
/// nobody listens.
pub(super) fn start(moments: Moments, closes: Option<Instant>) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let start = Instant::now();
    // Without a thread nothing is ever due: the phase ends at once, with nothing sent.
    let _thread = thread::Builder::new().name("pacer".to_owned()).spawn(move || {
        for moment in moments {
            let moment = start + moment;
            let is_over = closes.is_some_and(|closes| moment >= closes);
            if is_over || !wait(moment, &sender) || sender.send(moment).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Waits for a moment; returns whether anybody still listens.
fn wait(moment: Instant, sender: &mpsc::UnboundedSender<Instant>) -> bool {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        if sender.is_closed() {
            return false;
        }
        // Nobody unparks it; it may wake up early all the same.
        thread::park_timeout(left.min(LOOK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_moment_comes_early_and_none_after_the_end() {
        let moments = (1..).map(|n| Duration::from_millis(2 * n));
        let began = Instant::now();
        let mut due = start(Box::new(moments), Some(began + Duration::from_millis(21)));
        let mut last = began;
        let mut count = 0;
        while let Some(moment) = due.recv().await {
            assert!(moment <= Instant::now() && moment > last);
            last = moment;
            count += 1;
        }
        assert!((9..=10).contains(&count), "{count}");
    }

    #[tokio::test]
    async fn moments_that_are_past_come_at_once() {
        let mut due = start(Box::new(std::iter::repeat_n(Duration::ZERO, 3)), None);
        for _ in 0..3 {
            assert!(due.recv().await.is_some());
        }
        assert!(due.recv().await.is_none());
    }
}
