//! Writing runs. Each call is one transaction: all of it is kept, or nothing.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::{Store, StoreError};
use crate::report::{Content, Report, Request, RunStatus, Second};

impl Store {
    /// Keeps a run as far as it is, without its requests and contents; for every second of a run. Seconds that are
    /// kept stay as they are, but for the last one.
    pub(crate) fn save(&self, report: &Report) -> Result<(), StoreError> {
        self.change(|changes| {
            let run = row(changes, report)?;
            let kept = "select coalesce(max(number), 0) from seconds where run = ?1";
            let last: i64 = changes.query_row(kept, [run], |row| row.get(0))?;
            seconds(changes, run, &report.timeline, usize::try_from(last).unwrap_or_default())
        })
    }

    /// Keeps a run as it has ended: all of it, instead of what was kept of it before. Marks of gold stay.
    pub(crate) fn finish(&self, report: &Report) -> Result<(), StoreError> {
        self.change(|changes| whole(changes, report))
    }

    /// Marks an answer as a good example, or not; returns whether there is such an answer.
    pub(crate) fn set_gold(&self, id: &str, request: u64, gold: bool) -> Result<bool, StoreError> {
        let update = "update contents set gold = ?3
            where request = ?2 and run = (select key from runs where id = ?1)";
        let changed =
            self.call(|connection| connection.execute(update, params![id, number(request), gold]))?;
        Ok(changed > 0)
    }

    /// Whether there is a run with this id.
    pub(crate) fn has(&self, id: &str) -> Result<bool, StoreError> {
        self.call(|connection| Ok(key(connection, id)?.is_some()))
    }

    /// Forgets a run with all that belongs to it; returns whether there was one.
    pub(crate) fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let removed =
            self.call(|connection| connection.execute("delete from runs where id = ?1", [id]))?;
        Ok(removed > 0)
    }

    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.call(|connection| {
            // A transaction that reads first and then writes cannot wait for another writer.
            let changes = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&changes)?;
            changes.commit()?;
            Ok(done)
        })
    }
}

pub(super) fn whole(changes: &Connection, report: &Report) -> rusqlite::Result<()> {
    let run = row(changes, report)?;
    changes.execute("delete from seconds where run = ?1", [run])?;
    seconds(changes, run, &report.timeline, 0)?;
    requests(changes, run, &report.requests)?;
    contents(changes, run, &report.contents)
}

/// The run's own row; returns its key.
fn row(changes: &Connection, report: &Report) -> rusqlite::Result<i64> {
    let upsert = "insert into runs (id, name, status, started_at, written_at, target, report)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        on conflict (id) do update set (name, status, started_at, written_at, target, report) =
            (excluded.name, excluded.status, excluded.started_at, excluded.written_at, excluded.target,
            excluded.report)
        returning key";
    changes.prepare(upsert)?.query_row(
        params![
            report.id,
            report.name,
            word(report.status),
            report.started_at,
            report.written_at,
            report.target,
            json(&without_rows(report))?,
        ],
        |row| row.get(0),
    )
}

/// Those from `first` on.
fn seconds(
    changes: &Connection,
    run: i64,
    timeline: &[Second],
    first: usize,
) -> rusqlite::Result<()> {
    let insert = "insert or replace into seconds (run, number, second) values (?1, ?2, ?3)";
    let mut insert = changes.prepare(insert)?;
    for (at, second) in timeline.iter().enumerate().skip(first) {
        insert.execute(params![run, number(at as u64), json(second)?])?;
    }
    Ok(())
}

fn requests(changes: &Connection, run: i64, rows: &[Request]) -> rusqlite::Result<()> {
    changes.execute("delete from requests where run = ?1", [run])?;
    let insert = "insert into requests (run, number, request) values (?1, ?2, ?3)";
    let mut insert = changes.prepare(insert)?;
    for request in rows {
        insert.execute(params![run, number(request.number), json(request)?])?;
    }
    Ok(())
}

fn contents(changes: &Connection, run: i64, rows: &[Content]) -> rusqlite::Result<()> {
    let upsert = "insert into contents
            (run, request, model, turn, prompt_number, prompt, answer, reasoning, cut, gold)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        on conflict (run, request) do update set
            (model, turn, prompt_number, prompt, answer, reasoning, cut, gold) =
            (excluded.model, excluded.turn, excluded.prompt_number, excluded.prompt, excluded.answer,
            excluded.reasoning, excluded.cut, max(gold, excluded.gold))";
    let mut upsert = changes.prepare(upsert)?;
    for row in rows {
        upsert.execute(params![
            run,
            number(row.request),
            row.model,
            row.turn,
            number(row.prompt_number),
            row.prompt,
            row.answer,
            row.reasoning,
            row.cut,
            row.gold,
        ])?;
    }
    Ok(())
}

/// The key of a run's row.
pub(super) fn key(connection: &Connection, id: &str) -> rusqlite::Result<Option<i64>> {
    use rusqlite::OptionalExtension as _;
    connection.query_row("select key from runs where id = ?1", [id], |row| row.get(0)).optional()
}

/// SQLite's integers have a sign; nobody counts so far.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Finished => "finished",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Failed => "failed",
    }
}

/// The report without what is kept in tables of its own, and without copying that.
fn without_rows(report: &Report) -> Report {
    Report {
        schema: report.schema,
        id: report.id.clone(),
        name: report.name.clone(),
        status: report.status,
        started_at: report.started_at.clone(),
        ended_at: report.ended_at.clone(),
        written_at: report.written_at.clone(),
        target: report.target.clone(),
        scenario: report.scenario.clone(),
        environment: report.environment.clone(),
        summary: report.summary.clone(),
        models: report.models.clone(),
        stages: report.stages.clone(),
        search: report.search.clone(),
        timeline: Vec::new(),
        gpus: report.gpus.clone(),
        proxy: report.proxy.clone(),
        tester: report.tester.clone(),
        warnings: report.warnings.clone(),
        requests: Vec::new(),
        contents: Vec::new(),
    }
}
