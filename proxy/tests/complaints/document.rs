//! COMPLAINTS.md is what stands above the tests; `UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../COMPLAINTS.md");
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/complaints");

const HEAD: &str = "\
# Complaints

What users of other gateways and engines complained of, and the test of ours that fails if Weir does the same. Written from what
stands above the tests in `proxy/tests/complaints` by `UPDATE=1 cargo test -p weir-proxy --test complaints document`; complaints of
one kind share a number.

| | reported | what went wrong there | test |
|---|---|---|---|
";

/// A test and what stands above it.
struct Complaint {
    number: u32,
    links: Vec<String>,
    what: String,
    test: String,
}

impl Complaint {
    fn of(test: &str, comment: &str) -> Self {
        Self::read(test, comment).unwrap_or_else(|| {
            panic!("above {test} stands no `(1) <LINK>, <LINK>: what went wrong.`, but {comment:?}")
        })
    }

    fn read(test: &str, comment: &str) -> Option<Self> {
        let (number, rest) = comment.strip_prefix('(')?.split_once(") <")?;
        let (links, what) = rest.split_once(">: ")?;
        Some(Self {
            number: number.parse().ok()?,
            links: links.split(">, <").map(str::to_owned).collect(),
            what: what.trim_end_matches('.').to_owned(),
            test: test.to_owned(),
        })
    }

    fn row(&self) -> String {
        let links = self.links.iter().map(|link| format!("[{}]({link})", named(link)));
        let links = links.collect::<Vec<_>>().join(", ");
        format!("| {} | {links} | {} | `{}` |\n", self.number, self.what, self.test)
    }
}

/// `owner/name#number` of an issue; of another page its host.
fn named(link: &str) -> String {
    let path = link.strip_prefix("https://").unwrap();
    match path.split('/').collect::<Vec<_>>()[..] {
        ["github.com", owner, name, _, number] => format!("{owner}/{name}#{number}"),
        ref parts => parts[0].to_owned(),
    }
}

/// The tests of a file, each with the comment above it as one line.
fn complaints(path: &Path) -> Vec<Complaint> {
    let text = fs::read_to_string(path).unwrap();
    let (mut comment, mut is_test, mut found) = (String::new(), false, Vec::new());
    for line in text.lines() {
        if let Some(more) = line.strip_prefix("/// ") {
            comment.push_str(more);
            comment.push(' ');
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else {
            let named = line.trim_start_matches("async ").strip_prefix("fn ");
            if let (true, Some(rest)) = (is_test, named) {
                found.push(Complaint::of(rest.split('(').next().unwrap(), comment.trim()));
            }
            comment.clear();
            is_test = false;
        }
    }
    found
}

#[test]
fn the_document_is_what_stands_above_the_tests() {
    let files = fs::read_dir(TESTS).unwrap().map(|entry| entry.unwrap().path());
    let others = files.filter(|path| !path.ends_with("document.rs"));
    let mut all: Vec<_> = others.flat_map(|path| complaints(&path)).collect();
    all.sort_by(|a, b| (a.number, &a.test).cmp(&(b.number, &b.test)));
    assert!(all.len() > 30, "{} tests were found", all.len());
    let mut found = HEAD.to_owned();
    all.iter().for_each(|complaint| found.write_str(&complaint.row()).unwrap());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(FILE, &found).unwrap();
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    let again = "run `UPDATE=1 cargo test -p weir-proxy --test complaints document`";
    assert!(written == found, "COMPLAINTS.md is not what the tests say: {again}");
}
