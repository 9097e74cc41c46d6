//! Runs in files: what `export` and `run --output` write.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::report::{MOST_CONTENTS, MOST_REQUESTS, Report, SCHEMA};

/// The longest run there can be: [`MOST_CONTENTS`] of three texts of 64 KiB, each letter written as `\u0000`.
const MOST_BYTES: u64 = 6 << 30;
/// Of an id, in bytes.
const MOST_ID: usize = 64;

/// Why a file is no run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("reading the run in {}", path.display())]
    Reading { path: PathBuf, source: io::Error },
    #[error("{} is no run: {why}", path.display())]
    NoRun { path: PathBuf, why: String },
    #[error(
        "the run in {} was written by a newer weir-loadtest (its schema is {found}, known is {SCHEMA}): use that \
         version",
        path.display()
    )]
    Newer { path: PathBuf, found: u64 },
}

/// The run in this file.
pub(crate) fn read(path: &Path) -> Result<Report, FileError> {
    let failed = |source| FileError::Reading { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
        .map_err(failed)?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Report, FileError> {
    let no_run = |why: String| FileError::NoRun { path: path.to_owned(), why };
    let not_json = |error: serde_json::Error| no_run(error.to_string());
    // Newer ones may have any shape: their number comes first.
    let Schema { schema } = serde_json::from_str(text).map_err(not_json)?;
    match schema {
        None => return Err(no_run("it has no member `schema`".to_owned())),
        Some(found) if found > u64::from(SCHEMA) => {
            return Err(FileError::Newer { path: path.to_owned(), found });
        }
        Some(0) => return Err(no_run("there never was a schema 0".to_owned())),
        Some(_) => {}
    }
    let report: Report = serde_json::from_str(text).map_err(not_json)?;
    match wrong(&report) {
        Some(why) => Err(no_run(why)),
        None => Ok(report),
    }
}

#[derive(Deserialize)]
struct Schema {
    schema: Option<u64>,
}

/// What no run has. Ids are parts of addresses of the page.
fn wrong(report: &Report) -> Option<String> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // `.` and `..` are no part of an address: browsers take them for the folder and the one above.
    let is_dots = matches!(report.id.as_str(), "." | "..");
    if is_dots || !(1..=MOST_ID).contains(&report.id.len()) || !report.id.bytes().all(letter) {
        return Some(format!(
            "its id is {:?}, expected 1 to {MOST_ID} of A-Z a-z 0-9 - _ .",
            report.id
        ));
    }
    for (what, number, most) in [
        ("requests", report.requests.len(), MOST_REQUESTS),
        ("contents", report.contents.len(), MOST_CONTENTS),
    ] {
        if number > most {
            return Some(format!("it has {number} {what}, and {most} is the most"));
        }
    }
    let twice = |mut numbers: Vec<u64>| {
        numbers.sort_unstable();
        numbers.windows(2).any(|pair| pair.first() == pair.last())
    };
    let requests = report.requests.iter().map(|request| request.number).collect();
    let contents = report.contents.iter().map(|content| content.request).collect();
    (twice(requests) || twice(contents)).then(|| "two of its requests have one number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    fn said(text: &str) -> String {
        parse(text, Path::new("run.json")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_run_is_said() {
        let run = sample::report("20261122T140501-3fa9c2");
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(parse(&text, Path::new("run.json")).unwrap(), run);
        assert!(said("hello").starts_with("run.json is no run: expected value at line 1"));
        assert_eq!(said("{}"), "run.json is no run: it has no member `schema`");
        assert!(
            said("{\"schema\": 2}").contains("newer weir-loadtest (its schema is 2, known is 1)")
        );
        assert_eq!(said("{\"schema\": 0}"), "run.json is no run: there never was a schema 0");
        assert!(said("{\"schema\": 1}").contains("missing field `id`"));
        for id in ["", "..", "../x", "a b", &"x".repeat(65)] {
            let run = Report { id: id.to_owned(), ..run.clone() };
            let said = said(&serde_json::to_string(&run).unwrap());
            assert!(said.contains("expected 1 to 64 of A-Z"), "{said}");
        }
        let mut doubled = run;
        doubled.requests[1].number = 0;
        let said = said(&serde_json::to_string(&doubled).unwrap());
        assert_eq!(said, "run.json is no run: two of its requests have one number");
    }
}
