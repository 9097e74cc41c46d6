//! Letting time pass inside a call, as the driver does.

use std::thread::sleep;
use std::time::Duration;

/// How often a call that hangs or waits looks at the script.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

/// Keeps the caller waiting.
#[expect(clippy::disallowed_methods, reason = "the calls of NVML block the thread that makes them")]
pub(crate) fn pause(time: Duration) {
    sleep(time);
}
