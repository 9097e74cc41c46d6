//! `weir-bench junk`: what becomes of Weir's memory, and of its metrics, when clients ask for what nobody has.

mod request;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::{JoinError, JoinSet};

use crate::client::Client;
use crate::contender::{Apart, Contender, ContenderError, Running};
use crate::loopback::Loopback;
use crate::results::Junk;
use crate::scrape::scraper::{Format, Scraper, ScraperError};

/// Open at a time.
const CONNECTIONS: u64 = 32;
/// Readings that are taken, at equal distances.
const READINGS: u64 = 10;
/// Readings before, each after so many requests: the buffers of a scrape are as large as they get after some.
const SETTLING: (u64, u64) = (8, 500);

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JunkError {
    #[error(transparent)]
    Contender(#[from] ContenderError),
    #[error(transparent)]
    Scraper(#[from] ScraperError),
    #[error("a connection's task did not end as it should")]
    Task(#[from] JoinError),
}

/// Asks Weir for so many things, all different, as fast as it goes; `tell` hears of each reading.
pub(crate) async fn measure(
    stage: &Loopback,
    requests: u64,
    mut tell: impl FnMut(Reading),
) -> Result<Junk, JunkError> {
    let weir = stage.start_apart(Contender::Weir, &Apart::default()).await?;
    settle(&weir, requests).await?;
    let mut junk = Junk { requests, errors: 0, readings: Vec::new() };
    for part in 0..READINGS {
        let at = |part| requests * part / READINGS;
        junk.errors += ask_all(weir.address, at(part), at(part + 1)).await?;
        let reading = read(&weir, at(part + 1)).await?;
        tell(reading);
        junk.readings.push(reading);
    }
    weir.end().await;
    Ok(junk)
}

/// Asks with numbers from `first` on, and reads what is not told.
async fn settle(weir: &Running, first: u64) -> Result<(), JunkError> {
    let (readings, requests) = SETTLING;
    for part in 0..readings {
        let first = first + part * requests;
        ask_all(weir.address, first, first + requests).await?;
        read(weir, 0).await?;
    }
    Ok(())
}

/// Requests so far, resident bytes then, and lines of `/metrics`.
type Reading = (u64, u64, u64);

async fn read(weir: &Running, requests: u64) -> Result<Reading, JunkError> {
    let metrics = Scraper::of(weir).await?.scrape(Format::Text).await?;
    let lines = metrics.iter().filter(|byte| **byte == b'\n').count();
    Ok((requests, weir.resident_memory(), lines as u64))
}

/// Asks with the numbers from `first` to `end`; returns how many failed.
async fn ask_all(address: SocketAddr, first: u64, end: u64) -> Result<u64, JoinError> {
    let next = Arc::new(AtomicU64::new(first));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(ask(address, Arc::clone(&next), end));
    }
    let mut errors = 0;
    while let Some(failed) = connections.join_next().await {
        errors += failed?;
    }
    Ok(errors)
}

/// One connection, and another one after a failure.
async fn ask(address: SocketAddr, next: Arc<AtomicU64>, end: u64) -> u64 {
    let mut client = None;
    let mut errors = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return errors;
        }
        if !ask_once(&mut client, address, number).await {
            client = None;
            errors += 1;
        }
    }
}

/// Whether it was answered as the upstream answers.
async fn ask_once(client: &mut Option<Client>, address: SocketAddr, number: u64) -> bool {
    if client.is_none() {
        *client = Client::connect(address).await.ok();
    }
    let Some(client) = client else { return false };
    client.ask(&request::junk(number)).await.is_ok_and(|answer| answer.status == 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::in_process;

    #[tokio::test]
    async fn each_number_is_asked_for_once_and_failures_are_counted() {
        let upstream = in_process::start();
        assert_eq!(ask_all(upstream.address, 100, 600).await.unwrap(), 0);
        let address = upstream.address;
        drop(upstream);
        assert_eq!(ask_all(address, 0, 50).await.unwrap(), 50, "nobody is there");
    }
}
