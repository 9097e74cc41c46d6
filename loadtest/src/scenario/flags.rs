//! Flags of the command line, over what the scenario says.

use super::{Load, ModelShare, Scenario, most_in_flight, one};
use crate::cli::LoadArgs;

impl Scenario {
    /// With the flags that are given. The result has to be [validated](Self::validate) again.
    ///
    /// `--requests` and `--duration` replace both ends of the scenario; `--concurrency` and `--rate` replace its load,
    /// and so its search.
    pub(crate) fn apply(mut self, flags: &LoadArgs) -> Self {
        if flags.requests.is_some() || flags.duration.is_some() {
            (self.requests, self.duration) = (flags.requests, flags.duration);
        }
        if let Some(clients) = flags.concurrency {
            self.load =
                Load::Closed { concurrency: usize::try_from(clients).unwrap_or(usize::MAX) };
            self.search = None;
        }
        if let Some(rate) = flags.rate {
            self.load = open(rate, &self.load);
            self.search = None;
        }
        if !flags.models.is_empty() {
            let share = |name: &String| ModelShare { name: name.clone(), weight: one() };
            self.models = flags.models.iter().map(share).collect();
        }
        if let Some(seed) = flags.seed {
            self.seed = seed;
            // Whoever names a seed wants what it sent the last time, to the word.
            self.salt = self.salt.or(Some(0));
        }
        self.warm_up = flags.warm_up.unwrap_or(self.warm_up);
        self.timeout = flags.timeout.unwrap_or(self.timeout);
        self.capture |= flags.capture;
        self
    }
}

/// An open load of this rate; what it shares with `before` stays.
fn open(rate: f64, before: &Load) -> Load {
    let (arrivals, max_in_flight) = match before {
        Load::Open { arrivals, max_in_flight, .. } => (*arrivals, *max_in_flight),
        Load::Trace { max_in_flight, .. } => (Default::default(), *max_in_flight),
        Load::Closed { .. } | Load::Stages { .. } => (Default::default(), most_in_flight()),
    };
    Load::Open { rate, arrivals, max_in_flight }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use weir_daemon::config::Span;

    use super::*;
    use crate::cli::{Args, Command};
    use crate::scenario::Arrivals;

    /// A shipped scenario with these flags.
    fn with(name: &str, flags: &[&str]) -> Scenario {
        let args = ["weir-loadtest", "run", "--target", "http://a", "--scenario", name];
        let args = Args::try_parse_from(args.iter().chain(flags)).unwrap();
        let Command::Run(args) = args.command else { panic!("{args:?}") };
        Scenario::load(&args.load.scenario).unwrap().apply(&args.load)
    }

    #[test]
    fn without_flags_nothing_changes() {
        assert_eq!(with("mixed", &[]), Scenario::load("mixed").unwrap());
    }

    #[test]
    fn one_end_replaces_both() {
        let ends = |flags: &[&str]| {
            let scenario = with("quick", flags);
            (scenario.requests, scenario.duration)
        };
        assert_eq!(ends(&[]), (Some(50), Some(Span::from_secs(60))));
        assert_eq!(ends(&["--requests", "5000"]), (Some(5000), None));
        assert_eq!(ends(&["--duration", "5s"]), (None, Some(Span::from_secs(5))));
        let both = ends(&["--duration", "5s", "--requests", "7"]);
        assert_eq!(both, (Some(7), Some(Span::from_secs(5))));
    }

    #[test]
    fn a_load_replaces_the_load_and_the_search() {
        let open =
            |rate, max_in_flight| Load::Open { rate, arrivals: Arrivals::Poisson, max_in_flight };
        assert_eq!(with("quick", &["--rate", "3.5"]).load, open(3.5, 4096));
        assert_eq!(with("open-loop", &["--rate", "3"]).load, open(3.0, 1024));
        let searched = with("goodput", &["--concurrency", "9", "--requests", "3"]);
        assert_eq!((&searched.load, &searched.search), (&Load::Closed { concurrency: 9 }, &None));
        searched.validate().unwrap();
        // Nobody says when it ends.
        with("ramp", &["--concurrency", "9"]).validate().unwrap_err();
    }

    #[test]
    fn what_else_there_is() {
        let flags = ["--model", "a", "--model", "b", "--seed", "7", "--warm-up", "0"];
        let flags = [&flags[..], &["--timeout", "9s", "--capture"]].concat();
        let scenario = with("quick", &flags);
        let names: Vec<_> = scenario.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!((names, scenario.seed, scenario.warm_up), (vec!["a", "b"], 7, 0));
        assert_eq!((scenario.timeout, scenario.capture), (Span::from_secs(9), true));
    }
}
