//! What Weir takes, against each of the others: the whole run in one table.

use super::PLOT;
use super::table::{Table, microseconds, nothing};
use crate::contender::Contender::{
    self, Bare, BarePlain, Envoy, HaproxyHttp, HaproxyTcp, Nginx, Weir,
};
use crate::names::title;
use crate::results::Results;
use crate::statistics::{Rounds, measure};
use crate::words::fixed;

const OTHERS: [Contender; 6] = [Bare, BarePlain, Envoy, Nginx, HaproxyHttp, HaproxyTcp];

pub(super) fn text(results: &Results) -> String {
    let heads = OTHERS.map(|other| format!("÷ {}", title(other)));
    let heads: Vec<_> =
        ["", "Weir, µs"].into_iter().chain(heads.iter().map(String::as_str)).collect();
    let mut table = Table::new(&heads);
    let (mut less, mut more) = (0, 0);
    for cell in &results.cells {
        let rounds = Rounds::of(results, &cell.name);
        let cpu = measure::cpu(&cell.work);
        let Some(own) = rounds.over(Weir, cpu) else { continue };
        let ratios = OTHERS.map(|other| rounds.ratio(Weir, other, cpu).map(|it| it.median));
        less += ratios.iter().flatten().filter(|ratio| **ratio < 1.0).count();
        more += ratios.iter().flatten().filter(|ratio| **ratio > 1.0).count();
        let ratios = ratios.map(|ratio| ratio.map_or_else(nothing, |ratio| fixed(ratio, 2)));
        let cells = [microseconds(Some(own))].into_iter().chain(ratios);
        table.row(cell.work.to_string(), cells);
    }
    if less + more == 0 {
        return String::new();
    }
    format!(
        "### CPU time of Weir per request or event\n\n\
         Above 1 Weir takes more than the other, below 1 less: {more} of these {} ratios are above 1.\n\n\
         {table}\n\n\
         ![CPU time per request or event, against bare Pingora]({PLOT})",
        less + more
    )
}
