//! The whole exposition of each scripted state. `UPDATE=1` writes the files anew.

use std::path::{Path, PathBuf};

use weir_daemon::exposition::EOF;

use crate::scripted::{all, full};

fn assert_expected(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected");
    let file: PathBuf = folder.join(name);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE=1 writes it", file.display()));
    let (mut want, mut have) = (expected.lines(), text.lines());
    loop {
        let (want, have) = (want.next(), have.next());
        assert_eq!(want, have, "{name}: expected (left) and exposed (right)");
        if want.is_none() {
            break;
        }
    }
    assert_eq!(expected, text, "{name}");
}

#[test]
fn every_scripted_state_is_exposed_byte_for_byte() {
    for script in all() {
        assert_expected(&format!("{}.metrics", script.name), &script.text());
    }
}

#[test]
fn those_who_ask_get_openmetrics() {
    assert_expected("full.openmetrics", &format!("{}{EOF}", full().openmetrics()));
}
