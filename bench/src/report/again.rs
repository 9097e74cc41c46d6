//! `weir-bench report`: a report of results that are there, and of what was measured beside them.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::ReportError;
use crate::cli::ReportArgs;
use crate::results::Results;

/// Reads, takes in what was measured beside the cells, and writes.
pub(crate) fn run(args: &ReportArgs) -> Result<(), ReportError> {
    let mut results = Results::read(&args.results)?;
    if let Some(path) = &args.instructions {
        results.instructions = printed(path, "instructions")?;
    }
    if let Some(path) = &args.junk {
        results.junk = Some(printed(path, "junk")?);
    }
    if let Some(path) = &args.scrape {
        results.scrape = Some(printed(path, "scrape")?);
    }
    let directory = &args.out;
    fs::create_dir_all(directory)
        .map_err(|source| ReportError::Write { path: directory.clone(), source })?;
    super::write(&results, directory)
}

/// What a command printed.
fn printed<T: DeserializeOwned>(path: &Path, command: &'static str) -> Result<T, ReportError> {
    let bytes =
        fs::read(path).map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| ReportError::Content {
        path: path.to_owned(),
        command,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Junk, made_up};

    #[test]
    fn what_was_measured_beside_the_cells_is_taken_in() {
        let folder = std::env::temp_dir().join(format!("weir-again-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let [results, junk] = ["old.json", "junk.json"].map(|name| folder.join(name));
        made_up::results().write(&results).unwrap();
        let readings = vec![(100_000, 1, 1), (1_000_000, 1, 1)];
        let measured = Junk { requests: 1_000_000, errors: 0, readings };
        fs::write(&junk, serde_json::to_vec(&measured).unwrap()).unwrap();
        let out = folder.join("new/report");
        let args = ReportArgs {
            results: results.clone(),
            out: out.clone(),
            instructions: None,
            junk: Some(junk.clone()),
            scrape: None,
        };
        run(&args).unwrap();
        let again = Results::read(&out.join("results.json")).unwrap();
        let wrong = ReportArgs { scrape: Some(junk), ..args };
        let wrong = run(&wrong).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(again.junk.unwrap().readings, measured.readings);
        assert!(again.scrape.is_none());
        assert!(wrong.ends_with("junk.json is not what `weir-bench scrape` prints"), "{wrong}");
    }
}
