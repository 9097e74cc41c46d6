//! `weir-bench scrape`: how long Weir takes to write out its metrics when they are many, and whether the streams that go
//! through it in the meantime notice.

pub(crate) mod scraper;

use std::time::{Duration, Instant};

use self::scraper::{Format, Scraper, ScraperError};
use crate::cells::Work;
use crate::chat::Chat;
use crate::client::{Client, ClientError};
use crate::contender::{Apart, Contender, ContenderError, Running};
use crate::load::{Counted, Load, LoadError};
use crate::loopback::Loopback;
use crate::results::{Quantiles, Scrape};
use crate::statistics::Spread;
use crate::upstream::Order;

/// A model that has had a stream has at least so many.
const SERIES_OF_A_MODEL: u64 = 200;
/// Of each format, while nothing else is asked.
const SCRAPES: u32 = 100;
/// Streams that are open, and the time between two events of each.
const STREAMS: usize = 20;
const INTERVAL: Duration = Duration::from_millis(5);
/// Windows with scrapes and as many without, one after the other.
const WINDOWS: usize = 5;

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScrapeError {
    #[error(transparent)]
    Contender(#[from] ContenderError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Scraper(#[from] ScraperError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0} of the streams beside the scrapes failed")]
    Streams(u64),
    #[error("a stream of {model} was answered {status}, not 200")]
    Answer { model: String, status: u16 },
    #[error("there are {there} series, fewer than {wanted}, though every model has had a stream")]
    TooFew { there: u64, wanted: u64 },
}

/// Gives Weir at least so many series, and scrapes it: alone, and in windows of this length while streams go through it.
pub(crate) async fn measure(
    stage: &Loopback,
    wanted: u64,
    length: Duration,
) -> Result<Scrape, ScrapeError> {
    let models = 0..=wanted / SERIES_OF_A_MODEL;
    let models: Vec<_> = models.map(|number| format!("model-{number}")).collect();
    let apart = Apart { models, under: Vec::new() };
    let weir = stage.start_apart(Contender::Weir, &apart).await?;
    stream_each(&weir, &apart.models).await?;
    let mut scraper = Scraper::of(&weir).await?;
    let page = scraper.scrape(Format::OpenMetrics).await?;
    let series = series(&page);
    if series < wanted {
        return Err(ScrapeError::TooFew { there: series, wanted });
    }
    let seconds = scrape_often(&mut scraper, Format::Text).await?;
    let seconds_open_metrics = scrape_often(&mut scraper, Format::OpenMetrics).await?;
    let seconds_protobuf = scrape_often(&mut scraper, Format::Protobuf).await?;
    let streams = with_streams(&weir, &mut scraper, length).await?;
    weir.end().await;
    Ok(Scrape {
        series,
        bytes: page.len() as u64,
        seconds,
        seconds_open_metrics,
        seconds_protobuf,
        cpu_seconds: streams.cpu_seconds(),
        delay_without: streams.without.delay(),
        delay_with: streams.with.delay(),
        seconds_with_streams: quantiles(streams.scrapes),
    })
}

/// A short stream of each model: what a model has, most of it has from its first stream on.
async fn stream_each(weir: &Running, models: &[String]) -> Result<(), ScrapeError> {
    let mut client = Client::connect(weir.address).await?;
    for model in models {
        let order = Order::Stream { events: Some(5), interval: Duration::from_millis(1) };
        let status = client.ask(&Chat::new(model, 512, order).bytes()).await?.status;
        if status != 200 {
            return Err(ScrapeError::Answer { model: model.clone(), status });
        }
    }
    Ok(())
}

/// How long each takes, one right after the other.
async fn scrape_often(scraper: &mut Scraper, format: Format) -> Result<Quantiles, ScrapeError> {
    let mut seconds = Vec::new();
    for _ in 0..SCRAPES {
        seconds.push(scrape_timed(scraper, format).await?);
    }
    Ok(quantiles(seconds))
}

async fn scrape_timed(scraper: &mut Scraper, format: Format) -> Result<f64, ScrapeError> {
    let began = Instant::now();
    scraper.scrape(format).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// What streams saw of scrapes, and scrapes of streams.
#[derive(Default)]
struct Streams {
    without: Windows,
    with: Windows,
    /// Seconds of each scrape.
    scrapes: Vec<f64>,
}

/// The windows of a kind.
#[derive(Default)]
struct Windows {
    delays: Vec<Quantiles>,
    cpu: Duration,
}

async fn with_streams(
    weir: &Running,
    scraper: &mut Scraper,
    length: Duration,
) -> Result<Streams, ScrapeError> {
    let mut seen = Streams::default();
    let work = Work::Streams { streams: STREAMS, interval: INTERVAL, events: None };
    let mut load = Load::start(&work, weir.address).await?;
    for _ in 0..WINDOWS {
        let before = weir.cpu();
        let counted = load.window(length).await?;
        seen.without.add(&counted, weir.cpu().saturating_sub(before))?;
        let before = weir.cpu();
        let scrapes = scrape_for(scraper, length, &mut seen.scrapes);
        let (counted, scraped) = tokio::join!(load.window(length), scrapes);
        scraped?;
        seen.with.add(&counted?, weir.cpu().saturating_sub(before))?;
    }
    load.stop().await;
    Ok(seen)
}

/// One right after the other, at least one.
async fn scrape_for(
    scraper: &mut Scraper,
    length: Duration,
    seconds: &mut Vec<f64>,
) -> Result<(), ScrapeError> {
    let end = Instant::now() + length;
    loop {
        seconds.push(scrape_timed(scraper, Format::OpenMetrics).await?);
        if Instant::now() >= end {
            return Ok(());
        }
    }
}

impl Streams {
    /// Of a processor, for each scrape.
    fn cpu_seconds(&self) -> f64 {
        (self.with.cpu.as_secs_f64() - self.without.cpu.as_secs_f64()) / self.scrapes.len() as f64
    }
}

impl Windows {
    fn add(&mut self, counted: &Counted, cpu: Duration) -> Result<(), ScrapeError> {
        if counted.errors > 0 {
            return Err(ScrapeError::Streams(counted.errors));
        }
        let delay = &counted.delay;
        let seconds = |quantile| delay.value_at_quantile(quantile) as f64 / 1e9;
        self.delays.push(Quantiles { count: delay.len(), p50: seconds(0.5), p99: seconds(0.99) });
        self.cpu += cpu;
        Ok(())
    }

    /// The medians of all windows: one in which something else had the processor is no measure.
    fn delay(&self) -> Quantiles {
        let median = |of: fn(&Quantiles) -> f64| {
            Spread::of(self.delays.iter().map(of)).map_or(f64::NAN, |spread| spread.median)
        };
        let count = self.delays.iter().map(|delay| delay.count).sum();
        Quantiles { count, p50: median(|delay| delay.p50), p99: median(|delay| delay.p99) }
    }
}

/// Lines that are no comment.
fn series(page: &[u8]) -> u64 {
    page.split(|byte| *byte == b'\n')
        .filter(|line| line.first().is_some_and(|it| *it != b'#'))
        .count() as u64
}

fn quantiles(mut all: Vec<f64>) -> Quantiles {
    all.sort_by(f64::total_cmp);
    let at = |quantile: f64| {
        let place = (quantile * all.len() as f64).ceil() as usize;
        all.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    Quantiles { count: all.len() as u64, p50: at(0.5), p99: at(0.99) }
}

#[cfg(test)]
mod tests {
    use super::{quantiles, series};

    #[test]
    fn a_quantile_is_one_of_those_that_were_seen() {
        let quantiles = |all: &[f64]| {
            let quantiles = quantiles(all.to_vec());
            (quantiles.count, quantiles.p50, quantiles.p99)
        };
        assert_eq!(quantiles(&[3.0, 1.0, 2.0]), (3, 2.0, 3.0));
        let many: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(quantiles(&many), (200, 100.0, 198.0));
        assert!(quantiles(&[]).1.is_nan());
    }

    #[test]
    fn comments_are_no_series() {
        assert_eq!(
            series(b"# HELP a b.\n# TYPE a counter\na_total 1\na_total{b=\"#\"} 2\n# EOF\n"),
            2
        );
    }
}
