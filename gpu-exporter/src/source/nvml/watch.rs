//! A thread that waits for XIDs: the driver tells each once, and nobody may ask for them later.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, SystemTime};

use super::history::{History, Watcher};
use super::library::{Events, Library};
use crate::backoff::Backoff;

/// After which the thread looks whether it is still wanted. Less than the back-off before a source is
/// opened again: NVML counts its users, and only begins anew when the last of them has gone.
const WAIT: Duration = Duration::from_millis(500);

/// The thread ends, when the driver lets it, after this has been dropped.
pub(super) struct Watch {
    _wanted: Sender<()>,
}

/// Counts into `history` from now on. `gpus`: their indices and UUIDs.
pub(super) fn watch(
    library: &Arc<Library>,
    gpus: Vec<(u32, String)>,
    history: &Arc<History>,
) -> Option<Watch> {
    let Some(watcher) = history.watcher() else {
        tracing::warn!(
            "Too many threads that wait for XIDs hang in the driver; XIDs are not counted."
        );
        return None;
    };
    let (wanted, still_wanted) = channel();
    let library = Arc::clone(library);
    let counting = move || count(&library, &gpus, &watcher, &still_wanted);
    match std::thread::Builder::new().name("weir-xid".to_owned()).spawn(counting) {
        Ok(_) => Some(Watch { _wanted: wanted }),
        Err(error) => {
            tracing::warn!(%error, "The thread that waits for XIDs cannot be started.");
            None
        }
    }
}

fn count(library: &Library, gpus: &[(u32, String)], watcher: &Watcher, wanted: &Receiver<()>) {
    let indices: Vec<u32> = gpus.iter().map(|(index, _)| *index).collect();
    let mut backoff = Backoff::new();
    loop {
        let error = match library.listen(&indices) {
            Ok(None) => return tracing::debug!("No GPU tells of XIDs."),
            Ok(Some(events)) => {
                match count_until_broken(&events, gpus, watcher, wanted, &mut backoff) {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        tracing::debug!(error, "Waiting for XIDs failed; it is tried again.");
        if wanted.recv_timeout(backoff.wait()) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

/// Fine if it is no longer wanted.
fn count_until_broken(
    events: &Events<'_>,
    gpus: &[(u32, String)],
    watcher: &Watcher,
    wanted: &Receiver<()>,
    backoff: &mut Backoff,
) -> Result<(), String> {
    while wanted.try_recv() != Err(TryRecvError::Disconnected) {
        if let Some((gpu, xid)) = events.wait(WAIT)? {
            backoff.reset();
            if let Some((_, uuid)) = gpus.iter().find(|(index, _)| *index == gpu) {
                match watcher.count(uuid, xid, SystemTime::now()) {
                    // Some come by the thousand: the log has the first of a kind, the metrics all.
                    Some(1) => tracing::warn!(gpu, uuid, xid, "The driver tells of an XID."),
                    count => tracing::debug!(gpu, uuid, xid, count, "The driver tells of an XID."),
                }
            }
        }
    }
    Ok(())
}
