//! An open loop: conversations begin at their own moments, whether or not others are still under way. A server that
//! falls behind is asked no less, and what waits for it is measured from the moment at which it should have been sent:
//! that is how coordinated omission is kept out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::pacer::{self, Moments};
use super::{Event, Shared};

/// Starts a conversation at each moment, until there are no more requests to send.
pub(super) fn start(shared: Shared, moments: Moments, most: usize) {
    tokio::spawn(async move {
        let mut due = pacer::start(moments, shared.closes);
        let mut begun = 0;
        // Conversations, from before their task has begun: a burst of moments may come at once.
        let under_way = Arc::new(AtomicUsize::new(0));
        loop {
            let moment = tokio::select! {
                moment = due.recv() => moment,
                () = shared.closed.stopped() => None,
            };
            let Some(moment) = moment.filter(|_| begun < shared.requests && !shared.is_over())
            else {
                return;
            };
            begun += 1;
            let session = shared.workload.lock().next();
            if under_way.load(Ordering::Relaxed) >= most {
                // It would have been one of those that were wanted.
                let _claimed = shared.claim();
                let _unheard = shared.events.send(Event::NotSent);
                continue;
            }
            let shared = shared.clone();
            let place = Arc::clone(&under_way);
            place.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                shared.converse(session, Some(moment)).await;
                place.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
}
