//! Every case of the corpus against its expectation. `UPDATE=1` writes the expectations anew: the
//! diff of the files is then what is to be reviewed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::case::{Case, every, root};
use crate::{difference, drive, expectation};

#[test]
fn every_case_comes_out_as_expected() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let cases = every();
    let mut wrong = Vec::new();
    for case in &cases {
        let found = expectation::of(case, &drive::by_schedule(case));
        if update {
            let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
            fs::write(&case.outcome, text).unwrap();
        } else if let Some(lines) = differences(case, &found) {
            wrong.push(format!("{}:\n{}", case.name, lines.join("\n")));
        }
    }
    let advice = "if that is right, run `UPDATE=1 cargo test -p weir-wire` and review the diff";
    assert!(
        wrong.is_empty(),
        "{} of {} cases differ ({advice}):\n\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n\n")
    );
}

fn differences(case: &Case, found: &Value) -> Option<Vec<String>> {
    let Ok(text) = fs::read(&case.outcome) else {
        return Some(vec![format!("there is no {}, found {found:#}", case.outcome.display())]);
    };
    let expected: Value = serde_json::from_slice(&text).unwrap();
    let lines = difference::between(&expected, found);
    (!lines.is_empty()).then_some(lines)
}

#[test]
fn every_file_belongs_to_a_case() {
    for entry in fs::read_dir(root()).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            check_folder(&folder);
        }
    }
}

fn check_folder(folder: &Path) {
    let names: Vec<_> = weir_wire::Endpoint::ALL.iter().map(|endpoint| endpoint.as_str()).collect();
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert!(names.contains(&name), "{name} is no endpoint");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let kinds = [".case.json", ".outcome.json", ".req", ".head", ".body"];
        let stem = kinds.iter().find_map(|kind| file.strip_suffix(kind));
        let stem = stem.unwrap_or_else(|| panic!("{}: not a kind of file", path.display()));
        let spec = folder.join(format!("{stem}.case.json"));
        assert!(spec.exists(), "{} has no {}", path.display(), spec.display());
    }
}
