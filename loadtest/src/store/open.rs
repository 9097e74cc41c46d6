//! Opening the file: whose it is, and the tables of a new one.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use super::StoreError;

/// `Weir`, in the header of the file: SQLite's mark of whose format it is.
const APPLICATION: i32 = 0x5765_6972;
/// Of the tables, in the header too; a change of them makes it one more, with the statements that lead there.
pub(super) const SCHEMA: i32 = 1;

/// How long another process may be writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// A larger store is not looked through when it is opened; damage is then said when it is met. About 1 ms per MiB.
const MOST_CHECKED: u64 = 128 << 20;

const TABLES: &str = "
    create table runs (
        key integer primary key,
        id text not null unique,
        name text not null,
        status text not null,
        started_at text not null,
        written_at text not null,
        target text not null,
        report text not null -- JSON, without what the other tables hold
    ) strict;
    create index runs_by_start on runs (started_at, id);
    create table seconds (
        run integer not null references runs on delete cascade,
        number integer not null,
        second text not null, -- JSON
        primary key (run, number)
    ) strict, without rowid;
    create table requests (
        run integer not null references runs on delete cascade,
        number integer not null,
        request text not null, -- JSON
        primary key (run, number)
    ) strict, without rowid;
    create table contents (
        run integer not null references runs on delete cascade,
        request integer not null,
        model text not null,
        turn integer not null,
        prompt_number integer not null,
        prompt text not null,
        answer text not null,
        reasoning text not null,
        cut integer not null,
        gold integer not null,
        primary key (run, request)
    ) strict;
";

/// Opens it, and makes the tables if it is empty. What is not a store is not written to.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::of(path, error);
    // Without SQLITE_OPEN_URI: a path that begins with `file:` is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // At one moment: another process may be making the tables.
    let mark = connection.transaction().and_then(|moment| Mark::of(&moment));
    let is_new = mark.map_err(failed)?.is_new(path)?;
    // SQLite opens for reading what it may not write.
    if connection.is_readonly(MAIN_DB).map_err(failed)? {
        return Err(StoreError::ReadOnly(path.into()));
    }
    if is_new {
        create(&mut connection, path)?;
    } else {
        check(&connection, path)?;
    }
    prepare(&connection).map_err(failed)?;
    Ok(connection)
}

/// What the header says, and whether there is anything in it.
struct Mark {
    application: i32,
    schema: i32,
    tables: u32,
}

impl Mark {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application: connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            schema: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            tables: connection
                .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?,
        })
    }

    /// Whether tables are to be made; an error: it is not ours to use.
    fn is_new(&self, path: &Path) -> Result<bool, StoreError> {
        match *self {
            Self { application: 0, schema: 0, tables: 0 } => Ok(true),
            Self { application: APPLICATION, schema: SCHEMA, .. } => Ok(false),
            Self { application: APPLICATION, schema, .. } if schema > SCHEMA => {
                Err(StoreError::Newer { path: path.into(), found: schema })
            }
            Self { application: APPLICATION, schema, .. } => Err(StoreError::Damaged {
                path: path.into(),
                why: format!("its schema number is {schema}, which never was one"),
            }),
            _ => Err(StoreError::Foreign(path.into())),
        }
    }
}

/// Makes the tables. Another process may be about to do the same: one waits for the other.
fn create(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::of(path, error);
    // Room of runs that were removed goes back to the file system. To be said before there are tables.
    connection.pragma_update(None, "auto_vacuum", "full").map_err(failed)?;
    let changes =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    if Mark::of(&changes).map_err(failed)?.is_new(path)? {
        changes.execute_batch(TABLES).map_err(failed)?;
        changes.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        changes.pragma_update(None, "user_version", SCHEMA).map_err(failed)?;
    }
    changes.commit().map_err(failed)
}

/// Looks the whole file through, so that nothing is written to a damaged one.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if path.metadata().is_ok_and(|file| file.len() > MOST_CHECKED) {
        return Ok(());
    }
    let found: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| StoreError::of(path, error))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged { path: path.into(), why: found.replace('\n', " ") })
}

/// Settings of this connection.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // With a log of its own a writer does not keep readers waiting. Where the file system cannot do that, it stays as it
    // was, and they wait; where another process is at it, SQLite does not wait for that one: it will do.
    match connection.pragma_update_and_check(None, "journal_mode", "wal", |_mode| Ok(())) {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
            return Err(error);
        }
        _ => {}
    }
    // Sound after a crash; the last second of a run may be missing after a power cut.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)
}
