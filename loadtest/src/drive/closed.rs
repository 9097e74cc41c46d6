//! A closed loop: so many clients, each with one request at a time.

use super::Shared;

/// Starts the clients; each ends when there is nothing more to send.
pub(super) fn start(shared: &Shared, clients: usize) {
    for _ in 0..clients {
        let shared = shared.clone();
        tokio::spawn(async move {
            while !shared.is_over() {
                let session = shared.workload.lock().next();
                if !shared.converse(session, None).await {
                    break;
                }
            }
        });
    }
}
