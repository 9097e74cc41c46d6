use super::*;
use crate::snapshot::{Identity, Reading, Xid};

fn gpu(index: u32, uuid: &str, reading: Result<Reading, GpuError>) -> Gpu {
    let identity = Identity { uuid: uuid.to_owned(), index, ..Identity::default() };
    Gpu { identity, xids: BTreeMap::new(), xid_watched: None, reading }
}

fn snapshot(gpus: impl Into<Vec<Gpu>>) -> Snapshot {
    let driver = Driver { version: Some("580.95.05".to_owned()), cuda: None };
    Snapshot { taken: SystemTime::UNIX_EPOCH, driver: Some(driver), gpus: gpus.into() }
}

/// `index:uuid:up` of each.
fn brief(snapshot: &Snapshot) -> Vec<String> {
    let line = |gpu: &Gpu| {
        let Identity { index, uuid, .. } = &gpu.identity;
        format!("{index}:{uuid}:{}", if gpu.reading.is_ok() { "up" } else { "down" })
    };
    snapshot.gpus.iter().map(line).collect()
}

#[test]
fn nothing_is_known_before_the_first_snapshot() {
    assert_eq!(Known::default().unreadable(GpuError::Failed, true), None);
}

#[test]
fn all_that_are_known_can_be_told_to_be_unreadable() {
    let mut known = Known::default();
    let xid = Xid { count: 2, last: SystemTime::UNIX_EPOCH };
    let mut all =
        snapshot([gpu(0, "GPU-b", Ok(Reading::default())), gpu(1, "GPU-a", Err(GpuError::Lost))]);
    all.gpus[0].xids.insert(79, xid);
    known.complete(&mut all);
    let down = known.unreadable(GpuError::TimedOut, true).unwrap();
    assert_eq!(brief(&down), ["0:GPU-b:down", "1:GPU-a:down"]);
    assert!(down.gpus.iter().all(|gpu| gpu.reading == Err(GpuError::TimedOut)));
    assert_eq!(down.gpus[0].xids[&79], xid);
    assert_eq!(down.driver, all.driver);
    assert_eq!(known.unreadable(GpuError::Failed, false).unwrap().driver, None);
}

#[test]
fn a_gpu_that_is_no_longer_listed_is_lost() {
    let mut known = Known::default();
    known.complete(&mut snapshot([
        gpu(0, "GPU-a", Ok(Reading::default())),
        gpu(1, "GPU-b", Ok(Reading::default())),
    ]));
    let mut fewer = snapshot([gpu(0, "GPU-b", Ok(Reading::default()))]);
    known.complete(&mut fewer);
    assert_eq!(brief(&fewer), ["0:GPU-b:up", "0:GPU-a:down"]);
}

#[test]
fn a_gpu_that_does_not_say_its_uuid_is_known_by_its_index() {
    let mut known = Known::default();
    known.complete(&mut snapshot([
        gpu(0, "GPU-a", Ok(Reading::default())),
        gpu(1, "GPU-b", Ok(Reading::default())),
    ]));
    let mut nameless =
        snapshot([gpu(0, "GPU-a", Ok(Reading::default())), gpu(1, "", Err(GpuError::Lost))]);
    known.complete(&mut nameless);
    assert_eq!(brief(&nameless), ["0:GPU-a:up", "1:GPU-b:down"]);
}

#[test]
fn a_gpu_that_never_said_its_uuid_is_shown_without_one_and_not_remembered() {
    let mut known = Known::default();
    let mut nameless = snapshot([gpu(3, "", Err(GpuError::Lost))]);
    known.complete(&mut nameless);
    assert_eq!(brief(&nameless), ["3::down"]);
    assert_eq!(known.unreadable(GpuError::Failed, true), None);
}
