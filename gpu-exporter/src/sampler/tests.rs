//! The loop with real threads and a source that does as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use parking_lot::{Condvar, Mutex};

use super::*;
use crate::snapshot::{Gpu, GpuError, Identity, Reading, Snapshot};
use crate::state::State;

/// After which a read counts as hanging, in tests of that.
const HANG: Duration = Duration::from_millis(200);

/// What the next read or opening does.
#[derive(Clone, Debug)]
enum Act {
    Read,
    Fail(SourceError),
    /// Succeeds, but the source is to be opened anew.
    Spend,
    FailToOpen(SourceError),
    Hang,
    Panic,
}

/// Shared by the test and all sources that the loop opens; without a script, reads succeed.
#[derive(Debug, Default)]
struct Stage {
    script: Mutex<VecDeque<Act>>,
    gate: Mutex<bool>,
    let_go: Condvar,
    opened: AtomicUsize,
    /// Sources that have been opened and not dropped.
    alive: AtomicUsize,
}

struct Source(Arc<Stage>, bool);

impl GpuSource for Source {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let act = self.0.script.lock().pop_front();
        match act {
            None | Some(Act::Read | Act::FailToOpen(_)) => {}
            Some(Act::Fail(error)) => return Err(error),
            Some(Act::Spend) => self.1 = true,
            Some(Act::Panic) => panic!("as the script says"),
            Some(Act::Hang) => {
                let mut open = self.0.gate.lock();
                self.0.let_go.wait_while(&mut open, |open| !*open);
            }
        }
        let identity = Identity { uuid: "GPU-a".to_owned(), ..Identity::default() };
        let gpu = Gpu {
            identity,
            xids: BTreeMap::new(),
            xid_watched: None,
            reading: Ok(Reading::default()),
        };
        Ok(Snapshot { taken: SystemTime::now(), driver: None, gpus: vec![gpu] })
    }

    fn is_spent(&self) -> bool {
        self.1
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Rig {
    stage: Arc<Stage>,
    published: Arc<Published>,
    sampler: Sampler,
}

impl Rig {
    fn start(script: impl Into<VecDeque<Act>>) -> Self {
        Self::start_with(script, Duration::from_secs(60))
    }

    fn start_with(script: impl Into<VecDeque<Act>>, timeout: Duration) -> Self {
        let stage = Arc::new(Stage { script: Mutex::new(script.into()), ..Stage::default() });
        let published = Arc::new(Published::default());
        let on_stage = Arc::clone(&stage);
        let open: Open = Box::new(move |_| {
            let mut script = on_stage.script.lock();
            if let Some(Act::FailToOpen(error)) = script.front().cloned() {
                script.pop_front();
                return Err(error);
            }
            on_stage.opened.fetch_add(1, Ordering::SeqCst);
            on_stage.alive.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(Source(Arc::clone(&on_stage), false)))
        });
        let cadence = Cadence { interval: Duration::from_millis(5), timeout };
        let sampler = Sampler::start(open, cadence, Arc::clone(&published)).unwrap();
        Self { stage, published, sampler }
    }

    fn wait(&self, what: &str, is_so: impl Fn(&State) -> bool) -> Arc<State> {
        eventually(what, || {
            let state = self.published.get();
            is_so(&state).then_some(state)
        })
    }

    fn let_go(&self) {
        *self.stage.gate.lock() = true;
        self.stage.let_go.notify_all();
    }
}

fn eventually<T>(what: &str, find: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::yield_now();
    }
}

#[test]
fn it_reads_again_and_again_from_one_source() {
    let rig = Rig::start([]);
    let state = rig.wait("five reads", |state| state.reads.success >= 5);
    assert!(state.is_up());
    assert!(state.last_success.is_some() && state.last_read.is_some());
    assert_eq!((state.reads.error, state.reads.timeout), (0, 0));
    assert_eq!(rig.stage.opened.load(Ordering::SeqCst), 1);
}

#[test]
fn a_source_that_fails_is_opened_anew_and_what_it_said_before_is_withdrawn() {
    let lost = SourceError::NoGpuAnswers { gpus: 1, detail: "the GPU is lost".to_owned() };
    let rig = Rig::start([Act::Read, Act::Fail(lost.clone())]);
    let down = rig.wait("the failure", |state| state.error.is_some());
    assert_eq!(down.error.as_deref(), Some(lost.to_string().as_str()));
    assert!(!down.is_up());
    assert_eq!(down.last_read, None);
    assert_eq!(down.snapshot.as_ref().unwrap().gpus[0].reading, Err(GpuError::Failed));
    let up = rig.wait("another success", State::is_up);
    assert!(up.snapshot.as_ref().unwrap().gpus[0].reading.is_ok());
    assert_eq!(rig.stage.opened.load(Ordering::SeqCst), 2);
    assert_eq!(rig.stage.alive.load(Ordering::SeqCst), 1);
}

#[test]
fn a_source_that_is_spent_is_opened_anew_and_what_it_said_stays() {
    let rig = Rig::start([Act::Read, Act::Spend, Act::Read]);
    let state = rig.wait("reads", |state| state.reads.success >= 4);
    assert_eq!(rig.stage.opened.load(Ordering::SeqCst), 2);
    assert_eq!((state.reads.error, state.reads.timeout, state.is_up()), (0, 0, true));
    assert_eq!(rig.stage.alive.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_driver_it_runs_and_tries_again() {
    let rig = Rig::start([Act::FailToOpen(SourceError::DriverNotLoaded)]);
    let down = rig.wait("the failure", |state| state.error.is_some());
    assert_eq!(down.snapshot, None);
    assert_eq!(down.reads.error, 1);
    rig.wait("a driver", State::is_up);
}

#[test]
fn a_read_that_hangs_is_withdrawn_in_time_and_another_reader_takes_over() {
    let rig = Rig::start_with([Act::Read, Act::Hang], HANG);
    let hanging = rig.wait("the timeout", |state| state.reads.timeout > 0 && !state.is_up());
    let gpu = &hanging.snapshot.as_ref().unwrap().gpus[0];
    assert_eq!(gpu.reading, Err(GpuError::TimedOut));
    assert!(!hanging.is_up());
    assert!(hanging.error.as_ref().unwrap().contains("did not answer within 0.2 s"));
    rig.wait("a reader that does not hang", State::is_up);
    assert!(rig.stage.opened.load(Ordering::SeqCst) >= 2);
    rig.let_go();
    eventually("the one that hung closes its source", || {
        (rig.stage.alive.load(Ordering::SeqCst) == 1).then_some(())
    });
    let reads = rig.published.get().reads.success;
    rig.wait("reading goes on", |state| state.is_up() && state.reads.success > reads);
}

#[test]
fn a_hanging_reader_keeps_nobody_from_stopping() {
    let rig = Rig::start_with([Act::Hang], HANG);
    rig.wait("the timeout", |state| state.reads.timeout > 0 && !state.is_up());
    let stage = Arc::clone(&rig.stage);
    drop(rig.sampler);
    assert!(stage.alive.load(Ordering::SeqCst) > 0, "it still hangs");
    *stage.gate.lock() = true;
    stage.let_go.notify_all();
    eventually("the reader ends", || (stage.alive.load(Ordering::SeqCst) == 0).then_some(()));
}

#[test]
fn a_panic_in_a_source_is_a_failed_read() {
    let rig = Rig::start([Act::Read, Act::Panic]);
    rig.wait("the panic", |state| {
        state.error.as_ref().is_some_and(|error| error.contains("panicked"))
    });
    rig.wait("another success", State::is_up);
}
