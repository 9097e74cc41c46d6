//! `run`: its arguments.

use std::path::PathBuf;

use clap::Args;

use crate::cells::{self, Cell};
use crate::contender::Contender;
use crate::names;

/// Measure all contenders in all cells, in rounds, and write the report.
///
/// Ctrl-C ends it with a report of what there is.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A few cells, few and short rounds: some minutes instead of half an hour.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Good rounds of each cell, instead of its own number.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,
    /// Only these cells, such as json-1k-saturated or paced-5ms-20.
    #[arg(long, value_name = "CELL", num_args = 1.., value_parser = cell)]
    pub(crate) only: Vec<Cell>,
    /// Only these contenders, such as bare and weir; without a proxy is measured always.
    #[arg(long, value_name = "CONTENDER", num_args = 1.., value_parser = names::named)]
    pub(crate) contenders: Vec<Contender>,
    /// Where release/weir-proxy, release/bare-pingora and plain/bare-pingora are.
    #[arg(long, value_name = "DIRECTORY", default_value = "target")]
    pub(crate) programs: PathBuf,
    /// The folder for results.json, report.md and plot.svg.
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    pub(crate) out: PathBuf,
}

fn cell(name: &str) -> Result<Cell, String> {
    let full = cells::full();
    let names: Vec<_> = full.iter().map(|cell| cell.name.clone()).collect();
    let found = full.into_iter().find(|cell| cell.name == name);
    found.ok_or_else(|| format!("there are {}", names.join(", ")))
}

impl RunArgs {
    /// In the order of the whole run, however they were named.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let mut cells = match (self.only.is_empty(), self.quick) {
            (true, true) => cells::quick(),
            (true, false) => cells::full(),
            (false, quick) => {
                let full = cells::full().into_iter().filter(|cell| self.only.contains(cell));
                full.map(|cell| if quick { cell.shortened() } else { cell }).collect()
            }
        };
        if let Some(rounds) = self.rounds {
            cells.iter_mut().for_each(|cell| cell.rounds = rounds);
        }
        cells
    }

    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let all = self.contenders.is_empty();
        let is_wanted = |contender: &Contender| {
            all || *contender == Contender::Direct || self.contenders.contains(contender)
        };
        Contender::ALL.into_iter().filter(is_wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cells::{JSON_2M_RATE, PACED_20};
    use crate::cli::{Cli, Command};

    fn parsed(arguments: &[&str]) -> RunArgs {
        let cli = Cli::try_parse_from(["weir-bench", "run"].iter().chain(arguments)).unwrap();
        let Command::Run(args) = cli.command else { panic!("it is {:?}", cli.command) };
        args
    }

    #[test]
    fn without_arguments_everything_is_measured() {
        let args = parsed(&[]);
        assert_eq!((args.cells(), args.contenders()), (cells::full(), Contender::ALL.to_vec()));
        assert_eq!(parsed(&["--quick"]).cells(), cells::quick());
    }

    #[test]
    fn cells_and_contenders_are_chosen_by_name() {
        let args = parsed(&["--only", PACED_20, JSON_2M_RATE, "--contenders", "weir", "bare"]);
        let names: Vec<_> = args.cells().into_iter().map(|cell| (cell.name, cell.rounds)).collect();
        assert_eq!(names, [(JSON_2M_RATE.to_owned(), 5), (PACED_20.to_owned(), 7)]);
        assert_eq!(args.contenders(), [Contender::Direct, Contender::Bare, Contender::Weir]);
        // Also those that the short run leaves out.
        let args = parsed(&["--quick", "--only", JSON_2M_RATE, "--rounds", "2"]);
        let cells = args.cells();
        assert_eq!((cells.len(), cells[0].rounds, cells[0].length.as_secs()), (1, 2, 1));
    }

    #[test]
    fn who_is_unknown_is_told_who_is_there() {
        for (arguments, said) in [
            (["--only", "json-1g"], "there are json-1k-saturated, "),
            (["--contenders", "apache"], "there are direct, "),
        ] {
            let error = Cli::try_parse_from(["weir-bench", "run"].iter().chain(&arguments));
            assert!(error.unwrap_err().to_string().contains(said), "{arguments:?}");
        }
    }
}
