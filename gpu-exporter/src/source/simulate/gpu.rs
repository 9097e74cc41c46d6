//! One of the simulated GPUs: who it is, and what it works at.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::load::Load;
use super::moment::Moment;
use crate::snapshot::{Gpu, Identity, Xid};

/// The first four serve one large model together, the next two a smaller one, the others one each.
/// Load, and the number of the container.
const GPUS: [(Load, u8); 8] = [
    (Load { mean: 0.72, swing: 0.22, period: 240.0, ahead: 0.0 }, 0),
    (Load { mean: 0.72, swing: 0.22, period: 240.0, ahead: 0.4 }, 0),
    (Load { mean: 0.71, swing: 0.22, period: 240.0, ahead: 0.8 }, 0),
    (Load { mean: 0.72, swing: 0.21, period: 240.0, ahead: 1.2 }, 0),
    (Load { mean: 0.45, swing: 0.35, period: 150.0, ahead: 40.0 }, 1),
    (Load { mean: 0.45, swing: 0.35, period: 150.0, ahead: 40.5 }, 1),
    (Load { mean: 0.85, swing: 0.12, period: 90.0, ahead: 10.0 }, 2),
    (Load { mean: 0.20, swing: 0.20, period: 300.0, ahead: 150.0 }, 3),
];

/// Has an XID event, so long after the start.
const WITH_XID: u32 = 5;
const XID: u64 = 31;
const XID_AFTER: Duration = Duration::from_secs(60);

/// The number of the container that a GPU's process is in.
pub(super) fn container(index: u32) -> usize {
    usize::from(GPUS[index as usize % GPUS.len()].1)
}

pub(super) fn at(index: u32, started: SystemTime, elapsed: Duration) -> Gpu {
    let (load, container) = GPUS[index as usize % GPUS.len()];
    let moment = Moment::of(index, load, container, elapsed.as_secs_f64());
    let mut xids = BTreeMap::new();
    if index == WITH_XID && elapsed >= XID_AFTER {
        xids.insert(XID, Xid { count: 1, last: started + XID_AFTER });
    }
    Gpu { identity: identity(index), xids, xid_watched: Some(true), reading: Ok(moment.reading()) }
}

fn identity(index: u32) -> Identity {
    Identity {
        uuid: format!("GPU-51a1a7ed-0000-4000-8000-{index:012x}"),
        index,
        name: Some("NVIDIA H200".to_owned()),
        serial: Some(format!("{:013}", 1_650_000_000_000_u64 + u64::from(index))),
        vbios: Some("96.00.A0.00.01".to_owned()),
        pci_bus_id: Some(format!("00000000:{:02X}:00.0", 0x18 + 0x10 * index)),
    }
}
