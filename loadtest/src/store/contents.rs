//! Prompts and answers of a run, searched.

use rusqlite::{Connection, Row, params};

use super::save::key;
use super::{Store, StoreError};
use crate::report::Content;

/// Which contents are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContentQuery {
    /// Some text of prompt, answer or reasoning, whatever its case; empty: any.
    pub(crate) search: String,
    pub(crate) model: Option<String>,
    pub(crate) gold_only: bool,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

impl Store {
    /// How many contents of a run are such as wanted, and those of the page, in the order of prompts: answers to the
    /// same one follow each other.
    pub(crate) fn contents(
        &self,
        id: &str,
        query: &ContentQuery,
    ) -> Result<(u64, Vec<Content>), StoreError> {
        self.call(|connection| page(&*connection.transaction()?, id, query))
    }
}

/// All contents of a run.
pub(super) fn all(connection: &Connection, id: &str) -> rusqlite::Result<Vec<Content>> {
    let all = ContentQuery { limit: usize::MAX, ..ContentQuery::default() };
    let mut contents = page(connection, id, &all)?.1;
    contents.sort_by_key(|content| content.request);
    Ok(contents)
}

fn page(
    connection: &Connection,
    id: &str,
    query: &ContentQuery,
) -> rusqlite::Result<(u64, Vec<Content>)> {
    let Some(run) = key(connection, id)? else { return Ok((0, Vec::new())) };
    let select = "select request, model, turn, prompt_number, prompt, answer, reasoning, cut, gold
        from contents where run = ?1 and (?2 is null or model = ?2) and gold >= ?3
        order by prompt_number, turn, model, request";
    let mut select = connection.prepare(select)?;
    let mut rows = select.query(params![run, query.model, query.gold_only])?;
    // SQLite's own LIKE takes only the letters of English for the same whatever their case.
    let search = query.search.to_lowercase();
    let (mut total, mut contents) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        if !has(row, &search)? {
            continue;
        }
        if total >= query.offset && contents.len() < query.limit {
            contents.push(content(row)?);
        }
        total += 1;
    }
    Ok((total as u64, contents))
}

/// Whether one of the texts has `search`, which is in small letters.
fn has(row: &Row<'_>, search: &str) -> rusqlite::Result<bool> {
    if search.is_empty() {
        return Ok(true);
    }
    for column in ["prompt", "answer", "reasoning"] {
        if row.get_ref(column)?.as_str()?.to_lowercase().contains(search) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn content(row: &Row<'_>) -> rusqlite::Result<Content> {
    let number = |column| row.get(column).map(i64::unsigned_abs);
    Ok(Content {
        request: number("request")?,
        model: row.get("model")?,
        turn: row.get("turn")?,
        prompt_number: number("prompt_number")?,
        prompt: row.get("prompt")?,
        answer: row.get("answer")?,
        reasoning: row.get("reasoning")?,
        cut: row.get("cut")?,
        gold: row.get("gold")?,
    })
}
