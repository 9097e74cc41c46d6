//! Watching one engine: finding where it answers, then reading its metrics again and again. Of a LiteLLM
//! proxy only the first.

mod pace;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use reqwest::Url;

use crate::asked::{Asked, Phase};
use crate::engine_metrics::EngineMetrics;
use crate::fetch::{Answer, Credentials, FetchError, Reach, Server};
use crate::probe::{Identity, Verdict, is_litellm, probe};
use crate::recognize::Role;
use crate::source::{SourceKind, Sources};
use pace::Pace;

/// A probe is two small answers.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// What answers at once, this soon after its start, took no longer.
const PROMPT: Duration = Duration::from_secs(2);
/// Longest answer to a probe. A list of many adapters is long.
const PROBE_LIMIT: usize = 1 << 20;
/// Longest exposition. That of vLLM is 100 to 500 KB.
const METRICS_LIMIT: usize = 16 << 20;
/// Adapters come and go while an engine runs.
const IDENTIFY_EVERY: Duration = Duration::from_secs(30);
/// OpenMetrics only where there is nothing else: vLLM's Rust front end.
const ACCEPT: &str = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5";

/// An engine to watch. Another one if any of this changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    /// What it is called among the sources.
    pub(crate) source: String,
    /// Its container's last start.
    pub(crate) started_at: Option<SystemTime>,
    /// What it is, or may be.
    pub(crate) role: Role,
    /// Whether it is said to be that; otherwise it has to show it.
    pub(crate) is_certain: bool,
    /// Where it may answer, best first.
    pub(crate) places: Vec<Url>,
    /// Why there is no such place.
    pub(crate) unreachable: Option<String>,
    pub(crate) credentials: Credentials,
    pub(crate) tls_ca_file: Option<PathBuf>,
    pub(crate) tls_verify: bool,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl Subject {
    /// Whether it is asked by a task of its own.
    pub(crate) const fn is_asked(&self) -> bool {
        matches!(self.role, Role::Vllm | Role::Litellm)
    }
}

/// Watches until it is dropped.
pub(crate) struct Watch {
    subject: Subject,
    asked: Arc<Mutex<Asked>>,
    sources: Arc<Sources>,
    begun: SystemTime,
}

/// Where it answered, and what it is asked with.
struct Found {
    prober: Server,
    scraper: Server,
    identity: Identity,
    place: Url,
}

impl Watch {
    /// `asked` is where what is learnt is kept.
    pub(crate) fn new(subject: Subject, asked: Arc<Mutex<Asked>>, sources: Arc<Sources>) -> Self {
        Self { subject, asked, sources, begun: SystemTime::now() }
    }

    /// Goes on until the task is aborted.
    pub(crate) async fn run(self) {
        if self.subject.role == Role::Litellm {
            return self.find_litellm().await;
        }
        let mut pace = Pace::new(self.subject.is_certain);
        loop {
            match self.find().await {
                Ok(found) => {
                    pace.begin_again();
                    self.found(&found);
                    let begun = Instant::now();
                    self.read_again_and_again(&found).await;
                    // Where only its metrics can't be had, it is not asked more often for that.
                    let rest = self.subject.interval.saturating_sub(begun.elapsed());
                    tokio::time::sleep(rest).await;
                }
                Err(verdict) => self.not_found(&verdict),
            }
            tokio::time::sleep(pace.next()).await;
        }
    }

    /// The first place where an engine answers; else what was found at the last that was tried.
    async fn find(&self) -> Result<Found, Verdict> {
        let mut last = Verdict::Foreign(self.subject.unreachable.clone().unwrap_or_default());
        for place in &self.subject.places {
            let servers = self.server(place, PROBE_TIMEOUT, PROBE_LIMIT).and_then(|prober| {
                Ok((prober, self.server(place, self.subject.timeout, METRICS_LIMIT)?))
            });
            let (prober, scraper) = match servers {
                Ok(servers) => servers,
                Err(error) => return Err(Verdict::Silent(error)),
            };
            match probe(&prober, self.subject.is_certain).await {
                Verdict::Engine(identity) => {
                    return Ok(Found { prober, scraper, identity, place: place.clone() });
                }
                other => last = other,
            }
        }
        Err(last)
    }

    /// Whoever asks it from then on knows where.
    async fn find_litellm(&self) {
        let mut pace = Pace::new(self.subject.is_certain);
        loop {
            for place in &self.subject.places {
                // No key: what answers need not be what it is taken for.
                let reach = Reach {
                    tls_verify: self.subject.tls_verify,
                    tls_ca_file: self.subject.tls_ca_file.clone(),
                    ..Reach::open(place.clone(), PROBE_TIMEOUT, PROBE_LIMIT)
                };
                let Ok(server) = Server::new(reach) else { continue };
                if is_litellm(&server).await {
                    let mut asked = self.asked.lock();
                    asked.was_asked = true;
                    asked.is_confirmed = true;
                    asked.phase = Phase::Up;
                    asked.reached = Some(place.clone());
                    return;
                }
            }
            self.asked.lock().was_asked = true;
            tokio::time::sleep(pace.next()).await;
        }
    }

    fn server(&self, place: &Url, timeout: Duration, limit: usize) -> Result<Server, FetchError> {
        Server::new(Reach {
            url: place.clone(),
            credentials: self.subject.credentials.clone(),
            tls_ca_file: self.subject.tls_ca_file.clone(),
            tls_verify: self.subject.tls_verify,
            timeout,
            limit,
        })
    }

