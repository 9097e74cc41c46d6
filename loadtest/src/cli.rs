//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use weir_sim::{Engine, Plan};

/// The run failed.
pub(crate) const EXIT_FAILED: u8 = 1;
/// The arguments cannot be used; clap's own code too.
pub(crate) const EXIT_USAGE: u8 = 2;

const EXIT_CODES: &str = "Exit codes: 0 ended as asked, Ctrl-C and SIGTERM included; 1 failed; \
    2 wrong arguments.";

/// Simulated engines, and a demonstration of the proxy with them.
#[derive(Debug, Parser)]
#[command(name = "weir-loadtest", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sim(Box<SimArgs>),
    Demo(DemoArgs),
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
    /// End by itself after so long, such as 20s or 2m.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) length: Option<Duration>,
    /// At the end, print a summary as one line of JSON to stdout; the table goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
}

const DEMO_HELP: &str = "\
Addresses: 127.0.0.1:9801 for requests and 127.0.0.1:9900 for metrics, free ports where those are
taken. On a terminal the table is redrawn every second, elsewhere printed every 5 s; NO_COLOR is
honoured. Every figure is from the proxy's /metrics.

Summary (--json), over the whole run; a member that nothing is known about is absent:
  seconds              length of the measurement
  started, active      requests, at the end
  outcomes             {outcome: requests}
  ledger_adds_up       started = sum of outcomes + active
  models               [{model, route, started, active, requests_per_second, outcomes,
                       ttft_seconds: {p50, p95}, inter_token_seconds: {p50},
                       output_tokens_per_second, output_tokens_partly_estimated}]

Exit codes: 0 ended as asked, Ctrl-C and SIGTERM included; 1 the proxy failed, or its ledger does
not add up; 2 wrong arguments.";

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
