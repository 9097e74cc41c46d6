//! Which run is meant: what people write instead of whole ids.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::save::number;
use super::{Store, StoreError};

/// So many ids are named where several are possible.
const NAMED: usize = 3;

impl Store {
    /// The id of the run that `wanted` means: an id, `latest`, `latest~1` (the one before), a name (its newest run),
    /// or the beginning of one id.
    pub(crate) fn resolve(&self, wanted: &str) -> Result<String, StoreError> {
        let mut found = self.call(|connection| candidates(connection, wanted))?;
        match found.len() {
            0 => Err(StoreError::NoRun { wanted: wanted.to_owned() }),
            1 => Ok(found.remove(0)),
            _ => {
                found.truncate(NAMED);
                Err(StoreError::Ambiguous { wanted: wanted.to_owned(), candidates: found })
            }
        }
    }
}

/// None, the one, or some of several.
fn candidates(connection: &Connection, wanted: &str) -> rusqlite::Result<Vec<String>> {
    let whole = "select id from runs where id = ?1";
    let named = "select id from runs where name = ?1 order by started_at desc, id desc limit 1";
    let nth = "select id from runs order by started_at desc, id desc limit 1 offset ?1";
    let found = match back(wanted) {
        Some(back) => one(connection, nth, number(back))?,
        None => match one(connection, whole, wanted)? {
            None => one(connection, named, wanted)?,
            whole => whole,
        },
    };
    if found.is_some() || wanted.is_empty() {
        return Ok(found.into_iter().collect());
    }
    let beginning = "select id from runs where substr(id, 1, length(?1)) = ?1
        order by started_at desc, id desc limit ?2";
    let most = number(NAMED as u64 + 1);
    let mut select = connection.prepare(beginning)?;
    select.query_map(params![wanted, most], |row| row.get(0))?.collect()
}

fn one(
    connection: &Connection,
    select: &str,
    by: impl rusqlite::ToSql,
) -> rusqlite::Result<Option<String>> {
    connection.query_row(select, [by], |row| row.get(0)).optional()
}

/// How many runs before the newest one `latest` or `latest~2` is.
fn back(wanted: &str) -> Option<u64> {
    match wanted.strip_prefix("latest")? {
        "" => Some(0),
        rest => rest.strip_prefix('~')?.parse().ok(),
    }
}
