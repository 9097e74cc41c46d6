//! The run in the store: while it goes on, and at its end. The store is written to by a thread of its own, so that a
//! slow disk delays no request.

use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use super::chain;
use crate::cli::StoreArgs;
use crate::report::Report;
use crate::store::{Store, StoreError};

/// Where the run is kept.
pub(super) enum Keep {
    /// Nowhere, and why if nobody asked for that.
    Nowhere(Option<String>),
    There(Writer),
}

/// The thread that writes.
pub(super) struct Writer {
    reports: SyncSender<Box<Report>>,
    /// Gives the store back, and what went wrong last.
    thread: JoinHandle<(Store, Option<StoreError>)>,
}

impl Keep {
    /// Opens the store that was named, or the usual one. Without the usual one a run goes on.
    ///
    /// # Errors
    /// Where the named one cannot be used.
    pub(super) fn open(args: &StoreArgs) -> Result<Self, StoreError> {
        if args.no_store {
            return Ok(Self::Nowhere(None));
        }
        let nowhere = |why: String| Self::Nowhere(Some(format!("The run is not kept: {why}.")));
        let opened = match &args.store {
            Some(path) => Store::open(path)?,
            None => match Store::default_path().and_then(|path| Store::open(&path)) {
                Ok(store) => store,
                Err(error) => return Ok(nowhere(chain(&error))),
            },
        };
        let (reports, receiver) = mpsc::sync_channel::<Box<Report>>(1);
        let spawned = thread::Builder::new().name("store".to_owned()).spawn(move || {
            let mut failed = None;
            for report in receiver {
                failed = opened.save(&report).err();
            }
            (opened, failed)
        });
        Ok(match spawned {
            Ok(thread) => Self::There(Writer { reports, thread }),
            Err(error) => nowhere(error.to_string()),
        })
    }

    /// Saves the run as it is now, unless the disk is still busy with the last time.
    pub(super) fn save(&self, report: &Report) {
        if let Self::There(writer) = self {
            match writer.reports.try_send(Box::new(report.clone())) {
                // The next second has more.
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        }
    }

    /// Saves the whole run; returns what a reader should know.
    pub(super) fn finish(self, report: &Report) -> Result<Option<String>, StoreError> {
        let writer = match self {
            Self::Nowhere(why) => return Ok(why),
            Self::There(writer) => writer,
        };
        drop(writer.reports);
        match writer.thread.join() {
            Ok((store, _failed)) => store.finish(report).map(|()| None),
            Err(_panicked) => {
                Ok(Some("The run is not kept: writing to the store failed.".to_owned()))
            }
        }
    }
}
