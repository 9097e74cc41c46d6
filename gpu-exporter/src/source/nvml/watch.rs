//! A thread that waits for XIDs: the driver tells each once, and nobody may ask for them later.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant, SystemTime};

use super::library::{Events, Library, Listening};
use crate::backoff::Backoff;
use crate::source::history::{Ear, History, Watcher};

/// After which the thread looks whether it is still wanted.
const WAIT: Duration = Duration::from_millis(500);

/// The thread ends, when the driver lets it, after this has been dropped.
pub(super) struct Watch {
    wanted: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl Drop for Watch {
    /// NVML counts its users, and only begins anew when the last of them has gone: waits for the thread,
    /// but not for one that hangs.
    fn drop(&mut self) {
        self.wanted = None;
        let _gone_or_hangs = self.ended.recv_timeout(2 * WAIT);
    }
}

/// Counts into `history` from now on. `gpus`: their indices and UUIDs; who does not say it is lost.
pub(super) fn watch(
    library: &Arc<Library>,
    mut gpus: Vec<(u32, String)>,
    history: &Arc<History>,
) -> Option<Watch> {
    gpus.retain(|(_, uuid)| !uuid.is_empty());
    history.begin(gpus.iter().map(|(_, uuid)| uuid.as_str()));
    let Some(watcher) = history.watcher() else {
        deaf(
            &gpus,
            |uuid| history.set(uuid, Ear::Deaf),
            "too many threads that wait for them hang",
        );
        return None;
    };
    let (wanted, still_wanted) = channel();
    let (ends, ended) = channel::<()>();
    let (library, all) = (Arc::clone(library), gpus.clone());
    let counting = move || {
        Listener { library: &library, gpus, watcher, wanted: still_wanted }.run();
        drop(library);
        // Not before the library is let go.
        drop(ends);
    };
    match std::thread::Builder::new().name("weir-xid".to_owned()).spawn(counting) {
        Ok(_) => Some(Watch { wanted: Some(wanted), ended }),
        Err(error) => {
            deaf(&all, |uuid| history.set(uuid, Ear::Deaf), &error.to_string());
            None
        }
    }
}

/// One line for all of which that is news.
fn deaf(gpus: &[(u32, String)], set: impl Fn(&str) -> bool, why: &str) {
    let news: Vec<u32> =
        gpus.iter().filter(|(_, uuid)| set(uuid)).map(|(index, _)| *index).collect();
    if !news.is_empty() {
        tracing::warn!(gpus = ?news, why, "XIDs of these GPUs cannot be heard; it is tried again.");
    }
}

/// What the thread has.
struct Listener<'a> {
    library: &'a Library,
    gpus: Vec<(u32, String)>,
    watcher: Watcher,
    wanted: Receiver<()>,
}

/// Why waiting for events ended.
enum End {
    Unwanted,
    /// It is time to try again to listen to all.
    Again,
    Broken(String),
}

impl Listener<'_> {
    fn run(&self) {
        let indices: Vec<u32> = self.gpus.iter().map(|(index, _)| *index).collect();
        let (mut after_failure, mut for_the_deaf) = (Backoff::new(), Backoff::new());
        loop {
            let listening = self.library.listen(&indices);
            self.watcher.lives();
            self.note(&listening);
            let Listening { events, deaf, .. } = listening;
            if deaf.is_empty() {
                for_the_deaf.reset();
            }
            let retry = (!deaf.is_empty()).then(|| Instant::now() + for_the_deaf.wait());
            let Some(events) = events else {
                match retry {
                    None => return tracing::debug!("No GPU tells of XIDs."),
                    Some(at) if self.is_unwanted_before(at) => return,
                    Some(_) => continue,
                }
            };
            self.watcher.take_over();
            let mut heard = false;
            match self.count(&events, retry, &mut heard) {
                End::Unwanted => return,
                End::Again => {}
                // Of a set that worked until now, the others are listened to again at once.
                End::Broken(_) if heard => after_failure.reset(),
                End::Broken(why) => {
                    drop(events);
                    self.deafen(&self.gpus, &why);
                    if self.is_unwanted_before(Instant::now() + after_failure.wait()) {
                        return;
                    }
                }
            }
        }
    }

    /// What came of an attempt at listening.
    fn note(&self, listening: &Listening<'_>) {
        let is_deaf = |index: u32| listening.deaf.iter().any(|(deaf, _)| *deaf == index);
        let (cannot, others): (Vec<_>, Vec<_>) =
            self.gpus.iter().cloned().partition(|(index, _)| is_deaf(*index));
        if let Some((_, why)) = listening.deaf.first() {
            self.deafen(&cannot, why);
        }
        for (index, uuid) in others {
            let ear = if listening.never.contains(&index) { Ear::Never } else { Ear::Hears };
            if self.watcher.set(&uuid, ear) {
                tracing::debug!(gpu = index, ?ear, "Listening for XIDs.");
            }
        }
    }

    fn deafen(&self, gpus: &[(u32, String)], why: &str) {
        deaf(gpus, |uuid| self.watcher.set(uuid, Ear::Deaf), why);
    }

    /// Counts until there is a reason to stop. `heard`: the driver let it wait without an error.
    fn count(&self, events: &Events<'_>, retry: Option<Instant>, heard: &mut bool) -> End {
        while self.wanted.try_recv() != Err(TryRecvError::Disconnected) {
            let event = match events.wait(WAIT) {
                Ok(event) => event,
                Err(why) => return End::Broken(why),
            };
            *heard = true;
            self.watcher.lives();
            match event {
                Some((gpu, xid)) => self.tell(gpu, xid),
                // Only when nothing waits to be told: what a set holds is lost with it.
                None if retry.is_some_and(|at| Instant::now() >= at) => return End::Again,
                None => {}
            }
        }
        End::Unwanted
    }

    fn tell(&self, gpu: u32, xid: u64) {
        let Some((_, uuid)) = self.gpus.iter().find(|(index, _)| *index == gpu) else { return };
        match self.watcher.count(uuid, xid, SystemTime::now()) {
            // Some come by the thousand: the log has the first of a kind, the metrics all.
            Some(1) => tracing::warn!(gpu, uuid, xid, "The driver tells of an XID."),
            count => tracing::debug!(gpu, uuid, xid, count, "The driver tells of an XID."),
        }
    }

    /// Waits; whether it is no longer wanted. To wait is no hang.
    fn is_unwanted_before(&self, at: Instant) -> bool {
        loop {
            let left = at.saturating_duration_since(Instant::now());
            self.watcher.lives();
            match self.wanted.recv_timeout(left.min(WAIT)) {
                Err(RecvTimeoutError::Timeout) if left > WAIT => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                _ => return false,
            }
        }
    }
}
