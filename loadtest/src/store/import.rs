//! Runs that come from elsewhere.

use super::{Store, StoreError, contents, read, save};
use crate::report::Report;

/// What became of a run that was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Imported {
    New,
    /// The very same run was there.
    Known,
}

impl Store {
    /// Keeps a whole run, contents included. Another one of the same id stays as it is, which is an error.
    pub(crate) fn import(&self, report: &Report) -> Result<Imported, StoreError> {
        // As it is read from the store.
        let mut report = report.clone();
        report.requests.sort_by_key(|request| request.number);
        report.contents.sort_by_key(|content| content.request);
        let found = self.change(|changes| match read::run(changes, &report.id)? {
            None => save::whole(changes, &report).map(|()| Some(Imported::New)),
            Some(mut known) => {
                known.contents = contents::all(changes, &report.id)?;
                Ok((known == report).then_some(Imported::Known))
            }
        })?;
        found.ok_or_else(|| StoreError::Different(report.id))
    }
}
