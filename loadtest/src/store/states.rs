//! How runs stand, for who watches the store.

use std::collections::BTreeMap;

use super::read::parsed;
use super::{Store, StoreError};
use crate::report::Report;

/// How runs stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct States {
    /// How many runs there are of each status, as it is written: `running` counts those that have died, too.
    pub(crate) by_status: BTreeMap<String, u64>,
    /// Those that say that they are running, without their seconds, requests and contents.
    pub(crate) running: Vec<Report>,
}

impl Store {
    /// How all runs stand at one moment.
    pub(crate) fn states(&self) -> Result<States, StoreError> {
        let counts = "select status, count(*) from runs group by status";
        let running = "select report from runs where status = 'running' order by started_at, id";
        self.call(|connection| {
            let moment = connection.transaction()?;
            let pair =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
            let by_status = moment.prepare(counts)?.query_map([], pair)?.collect::<Result<_, _>>();
            let running = moment.prepare(running)?.query_map([], parsed)?.collect::<Result<_, _>>();
            Ok(States { by_status: by_status?, running: running? })
        })
    }
}