    fn found(&self, found: &Found) {
        let mut asked = self.asked.lock();
        // Whether it was still loading when we first looked.
        let was_loading = asked.was_asked && asked.phase == Phase::Loading;
        let started = self.subject.started_at;
        let is_new = started.is_some_and(|at| at + PROMPT >= self.begun);
        if asked.load.is_none() && (was_loading || is_new) {
            asked.load = started.and_then(|at| SystemTime::now().duration_since(at).ok());
        }
        asked.phase = Phase::Up;
        asked.was_asked = true;
        asked.is_confirmed = true;
        asked.reached = Some(found.place.clone());
        asked.is(&found.identity);
    }

    fn not_found(&self, verdict: &Verdict) {
        let mut asked = self.asked.lock();
        let has_been_up = matches!(asked.phase, Phase::Up | Phase::Down);
        asked.was_asked = true;
        asked.metrics = None;
        asked.phase = match verdict {
            _ if has_been_up => Phase::Down,
            Verdict::Foreign(_) => Phase::Foreign,
            _ => Phase::Loading,
        };
        drop(asked);
        // One that loads is no failure, and one that need not be an engine is nobody's business.
        match verdict {
            Verdict::Foreign(found) if self.subject.is_certain => self.is_down(found),
            // Of an engine named by hand it is not known whether it loads.
            Verdict::Silent(error)
                if has_been_up
                    || (self.subject.is_certain
                        && (self.subject.started_at.is_none() || !is_loading(error))) =>
            {
                self.is_down(error);
            }
            _ => {}
        }
    }

    /// Until it does not answer any more.
    async fn read_again_and_again(&self, found: &Found) {
        let mut identified = Instant::now();
        let mut path = "/metrics";
        loop {
            let begun = Instant::now();
            let answer = match found.scraper.get_as(path, ACCEPT).await {
                // vLLM 0.4.0
                Ok(answer) if is_redirect(&answer) && path == "/metrics" => {
                    path = "/metrics/";
                    continue;
                }
                answer => answer,
            };
            match self.scraped(path, answer, begun).await {
                Spoken::Yes => {}
                Spoken::No => return self.asked.lock().phase = Phase::Down,
                Spoken::Late => match probe(&found.prober, true).await {
                    Verdict::Engine(_) => {}
                    _ => return self.asked.lock().phase = Phase::Down,
                },
            }
            if identified.elapsed() >= IDENTIFY_EVERY {
                identified = Instant::now();
                if let Verdict::Engine(identity) = probe(&found.prober, true).await {
                    self.asked.lock().is(&identity);
                }
            }
            tokio::time::sleep(self.subject.interval.saturating_sub(begun.elapsed())).await;
        }
    }

    /// Takes an answer, or notes that there is none.
    async fn scraped(
        &self,
        path: &str,
        answer: Result<Answer, FetchError>,
        begun: Instant,
    ) -> Spoken {
        let read = match answer {
            Ok(answer) if answer.status == 200 => read(path, answer).await,
            Ok(answer) => Err(FetchError::Status { path: path.to_owned(), status: answer.status }),
            Err(error) => Err(error),
        };
        let took = begun.elapsed();
        let mut asked = self.asked.lock();
        asked.scrapes.took = Some(took);
        let error = match read {
            Ok(metrics) => {
                let now = SystemTime::now();
                asked.metrics = Some(Arc::new(metrics));
                asked.scrapes.success += 1;
                asked.scrapes.last_success = Some(now);
                drop(asked);
                self.sources.up(SourceKind::Engine, &self.subject.source, now);
                return Spoken::Yes;
            }
            Err(error) => error,
        };
        asked.metrics = None;
        match error {
            FetchError::Timeout { .. } => asked.scrapes.timeout += 1,
            _ => asked.scrapes.error += 1,
        }
        drop(asked);
        self.is_down(&error);
        match error {
            FetchError::Timeout { .. } => Spoken::Late,
            // Without its key it was not asked.
            FetchError::Http { .. } | FetchError::File { .. } => Spoken::No,
            _ => Spoken::Yes,
        }
    }

    fn is_down(&self, error: &dyn std::fmt::Display) {
        self.sources.down(SourceKind::Engine, &self.subject.source, error);
    }
}

/// Whether somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    /// With metrics, or with something else.
    Yes,
    /// Nobody does.
    No,
    /// Not in time: with metrics, that is. An engine that is busy may have time for less.
    Late,
}

/// An exposition can be megabytes: reading one must not hold up the others.
async fn read(path: &str, answer: Answer) -> Result<EngineMetrics, FetchError> {
    let unreadable = |what: String| FetchError::Unreadable { path: path.to_owned(), what };
    let reading = move || EngineMetrics::read(&answer.body, answer.content_type.as_deref());
    match tokio::task::spawn_blocking(reading).await {
        Ok(Ok(metrics)) => Ok(metrics),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable("reading it failed; this is a fault of Weir's".to_owned())),
    }
}

fn is_redirect(answer: &Answer) -> bool {
    matches!(answer.status, 301 | 302 | 307 | 308)
}

/// Nobody listens yet.
fn is_loading(error: &FetchError) -> bool {
    matches!(error, FetchError::Http { refused: true, .. })
}

impl Asked {
    fn is(&mut self, identity: &Identity) {
        if let Some(version) = &identity.version {
            self.version = Some(version.clone());
        }
        if let Some(models) = &identity.models {
            self.models = Some(models.clone());
        }
    }
}
