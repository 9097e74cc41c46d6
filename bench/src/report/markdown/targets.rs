//! Promises and what became of them.

use super::table::{Table, nothing};
use crate::results::Results;
use crate::targets::{Outcome, Verdict, verdicts};

pub(super) fn text(results: &Results) -> String {
    let verdicts = verdicts(results);
    let count =
        |is: fn(&Outcome) -> bool| verdicts.iter().filter(|verdict| is(&verdict.outcome())).count();
    let met = count(|outcome| *outcome == Outcome::Met);
    let missed = count(|outcome| matches!(outcome, Outcome::MissedBy(_)));
    let unknown = count(|outcome| *outcome == Outcome::NotMeasured);
    let mut table = Table::of_words(&["", "load point", "target", "measured", "met"]);
    for verdict in &verdicts {
        table.row(&verdict.what, cells(verdict));
    }
    format!(
        "### Targets\n\n{met} of {} are met, {missed} missed, {unknown} not measured.\n\n\
         {table}",
        verdicts.len()
    )
}

fn cells(verdict: &Verdict) -> [String; 4] {
    let measured = verdict.measured().unwrap_or_else(nothing);
    [verdict.load_point.clone(), verdict.limit(), measured, verdict.mark()]
}
