//! The standard variables, as the specification has them
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>): what is empty is not
//! set, what can't be used is left out with a warning, and keeps no daemon from starting.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::Sampler;
use crate::headers::Headers;

/// Most spans that may wait, whatever is asked for: some 2 KiB each.
const MOST_WAITING: usize = 65_536;

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// How to export; `None`: nothing is.
    pub settings: Option<Settings>,
    /// What could not be used, for the log. No value of a header is in it.
    pub warnings: Vec<String>,
}

/// How to export.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where to: for HTTP, with its path.
    pub endpoint: Uri,
    /// How to speak.
    pub protocol: Protocol,
    /// Names and secrets that go with every export.
    pub(crate) headers: Headers,
    /// Longest time that one export may take, all attempts included.
    pub timeout: Duration,
    /// How what is exported is compressed.
    pub compression: Compression,
    /// Certificates (PEM) to trust instead of the system's.
    pub certificate: Option<PathBuf>,
    /// Who exports.
    pub resource: Vec<(String, String)>,
    /// Which traces are exported.
    pub sampler: Sampler,
    /// How spans wait.
    pub queue: Queue,
}

/// How to speak to the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`
    Http,
    /// `grpc`
    Grpc,
}

/// How what is exported is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `gzip`
    Gzip,
}

/// How what is to be exported waits: for spans `OTEL_BSP_*`; metrics, of which none wait, are exported each `delay`
/// (`OTEL_METRIC_EXPORT_INTERVAL`) and have `timeout` (`OTEL_METRIC_EXPORT_TIMEOUT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// How many may wait; those that find no room are dropped.
    pub room: usize,
    /// How many go in one export at most.
    pub batch: usize,
    /// How long the first of them waits for others.
    pub delay: Duration,
    /// Longest time for an export.
    pub timeout: Duration,
}

impl Read {
    /// Reads the variables. `name` and `version` say who exports, where nothing else is said.
    pub fn variables(name: &str, version: &str, variable: impl Fn(&str) -> Option<String>) -> Self {
        Self::of(Signal::Traces, name, version, &variable)
    }

    /// The same for metrics.
    pub fn variables_of_metrics(
        name: &str,
        version: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self::of(Signal::Metrics, name, version, &variable)
    }

    fn of(
        signal: Signal,
        name: &str,
        version: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let mut reader = Reader { signal, variable, warnings: Vec::new() };
        let settings = reader.settings(name, version);
        Self { settings, warnings: reader.warnings }
    }
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    /// As variables have it.
    fn word(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// What goes out.
    fn what(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metrics",
        }
    }
}

