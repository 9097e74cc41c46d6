//! Runs that have died.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::report::{Report, RunStatus};

/// A run is written every second; a busy machine may take longer.
const PATIENCE: Duration = Duration::seconds(15);

impl Report {
    /// It is being measured now.
    pub(crate) fn is_running(&self, now: OffsetDateTime) -> bool {
        self.status == RunStatus::Running && !self.is_stale(now)
    }

    /// It says that it is running, and has not been written for so long that it cannot be, or in a time to come.
    pub(crate) fn is_stale(&self, now: OffsetDateTime) -> bool {
        if self.status != RunStatus::Running {
            return false;
        }
        let written = OffsetDateTime::parse(&self.written_at, &Rfc3339);
        written.map_or(true, |written| (now - written).abs() > PATIENCE)
    }
}
