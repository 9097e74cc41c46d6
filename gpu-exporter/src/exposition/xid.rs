//! XID events: what the driver writes into the kernel's log when something goes wrong.

use std::collections::BTreeMap;

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Xid;

const ERRORS: Metric = Metric::counter(
    "nvidia_gpu_xid_errors_total",
    "XID events since the exporter's start, by code.",
);
const LAST: Metric = Metric::gauge(
    "nvidia_gpu_xid_last_timestamp_seconds",
    "When the last XID event with this code came, in seconds since 1970.",
);

const WATCHED: Metric = Metric::gauge(
    "nvidia_gpu_xid_watched",
    "1 where XID events are listened for, 0 where that fails for now.",
);

pub(super) fn add(of: &mut OfGpu<'_>, xids: &BTreeMap<u64, Xid>, watched: Option<bool>) {
    of.add(&WATCHED, watched);
    for (code, Xid { count, last }) in xids {
        let code = code.to_string();
        let labels = [("xid", code.as_str())];
        of.add_with(&ERRORS, &labels, *count);
        of.add_with(&LAST, &labels, *last);
    }
}