struct Reader<'a> {
    signal: Signal,
    variable: &'a dyn Fn(&str) -> Option<String>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn settings(&mut self, name: &str, version: &str) -> Option<Settings> {
        let is_disabled =
            self.get("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if is_disabled || !self.wants_otlp() {
            return None;
        }
        let protocol = self.protocol();
        let endpoint = self.endpoint(protocol)?;
        Some(Settings {
            endpoint,
            protocol,
            headers: self.headers(),
            timeout: self.milliseconds_of_otlp("TIMEOUT", 10_000),
            compression: self.compression(),
            certificate: self.of_otlp("CERTIFICATE").map(|(_, path)| PathBuf::from(path)),
            resource: self.resource(name, version),
            sampler: match self.signal {
                Signal::Traces => self.sampler(),
                Signal::Metrics => Sampler::default(),
            },
            queue: match self.signal {
                Signal::Traces => self.queue(),
                Signal::Metrics => self.interval(),
            },
        })
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A variable of the exporter: that of the signal counts before that of all.
    fn of_otlp(&self, what: &str) -> Option<(String, String)> {
        [format!("{}_", self.signal.word()), String::new()].into_iter().find_map(|signal| {
            let name = format!("OTEL_EXPORTER_OTLP_{signal}{what}");
            self.get(&name).map(|text| (name, text))
        })
    }

    fn warn(&mut self, name: &str, found: &str, expected: &str) {
        let found = found.get(..found.floor_char_boundary(80)).unwrap_or_default();
        self.warnings.push(format!("{name} = {found:?}: expected {expected}"));
    }

    fn wants_otlp(&mut self) -> bool {
        let name = format!("OTEL_{}_EXPORTER", self.signal.word());
        let Some(text) = self.get(&name) else { return true };
        let named = || text.split(',').map(str::trim);
        if named().any(|one| one != "otlp" && one != "none") {
            self.warn(&name, &text, "\"otlp\" or \"none\", which are all that Weir has");
        }
        named().any(|one| one == "otlp")
    }

    fn protocol(&mut self) -> Protocol {
        match self.of_otlp("PROTOCOL") {
            None => Protocol::Http,
            Some((_, text)) if text == "http/protobuf" => Protocol::Http,
            Some((_, text)) if text == "grpc" => Protocol::Grpc,
            Some((name, text)) => {
                self.warn(&name, &text, "\"http/protobuf\", which is used, or \"grpc\"");
                Protocol::Http
            }
        }
    }

    fn endpoint(&mut self, protocol: Protocol) -> Option<Uri> {
        let (name, text) = self.of_otlp("ENDPOINT")?;
        let mut url = text.clone();
        if protocol == Protocol::Grpc && !url.contains("://") {
            let is_plain =
                self.of_otlp("INSECURE").is_some_and(|(_, it)| it.eq_ignore_ascii_case("true"));
            url = format!("{}://{url}", if is_plain { "http" } else { "https" });
        }
        if protocol == Protocol::Http && !name.contains(self.signal.word()) {
            let signal = self.signal.word().to_lowercase();
            url = format!("{}/v1/{signal}", url.trim_end_matches('/'));
        }
        let uri = url.parse::<Uri>().ok().filter(|uri| {
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            is_http && uri.host().is_some_and(|host| !host.is_empty())
        });
        // A user and a password would be quoted.
        let has_user =
            uri.as_ref().and_then(Uri::authority).is_some_and(|it| it.as_str().contains('@'));
        if has_user || (uri.is_none() && text.contains('@')) {
            let expected = format!(
                "no user and no password in it, which go into OTEL_EXPORTER_OTLP_HEADERS; no {} \
                 are exported",
                self.signal.what()
            );
            self.warn(&name, "(a URL with @)", &expected);
            return None;
        }
        if uri.is_none() {
            let what = self.signal.what();
            let expected = format!("a URL such as http://127.0.0.1:4318; no {what} are exported");
            self.warn(&name, &text, &expected);
        }
        uri
    }

    fn headers(&mut self) -> Headers {
        let Some((name, text)) = self.of_otlp("HEADERS") else { return Headers::default() };
        let (headers, bad) = Headers::read(&text);
        if bad > 0 {
            // Not what was found: these are secrets.
            let warning =
                format!("{name}: {bad} of its headers can't be read: expected name=value,…");
            self.warnings.push(warning);
        }
        headers
    }

    fn compression(&mut self) -> Compression {
        match self.of_otlp("COMPRESSION") {
            Some((_, text)) if text == "gzip" => Compression::Gzip,
            Some((name, text)) if text != "none" => {
                self.warn(&name, &text, "\"gzip\" or \"none\", which is used");
                Compression::None
            }
            _ => Compression::None,
        }
    }

    fn resource(&mut self, name: &str, version: &str) -> Vec<(String, String)> {
        const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let mut resource: Vec<(String, String)> = Vec::new();
        let mut set = |key: &str, value: String| {
            resource.retain(|(other, _)| other != key);
            resource.push((key.to_owned(), value));
        };
        set("service.name", name.to_owned());
        set("service.version", version.to_owned());
        let written = self.get(NAME).unwrap_or_default();
        let mut read = Vec::new();
        for member in written.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            match member.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => {
                    read.push((key.trim(), value.trim()))
                }
                // Then all of it is left out, as the specification has it.
                _ => {
                    self.warn(NAME, member, "key=value,…");
                    read.clear();
                    break;
                }
            }
        }
        for (key, value) in read {
            set(key, percent_decode_str(value).decode_utf8_lossy().into_owned());
        }
        if let Some(name) = self.get("OTEL_SERVICE_NAME") {
            set("service.name", name);
        }
        resource
    }

    fn sampler(&mut self) -> Sampler {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
        let Some(name) = self.get(NAME) else { return Sampler::default() };
        let mut ratio = 1.0;
        if name.ends_with("traceidratio")
            && let Some(text) = self.get(ARGUMENT)
        {
            match text.parse() {
                Ok(number) if (0.0..=1.0).contains(&number) => ratio = number,
                _ => self.warn(ARGUMENT, &text, "a share from 0 to 1; all are sampled"),
            }
        }
        Sampler::named(&name, ratio).unwrap_or_else(|| {
            let expected = "always_on, always_off, traceidratio, or one of them behind \
                            \"parentbased_\"; parentbased_always_on is used";
            self.warn(NAME, &name, expected);
            Sampler::default()
        })
    }

    fn queue(&mut self) -> Queue {
        let room = self.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048).clamp(1, MOST_WAITING);
        let batch = self.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512).clamp(1, room);
        let delay = Duration::from_millis(self.number("OTEL_BSP_SCHEDULE_DELAY", 5_000));
        let timeout = Duration::from_millis(self.number("OTEL_BSP_EXPORT_TIMEOUT", 30_000));
        Queue { room, batch, delay, timeout }
    }

    fn interval(&mut self) -> Queue {
        let milliseconds = |number: u64| Duration::from_millis(number.max(1));
        let delay = milliseconds(self.number("OTEL_METRIC_EXPORT_INTERVAL", 60_000));
        let timeout = milliseconds(self.number("OTEL_METRIC_EXPORT_TIMEOUT", 30_000));
        Queue { room: 1, batch: 1, delay, timeout }
    }

    fn number<T: FromStr>(&mut self, name: &str, otherwise: T) -> T {
        let Some(text) = self.get(name) else { return otherwise };
        text.parse().unwrap_or_else(|_| {
            self.warn(name, &text, "a whole number; its default is used");
            otherwise
        })
    }

    fn milliseconds_of_otlp(&mut self, what: &str, otherwise: u64) -> Duration {
        let named = self.of_otlp(what);
        let number = named.map_or(otherwise, |(name, _)| self.number(&name, otherwise));
        Duration::from_millis(number)
    }
}

#[cfg(test)]
mod tests;
