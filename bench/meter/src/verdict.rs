//! What was counted against what is recorded.

use std::fmt;

use crate::place::{Hold, Place};
use crate::record::Record;

/// By so many percent a figure may move before somebody has to look.
const TOLERANCE: u64 = 5;

/// What a work is found to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// It takes more than it may.
    Dearer(Moved),
    /// It takes so much less that its record holds it to nothing any more.
    Cheaper(Moved),
    /// It has no record.
    Unrecorded(String),
    /// Only its record is there.
    Gone(String),
}

/// A work whose figure is another one now.
#[derive(Debug, PartialEq, Eq)]
pub struct Moved {
    work: String,
    recorded: u64,
    counted: u64,
}

/// What is to be said, and whether it is bad.
#[derive(Debug)]
pub struct Verdict {
    /// In the order in which the works were counted; those that are gone come last.
    pub findings: Vec<Finding>,
    /// What holds for all of them.
    pub note: Option<String>,
    /// Whether a change like this must not go in.
    pub fails: bool,
}

/// Compares what was counted here with a record.
pub fn judge(record: &Record, here: &Place, counted: &[(String, u64)]) -> Verdict {
    let hold = record.place.holds_at(here);
    let mut findings = findings(record, counted);
    if hold == Hold::Elsewhere {
        // Works and records have to match everywhere; figures don't.
        findings.retain(|it| matches!(it, Finding::Unrecorded(_) | Finding::Gone(_)));
    }
    let fails = findings.iter().any(|it| !matches!(it, Finding::Cheaper(_)));
    Verdict { findings, note: note(&hold, &record.place, here), fails }
}

fn note(hold: &Hold, recorded: &Place, here: &Place) -> Option<String> {
    match hold {
        Hold::Alike => None,
        Hold::OtherVersion => Some(format!(
            "recorded with {recorded}; here is {here}. The figures are held all the same; if one has moved \
             by nothing but that, record anew and say so."
        )),
        Hold::Elsewhere => Some(format!(
            "NOT HELD: recorded with {recorded}; here is {here}, where figures are others. They were only \
             printed: that none got dearer is not known."
        )),
    }
}

fn findings(record: &Record, counted: &[(String, u64)]) -> Vec<Finding> {
    let recorded = &record.instructions;
    let moved = counted.iter().filter_map(|(work, counted)| match recorded.get(work) {
        Some(recorded) => moved(work, *recorded, *counted),
        None => Some(Finding::Unrecorded(work.clone())),
    });
    let is_gone = |work: &&String| !counted.iter().any(|(other, _)| other == *work);
    moved.chain(recorded.keys().filter(is_gone).cloned().map(Finding::Gone)).collect()
}

fn moved(work: &str, recorded: u64, counted: u64) -> Option<Finding> {
    let moved = || Moved { work: work.to_owned(), recorded, counted };
    if counted * 100 > recorded * (100 + TOLERANCE) {
        Some(Finding::Dearer(moved()))
    } else if counted * 100 < recorded * (100 - TOLERANCE) {
        Some(Finding::Cheaper(moved()))
    } else {
        None
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dearer(moved) => write!(f, "dearer: {moved}"),
            Self::Cheaper(moved) => write!(f, "cheaper: {moved}"),
            Self::Unrecorded(work) => write!(f, "without a record: {work:?}"),
            Self::Gone(work) => write!(f, "recorded, but no work any more: {work:?}"),
        }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, recorded, counted } = self;
        let change = change(*recorded, *counted);
        write!(f, "{work:?} takes {counted} instructions, recorded are {recorded} ({change})")
    }
}

/// By how much a figure has moved.
pub fn change(recorded: u64, counted: u64) -> String {
    let percent = (counted as f64 / recorded.max(1) as f64 - 1.0) * 100.0;
    format!("{percent:+.1} %")
}

#[cfg(test)]
mod tests;
