//! What is measured beside the cells.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::contender::Contender;
use crate::instructions::COUNTED;

/// Count the instructions of a request and of an event, of Weir and of bare Pingora under callgrind.
#[derive(Debug, Args)]
pub(crate) struct InstructionsArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Only these contenders, such as weir.
    #[arg(long, value_name = "CONTENDER", num_args = 1.., value_parser = counted)]
    pub(crate) contenders: Vec<Contender>,
    /// How often each is counted.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeats: u32,
    /// Keep callgrind's files here, for callgrind_annotate.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) keep: Option<PathBuf>,
}

/// Ask Weir for models that nobody has, and read what its memory and its metrics come to.
#[derive(Debug, Args)]
pub(crate) struct JunkArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// How many requests.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    pub(crate) requests: u64,
}

/// Scrape a Weir with many series, alone and while streams go through it.
#[derive(Debug, Args)]
pub(crate) struct ScrapeArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// At least so many series.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub(crate) series: u64,
    /// Of each of the windows with and without scrapes.
    #[arg(long, default_value = "5", value_parser = super::seconds)]
    pub(crate) seconds: Duration,
}

impl InstructionsArgs {
    /// Who is counted.
    pub(crate) fn contenders(&self) -> &[Contender] {
        if self.contenders.is_empty() { &COUNTED } else { &self.contenders }
    }
}

fn counted(name: &str) -> Result<Contender, String> {
    let found = COUNTED.into_iter().find(|contender| contender.name() == name);
    found.ok_or_else(|| format!("there are {}", COUNTED.map(Contender::name).join(", ")))
}

#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Where release/weir-proxy, release/bare-pingora and plain/bare-pingora are.
    #[arg(long, value_name = "DIRECTORY", default_value = "target")]
    pub(crate) programs: PathBuf,
    /// Another weir-proxy than that.
    #[arg(long, value_name = "FILE")]
    pub(crate) weir: Option<PathBuf>,
    /// The folder for files on the way.
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    pub(crate) out: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{Cli, Command};
    use crate::contender::Contender;
    use crate::instructions::COUNTED;

    fn contenders(arguments: &[&str]) -> Result<Vec<Contender>, String> {
        let cli = Cli::try_parse_from(["weir-bench", "instructions"].iter().chain(arguments));
        match cli.map_err(|error| error.to_string())?.command {
            Command::Instructions(args) => Ok(args.contenders().to_vec()),
            other => panic!("it is {other:?}"),
        }
    }

    #[test]
    fn who_can_be_counted_is_chosen_by_name() {
        assert_eq!(contenders(&[]), Ok(COUNTED.to_vec()));
        assert_eq!(contenders(&["--contenders", "weir"]), Ok(vec![Contender::Weir]));
        let error = contenders(&["--contenders", "nginx"]).unwrap_err();
        assert!(error.contains("there are bare-plain, bare, weir"), "{error}");
    }
}
