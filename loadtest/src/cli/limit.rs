//! `limit`: its arguments.

use std::time::Duration;

/// Measure what this load tester can do on this machine, with its own simulator: when is it the bottleneck?
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct LimitArgs {
    /// How long each of about a dozen measurements takes, such as 500ms or 5s.
    #[arg(long = "for", value_name = "DURATION", default_value = "5s", value_parser = super::duration)]
    pub(crate) length: Duration,
    /// Print the figures as one line of JSON; the table goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

const HELP: &str = "\
Measured against a simulated engine in a process of its own, which answers at once: whole answers of 1 KiB
and streams of 256 events by ever more clients, and streams with an event every 20 ms, twice as many each
time, until the 99th percentile of the gaps is off by more than 2 ms. The simulator has to share this
machine, so it is a lower bound: the table says how many cores each of both used.

JSON (--json):
  version, cores, cpu, seconds   what was measured, where, and for how long each time
  whole, streams, paced          [{clients, requests_per_second, events_per_second, p50, p99,
                                 tester_cores, simulator_cores, machine_busy, exact}]; p50 and p99 are
                                 seconds of a whole answer, to the first token, of a gap
  requests_per_second, events_per_second, paced_streams   the most of each; absent: not even the least

Exit codes: 0 measured; 1 failed; 2 wrong arguments; 130 interrupted, with what was measured until then.";
