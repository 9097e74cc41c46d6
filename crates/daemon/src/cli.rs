//! The flags that every daemon has. `--version` is clap's own: `#[command(version)]` at the
//! daemon's type.

use std::path::PathBuf;

use crate::healthcheck::Probe;
use crate::logging::LogFormat;

/// The exit code of a daemon whose configuration cannot be used; clap's too, for wrong flags.
pub const EXIT_CONFIG: u8 = 2;

/// Flags of every daemon, to be flattened into its own.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommonArgs {
    /// Configuration file (TOML); else the one that WEIR_CONFIG names; else none.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Validate the configuration and exit.
    #[arg(long)]
    pub check: bool,

    /// Ask the daemon that runs with these settings for /health, with =ready for /ready, and exit: 0 if
    /// it answers well within 2 s, 1 if not. For health checks of containers.
    #[arg(
        long,
        value_name = "PROBE",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "health",
        conflicts_with = "check"
    )]
    pub healthcheck: Option<Probe>,

    /// Log as JSON lines or as text; text if stderr is a terminal, JSON if not, unless told.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

impl CommonArgs {
    /// The log format that was asked for, else the one that suits stderr.
    pub fn log_format(&self) -> LogFormat {
        self.log_format.unwrap_or_else(LogFormat::of_stderr)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, clap::Parser)]
    #[command(name = "weir-test", version)]
    struct Args {
        #[command(flatten)]
        common: CommonArgs,
    }

    #[test]
    fn every_flag_is_read() {
        let args = ["weir-test", "--config", "a.toml", "--check", "--log-format", "json"];
        let common = Args::try_parse_from(args).unwrap().common;
        assert_eq!(common.config, Some(PathBuf::from("a.toml")));
        assert!(common.check);
        assert_eq!(common.log_format(), LogFormat::Json);
    }

    #[test]
    fn a_health_check_asks_for_health_unless_told() {
        let probe = |flag: &str| {
            let args = Args::try_parse_from(["weir-test", flag]);
            args.map(|args| args.common.healthcheck)
        };
        assert_eq!(probe("--healthcheck").unwrap(), Some(Probe::Health));
        assert_eq!(probe("--healthcheck=ready").unwrap(), Some(Probe::Ready));
        assert!(probe("--healthcheck=live").unwrap_err().to_string().contains("health, ready"));
        let both = Args::try_parse_from(["weir-test", "--healthcheck", "--check"]);
        assert_eq!(both.unwrap_err().exit_code(), i32::from(EXIT_CONFIG));
    }

    #[test]
    fn wrong_flags_exit_like_a_wrong_configuration() {
        let error = Args::try_parse_from(["weir-test", "--log-format", "xml"]).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(EXIT_CONFIG));
        assert!(error.to_string().contains("json, pretty"), "{error}");
    }
}
