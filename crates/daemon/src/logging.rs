//! Logging to stderr, as JSON lines or as text, and nothing that a client or an upstream sent.

mod panics;

use std::env::VarError;
use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless the environment says otherwise.
///
/// Libraries print heads and bodies, keys included, at levels of their own choice; what Weir itself
/// logs holds none. So a level that the environment gives without a module is Weir's own, and a
/// library says more than this only where it is named.
///
/// Pingora logs at `error` whatever a client does wrong, leaving mid-answer included, once per
/// request and with the request's path, or the bytes that are no HTTP. A daemon's own access log
/// says the same and better, so those modules are silent. From `warn` on it quotes headers, from
/// `debug` on whole heads, at `trace` bodies.
pub const DEFAULT_FILTER: &str =
    "warn,weir=info,pingora=error,pingora_proxy=off,pingora_core::apps=off";

/// What libraries say at most where they are not named.
const LIBRARIES: LevelFilter = LevelFilter::WARN;

/// Variables that change the filter; the first that is set counts.
const VARIABLES: [&str; 2] = ["WEIR_LOG", "RUST_LOG"];

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// One line of text, coloured on a terminal unless `NO_COLOR` is set.
    Pretty,
}

impl LogFormat {
    /// What suits stderr: text for a person at a terminal, JSON for everything that collects logs.
    pub fn of_stderr() -> Self {
        if io::stderr().is_terminal() { Self::Pretty } else { Self::Json }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The filter in the environment cannot be read; a configuration error.
    #[error(
        "{variable} = {text:?}: expected log filters such as \"debug\" or \"info,weir_proxy=trace\": {source} (from environment variable {variable})"
    )]
    Filter {
        /// `WEIR_LOG` or `RUST_LOG`.
        variable: &'static str,
        /// What was found.
        text: String,
        /// What the parser said.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody has set up logging in this process before.
    #[error("logging is set up already: {0}")]
    AlreadySet(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging to stderr, for the whole process; events of the `log` crate and panics are
/// included.
///
/// `WEIR_LOG`, else `RUST_LOG`, is added to `default_filter` (mostly [`DEFAULT_FILTER`]): `debug`
/// sets the level of Weir's own modules, and that of libraries only as far as `warn`;
/// `pingora_proxy=debug` replaces what it says of that module, whatever that module then prints.
pub fn init(format: LogFormat, default_filter: &str) -> Result<(), LoggingError> {
    let filter = filter(default_filter, std::env::var)?;
    let colour = io::stderr().is_terminal() && no_color_is_unset();
    subscriber(format, filter, colour, io::stderr).try_init()?;
    panics::log_from_now_on();
    Ok(())
}

/// <https://no-color.org>: any value but an empty one means no colour.
fn no_color_is_unset() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn filter(
    default_filter: &str,
    variable: impl Fn(&'static str) -> Result<String, VarError>,
) -> Result<EnvFilter, LoggingError> {
    let set = |name| Some((name, variable(name).ok().filter(|text| !text.is_empty())?));
    let Some((variable, text)) = VARIABLES.into_iter().find_map(set) else {
        return Ok(EnvFilter::new(default_filter));
    };
    EnvFilter::builder()
        .parse(format!("{default_filter},{}", of_weir(&text)))
        .map_err(|source| LoggingError::Filter { variable, text, source })
}

/// `text` with what it says of no module said of Weir's own.
fn of_weir(text: &str) -> String {
    let part = |part: &str| match part.parse::<LevelFilter>() {
        Ok(level) => format!("{},weir={level}", level.min(LIBRARIES)),
        // A span of any module.
        Err(_) if part.starts_with('[') => format!("weir{part}"),
        Err(_) => part.to_owned(),
    };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(part).collect::<Vec<_>>().join(",")
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    colour: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Json => {
            Box::new(builder.json().flatten_event(true).with_span_list(false).finish())
        }
        LogFormat::Pretty => Box::new(builder.with_ansi(colour).finish()),
    }
}

#[cfg(test)]
mod tests;
