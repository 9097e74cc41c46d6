//! Reading runs.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use super::save::{key, number};
use super::{Store, StoreError};
use crate::report::Report;

impl Store {
    /// Runs, newest first, without their seconds, requests and contents.
    pub(crate) fn list(&self, limit: usize, offset: usize) -> Result<Vec<Report>, StoreError> {
        let select = "select report from runs order by started_at desc, id desc limit ?1 offset ?2";
        let page = params![number(limit as u64), number(offset as u64)];
        self.call(|connection| connection.prepare(select)?.query_map(page, parsed)?.collect())
    }

    /// How many runs there are.
    pub(crate) fn count(&self) -> Result<u64, StoreError> {
        let count = "select count(*) from runs";
        let count: i64 =
            self.call(|connection| connection.query_row(count, [], |row| row.get(0)))?;
        Ok(count.unsigned_abs())
    }

    /// A run with its seconds and requests, without contents.
    pub(crate) fn get(&self, id: &str) -> Result<Option<Report>, StoreError> {
        // All of it as it is at one moment, though another process is writing.
        self.call(|connection| run(&*connection.transaction()?, id))
    }

    /// The same without its requests, of which there may be many.
    pub(crate) fn outline(&self, id: &str) -> Result<Option<Report>, StoreError> {
        self.call(|connection| outline(&*connection.transaction()?, id))
    }
}

pub(super) fn run(connection: &Connection, id: &str) -> rusqlite::Result<Option<Report>> {
    let Some(mut report) = outline(connection, id)? else { return Ok(None) };
    let rows = "select request from requests where run = ?1 order by number";
    report.requests = connection
        .prepare(rows)?
        .query_map([key(connection, id)?], parsed)?
        .collect::<Result<_, _>>()?;
    Ok(Some(report))
}

fn outline(connection: &Connection, id: &str) -> rusqlite::Result<Option<Report>> {
    let Some(run) = key(connection, id)? else { return Ok(None) };
    let select = "select report from runs where key = ?1";
    let Some(mut report) = connection.query_row(select, [run], parsed::<Report>).optional()? else {
        return Ok(None);
    };
    let rows = "select second from seconds where run = ?1 order by number";
    report.timeline =
        connection.prepare(rows)?.query_map([run], parsed)?.collect::<Result<_, _>>()?;
    Ok(Some(report))
}

/// The first column, which is JSON.
pub(super) fn parsed<T: DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    let text = row.get_ref(0)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}
