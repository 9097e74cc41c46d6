//! The command line.

mod compare;
mod limit;
mod run;
mod runs;
mod scenarios;
mod serve;

pub(crate) use self::compare::CompareArgs;
pub(crate) use self::limit::LimitArgs;
pub(crate) use self::run::{LoadArgs, RunArgs, StoreArgs};
pub(crate) use self::runs::{RunsArgs, RunsCommand};
pub(crate) use self::scenarios::ScenariosArgs;
pub(crate) use self::serve::ServeArgs;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use reqwest::Url;
use weir_sim::{Engine, Plan};

/// The run failed, or an SLO or a gate was missed.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The target cannot be reached, or an address cannot be listened on.
pub(crate) const EXIT_UNREACHABLE: u8 = 3;
/// Ctrl-C ended a run; its report is whole as far as it goes.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;
/// The arguments cannot be used; clap's own code too.
pub(crate) const EXIT_USAGE: u8 = 2;

const EXIT_CODES: &str = "Exit codes: 0 ended as asked, for sim, demo, traffic and serve also by Ctrl-C and SIGTERM; 1 failed, or an \
    SLO or a gate was missed; 2 wrong arguments; 3 nobody is at the target, or the address is taken; 130 Ctrl-C ended run, compare or limit.";

/// Simulated engines, light traffic, and a demonstration of the proxy with both.
#[derive(Debug, Parser)]
#[command(name = "weir-loadtest", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Box<RunArgs>),
    Compare(Box<CompareArgs>),
    Runs(RunsArgs),
    Scenarios(ScenariosArgs),
    Serve(ServeArgs),
    Limit(LimitArgs),
    Sim(Box<SimArgs>),
    Demo(DemoArgs),
    Traffic(TrafficArgs),
    Healthcheck(HealthcheckArgs),
}

/// Run a simulated engine until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = SIM_HELP)]
pub(crate) struct SimArgs {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// What to imitate: vllm:VERSION, litellm:VERSION, llama.cpp or strict (a server that refuses
    /// stream_options).
    #[arg(long, value_name = "ENGINE", default_value = "vllm:0.32.0")]
    pub(crate) engine: Engine,
    /// Name of a model that it serves; may be given several times.
    #[arg(long = "model", value_name = "NAME", default_value = "tiny")]
    pub(crate) models: Vec<String>,
    /// How it answers; a request's x-sim header, written alike, changes it for that request.
    #[arg(long, value_name = "PLAN", default_value = "tokens=64,ttft=80ms,gap=12ms")]
    pub(crate) plan: Plan,
    /// Draft three tokens ahead of each step, as vLLM's metrics then say; what an event has beyond its first
    /// token (tokens_per_event=2) was accepted.
    #[arg(long)]
    pub(crate) speculative: bool,
}

const SIM_HELP: &str = "\
Plan: KEY=VALUE, separated by commas.
  tokens, reasoning, prompt, cached, tokens_per_event, events_per_write   numbers
  seconds                                                                 of audio heard
  ttft, gap                                                               80ms, 2s, 200us
  tool, done, chunked                                                     true or false
  coding                                                                  gzip, deflate, br, zstd
  fault    status:CODE, context_length, in_band_error:N, reset_mid_event:N,
           end_without_finish:N, stall:N, slow_head:DURATION, close_keep_alive and others:
           a wrong one is answered with the list

Examples:
  weir-loadtest sim --model llama-3.3-70b
  weir-loadtest sim --engine vllm:0.10.0 --model qwen3-8b --plan tokens=200,reasoning=80,gap=8ms
  curl -N http://127.0.0.1:8000/v1/chat/completions -H 'x-sim: fault=in_band_error:5' \\
    -d '{\"model\":\"llama-3.3-70b\",\"stream\":true,\"messages\":[]}'";

/// Show what the proxy measures: two simulated engines, weir-proxy in front of them, light traffic.
#[derive(Debug, clap::Args)]
#[command(after_help = DEMO_HELP)]
pub(crate) struct DemoArgs {
    /// The proxy's program [default: weir-proxy beside this program].
    #[arg(long, value_name = "PATH")]
    pub(crate) proxy: Option<PathBuf>,
    /// Prometheus' program [default: prometheus, from PATH].
    #[arg(long, value_name = "PATH")]
    pub(crate) prometheus: Option<PathBuf>,
    /// Start no Prometheus, even where there is one.
    #[arg(long, conflicts_with_all = ["prometheus", "rules"])]
    pub(crate) no_prometheus: bool,
    /// Folder with rules for Prometheus, *.yml [default: no rules].
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// End by itself after so long, such as 20s or 2m.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) length: Option<Duration>,
    /// At the end, print a summary as one line of JSON to stdout; the table goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

const DEMO_HELP: &str = "\
Addresses: 127.0.0.1:9801 for requests to the engines, 127.0.0.1:9800 for those through a gateway (the edge:
try `weir-loadtest run` there), 127.0.0.1:9900 for metrics and 127.0.0.1:23001 for Prometheus, free ports
where those are taken. The figures are those in front of the engines, for what came by either way. On a terminal the table is redrawn every second, elsewhere printed
every 5 s; NO_COLOR is honoured. Every figure of the table is from the proxy's /metrics.

