//! Errors of the memory, and rows taken out of use for them.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Ecc;

const ENABLED: Metric =
    Metric::gauge("nvidia_gpu_ecc_enabled", "1 where errors of the memory are corrected, else 0.");
const ERRORS: Metric = Metric::counter(
    "nvidia_gpu_ecc_errors_total",
    "Errors of the memory, since the driver was loaded or since the GPU was made.",
);
const REMAPPED: Metric = Metric::gauge(
    "nvidia_gpu_remapped_rows",
    "Rows of the memory that were replaced by spare ones, by the kind of error that they had.",
);
const PENDING: Metric = Metric::gauge(
    "nvidia_gpu_row_remapping_pending",
    "1 where a row waits for a reset of the GPU to be replaced, else 0.",
);
const FAILED: Metric = Metric::gauge(
    "nvidia_gpu_row_remapping_failed",
    "1 where a row could not be replaced: the GPU is to be exchanged; else 0.",
);

pub(super) fn add(of: &mut OfGpu<'_>, ecc: Ecc) {
    let Ecc {
        enabled,
        corrected_volatile,
        uncorrected_volatile,
        corrected_aggregate,
        uncorrected_aggregate,
        remapped_correctable,
        remapped_uncorrectable,
        remapping_pending,
        remapping_failed,
    } = ecc;
    of.add(&ENABLED, enabled);
    for (kind, since, count) in [
        ("corrected", "driver_load", corrected_volatile),
        ("uncorrected", "driver_load", uncorrected_volatile),
        ("corrected", "manufacture", corrected_aggregate),
        ("uncorrected", "manufacture", uncorrected_aggregate),
    ] {
        of.add_with(&ERRORS, &[("kind", kind), ("since", since)], count);
    }
    of.add_with(&REMAPPED, &[("kind", "corrected")], remapped_correctable);
    of.add_with(&REMAPPED, &[("kind", "uncorrected")], remapped_uncorrectable);
    of.add(&PENDING, remapping_pending);
    of.add(&FAILED, remapping_failed);
}
