use std::io;
use std::time::SystemTime;

use parking_lot::Mutex;
use tracing::subscriber::with_default;

use super::*;
use crate::snapshot::{Driver, Identity, Reading};
use crate::source::asking::Call;

/// What is logged, as lines without times.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `told` on a new report; what it published last, and what it logged.
fn told(told: impl FnOnce(&mut Report)) -> (Arc<State>, Vec<String>) {
    let (published, log) = (Arc::new(Published::default()), Log::default());
    let mut report = Report::new(Arc::clone(&published));
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .finish();
    with_default(subscriber, || told(&mut report));
    let log = String::from_utf8(log.0.lock().clone()).unwrap();
    (published.get(), log.lines().map(|line| line.trim().to_owned()).collect())
}

fn snapshot(readings: impl IntoIterator<Item = Result<Reading, GpuError>>) -> Snapshot {
    let gpu = |(index, reading)| Gpu {
        identity: Identity { uuid: format!("GPU-{index}"), index, ..Identity::default() },
        xids: BTreeMap::new(),
        xid_watched: None,
        reading,
    };
    let driver = Driver { version: Some("580.95.05".to_owned()), cuda: None };
    let gpus = (0..).zip(readings).map(gpu).collect();
    Snapshot { taken: SystemTime::UNIX_EPOCH, driver: Some(driver), gpus }
}

fn up() -> Result<Reading, GpuError> {
    Ok(Reading::default())
}

const TOOK: Duration = Duration::from_millis(12);

#[test]
fn reading_again_and_again_is_one_line() {
    let (state, log) = told(|report| (0..3).for_each(|_| report.succeeded(snapshot([up()]), TOOK)));
    assert_eq!(log, ["INFO The GPUs are read. gpus=1 driver=\"580.95.05\""]);
    assert_eq!((state.reads.success, state.last_read), (3, Some(TOOK)));
    assert_eq!(state.last_success, Some(SystemTime::UNIX_EPOCH));
}

#[test]
fn failing_again_and_again_is_one_line_and_so_is_recovery() {
    let (state, log) = told(|report| {
        (0..3).for_each(|_| report.failed(&SourceError::DriverNotLoaded));
        report.failed(&SourceError::VersionMismatch);
        report.succeeded(snapshot([up()]), TOOK);
        report.failed(&SourceError::DriverNotLoaded);
    });
    let said: Vec<&str> = log.iter().map(|line| line.split(" error=").next().unwrap()).collect();
    let failing = "WARN The GPUs cannot be read; it is tried again.";
    assert_eq!(said[..2], [failing, failing]);
    assert!(said[2].starts_with("INFO The GPUs are read."), "{}", said[2]);
    assert_eq!(said[3..], [failing]);
    assert!(log[0].contains("modprobe nvidia"), "{}", log[0]);
    assert_eq!((state.reads.success, state.reads.error), (1, 5));
    assert_eq!(state.last_success, Some(SystemTime::UNIX_EPOCH));
}

#[test]
fn a_gpu_that_goes_and_comes_back_is_a_line_each_time() {
    let lost = || Err(GpuError::Lost);
    let (state, log) = told(|report| {
        report.succeeded(snapshot([up(), up()]), TOOK);
        (0..2).for_each(|_| report.succeeded(snapshot([up(), lost()]), TOOK));
        report.succeeded(snapshot([up(), Err(GpuError::ResetRequired)]), TOOK);
        (0..2).for_each(|_| report.succeeded(snapshot([up(), up()]), TOOK));
    });
    let expected = [
        "WARN A GPU cannot be read. gpu=1 uuid=\"GPU-1\" reason=Lost",
        "WARN A GPU cannot be read. gpu=1 uuid=\"GPU-1\" reason=ResetRequired",
        "INFO A GPU can be read again. gpu=1 uuid=\"GPU-1\"",
    ];
    assert_eq!(log[1..], expected);
    assert!(state.is_up());
}

#[test]
fn a_hang_is_counted_as_such_and_withdraws_all_readings() {
    let timeout = SourceError::TimedOut {
        allowed: Duration::from_secs(5),
        asked: Some(Call { gpu: Some(3), what: "power usage" }),
    };
    let (state, log) = told(|report| {
        report.succeeded(snapshot([up(), up()]), TOOK);
        (0..4).for_each(|_| report.failed(&timeout));
    });
    assert_eq!(log.len(), 2);
    assert!(log[1].contains("did not answer within 5 s (asked GPU 3: power usage);"), "{}", log[1]);
    assert_eq!((state.reads.timeout, state.reads.error), (4, 0));
    let gpus = &state.snapshot.as_ref().unwrap().gpus;
    assert!(gpus.iter().all(|gpu| gpu.reading == Err(GpuError::TimedOut)));
    assert!(!state.is_up() && state.last_read.is_none());
}