Prometheus, where there is one, reads the proxy, the engines and eight simulated GPUs (if
weir-gpu-exporter is beside this program) every 2 s. Whatever goes wrong with it is said, and the
demo goes on without it.

Summary (--json), over the whole run; a member that nothing is known about is absent:
  seconds              length of the measurement
  started, active      requests, at the end
  outcomes             {outcome: requests}
  ledger_adds_up       started = sum of outcomes + active, here and at the edge
  edge                 {started, active}: of these requests, those that came through the edge
  models               [{model, route, started, active, requests_per_second, outcomes,
                       ttft_seconds: {p50, p95}, inter_token_seconds: {p50},
                       output_tokens_per_second, output_tokens_partly_estimated}]

Exit codes: 0 ended as asked, Ctrl-C and SIGTERM included; 1 the proxy failed, or its ledger does
not add up; 2 wrong arguments.";

/// Send light mixed traffic until Ctrl-C: chats and completions, streamed and not, a few clients that leave, a
/// few that are wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = TRAFFIC_HELP)]
pub(crate) struct TrafficArgs {
    /// Where requests go, such as http://127.0.0.1:9800.
    #[arg(long, value_name = "URL", value_parser = target)]
    pub(crate) target: Url,
    /// Name of a model to ask for; may be given several times.
    #[arg(long = "model", value_name = "NAME", required = true)]
    pub(crate) models: Vec<String>,
    /// Requests per second, on average.
    #[arg(long, value_name = "NUMBER", default_value = "2", value_parser = rate)]
    pub(crate) rate: f64,
    /// File with the key that goes with each request, as a bearer token.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// End by itself after so long, such as 20s or 2m.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) length: Option<Duration>,
}

const TRAFFIC_HELP: &str = "\
Requests come at random moments, whether or not others are still under way, but never more than 64 at
once: those beyond are left out, and counted. While nobody answers at the target it waits, and asks for
/v1/models every second. What came of the requests is said every minute on stderr, and at the end on
stdout.

To simulated engines (weir-loadtest sim) each request says with x-sim how to answer it, and one of a
hundred with which fault; other servers pass over that.

Exit codes: 0 ended as asked, Ctrl-C and SIGTERM included; 1 with --for, nobody answered at all;
2 wrong arguments.";

/// Ask a URL, and exit with 0 if it answers well within 2 s, else with 1: a health check for containers.
#[derive(Debug, clap::Args)]
pub(crate) struct HealthcheckArgs {
    /// What to ask.
    #[arg(value_name = "URL", value_parser = target, default_value = "http://127.0.0.1:8000/health")]
    pub(crate) url: Url,
}

pub(crate) fn target(text: &str) -> Result<Url, String> {
    let wrong = || "expected a URL such as http://127.0.0.1:9800".to_owned();
    let url: Url = text.parse().map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("expected a URL without a user and without a query".to_owned());
    }
    Ok(url)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=1000.0).contains(rate));
    rate.ok_or_else(|| "expected a number from 0.001 to 1000".to_owned())
}

fn load_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=100_000.0).contains(rate));
    rate.ok_or_else(|| "expected a number of requests per second from 0.001 to 100000".to_owned())
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as gpu=h200")?;
    if key.is_empty() || key.len() > 64 || value.len() > 256 {
        return Err("expected a key of 1 to 64 bytes and a value of at most 256".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration such as 500ms, 20s or 2m".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (amount, unit) = text.split_at(split);
    let amount: u64 = amount.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => Some(amount),
        "s" => amount.checked_mul(1_000),
        "m" => amount.checked_mul(60_000),
        "h" => amount.checked_mul(3_600_000),
        _ => None,
    };
    milliseconds.map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("20s"), Ok(Duration::from_secs(20)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["20", "s", "", "1.5s", "20 s", "99999999999999999999s"] {
            assert!(duration(bad).unwrap_err().contains("20s"), "{bad}");
        }
    }

    #[test]
    fn targets_and_rates_are_checked() {
        assert_eq!(target("http://weir:9800/").unwrap().as_str(), "http://weir:9800/");
        for bad in ["weir:9800", "/v1", "ftp://weir", "http://me:pw@weir", "http://weir/?key=1"] {
            assert!(target(bad).unwrap_err().contains("expected a URL"), "{bad}");
        }
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["0", "-1", "NaN", "inf", "1001", "2/s"] {
            assert!(rate(bad).unwrap_err().contains("0.001 to 1000"), "{bad}");
        }
    }

    #[test]
    fn an_engine_by_default() {
        let args = Args::try_parse_from(["weir-loadtest", "sim"]).unwrap();
        let Command::Sim(args) = args.command else { panic!("{args:?}") };
        assert_eq!(args.engine, Engine::vllm("0.32.0"));
        assert_eq!((args.models, args.plan.tokens), (vec!["tiny".to_owned()], 64));
    }

    #[test]
    fn wrong_arguments_say_what_was_expected() {
        for (bad, expected) in [
            (["--engine", "tgi:3"], "vllm:VERSION"),
            (["--plan", "speed=9"], "one of tokens"),
            (["--listen", "8000"], "--listen"),
        ] {
            let args = ["weir-loadtest", "sim", bad[0], bad[1]];
            let error = Args::try_parse_from(args).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(EXIT_USAGE));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
