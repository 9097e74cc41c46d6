//! A fault of the meter must not become a fault of the stream.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` returns, or `None` if it panicked. What it was working on is then to be given up.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
