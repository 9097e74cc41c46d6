//! A flood of junk through the real socket: series and memory stay where they are.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use weir_sim::Scrape;

use crate::dice::Dice;
use crate::files::file;
use crate::junk::{self, Is};
use crate::process::{DEADLINE, Weir};
use crate::samples::resident;
use crate::settings::Settings;
use crate::{talk, upstream};

/// Clients at once.
const CLIENTS: usize = 16;

/// Requests that are written at once, the one behind the other.
const BATCH: usize = 8;

/// What the memory may grow by between the half and the end. If 100 bytes of each request stayed,
/// a million of them would make 48 MiB; of a small flood, the long names (1 MiB) would.
const GROWTH: usize = 8 << 20;

/// What may come between the half and the end: a status or an outcome that the chances had not
/// brought before. A model that got a label would cost 100, at the least.
const SERIES: usize = 60;

/// Keys that are told apart.
const HASHES: usize = 50;

/// What the clients have sent.
#[derive(Default)]
struct Sent {
    requests: AtomicUsize,
    metered: AtomicUsize,
    passed: AtomicUsize,
    nonsense: AtomicUsize,
}

/// A connection, and what came on it.
struct Talker {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Talker {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Self { stream, input: Vec::new() }
    }

    /// Reads one answer, which has a length. An error is its head, if the connection ends with it.
    fn answer(&mut self) -> Result<(), String> {
        loop {
            if let Some(head) = self.input.windows(4).position(|four| four == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&self.input[..head]).to_ascii_lowercase();
                let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
                let length: usize = field("content-length: ").map_or(0, |it| it.parse().unwrap());
                let whole = head + 4 + length;
                if self.input.len() >= whole {
                    let closes = field("connection: ") == Some("close");
                    self.input.drain(..whole);
                    return if closes { Err(text) } else { Ok(()) };
                }
            }
            let mut piece = [0; 16 << 10];
            match self.stream.read(&mut piece) {
                Ok(0) => return Err("no answer".to_owned()),
                Err(error) => return Err(error.to_string()),
                Ok(read) => self.input.extend_from_slice(&piece[..read]),
            }
        }
    }
}

/// Sends junk until `until` requests have been sent by all.
fn flood(address: SocketAddr, mut dice: Dice, sent: &Sent, until: usize) {
    let mut talker = Talker::connect(address);
    while sent.requests.fetch_add(BATCH, Ordering::SeqCst) < until {
        let mut batch: Vec<_> = (0..BATCH).map(|_| junk::request(&mut dice)).collect();
        // Nothing is read behind nonsense.
        if let Some(at) = batch.iter().position(|junk| junk.is == Is::Nonsense) {
            batch.truncate(at + 1);
        }
        for junk in &batch {
            let count = match junk.is {
                Is::Metered => &sent.metered,
                Is::PassedThrough => &sent.passed,
                Is::Nonsense => &sent.nonsense,
            };
            count.fetch_add(1, Ordering::SeqCst);
        }
        let bytes: Vec<u8> = batch.iter().flat_map(|junk| &junk.bytes).copied().collect();
        talker.stream.write_all(&bytes).unwrap();
        for (number, junk) in batch.iter().enumerate() {
            if let Err(end) = talker.answer() {
                let request = String::from_utf8_lossy(&junk.bytes);
                assert_eq!(junk.is, Is::Nonsense, "request {number} of a batch: {end}: {request}");
                talker = Talker::connect(address);
            }
        }
    }
}

/// Floods until so many have been sent; the scrape afterwards.
fn flood_until(weir: &Weir, seed: u64, sent: &Sent, until: usize) -> Scrape {
    let address = weir.address;
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let dice = Dice::new(seed, (until + number) as u64);
            scope.spawn(move || flood(address, dice, sent, until));
        }
    });
    // Each of them took one batch too many, which was not sent.
    sent.requests.fetch_sub(CLIENTS * BATCH, Ordering::SeqCst);
    talk::settled(weir.admin)
}

fn series(scrape: &Scrape) -> usize {
    scrape.samples().count()
}

#[test]
fn junk_leaves_series_and_memory_flat() {
    let _alone = crate::alone();
    let settings = Settings::read();
    let runtime = crate::runtime();
    let upstream = runtime.block_on(upstream::start());
    let secret = file("what keys are hashed with");
    let path = file(&format!(
        "[proxy]\nengine = \"127.0.0.1:0\"\n\
         [proxy.clients]\nmetrics = \"hash\"\nhash_secret_file = {secret:?}\nmax = {HASHES}\n\
         [[proxy.routes]]\nupstream = \"http://{upstream}\"\n\
         models = [\"tiny\"]\npoll_models = \"0s\"\n",
        secret = secret.display()
    ));
    let weir = Weir::with_file(&path);
    let sent = Arc::new(Sent::default());
    let began = Instant::now();
    let half = flood_until(&weir, settings.seed, &sent, settings.junk / 2);
    let end = flood_until(&weir, settings.seed, &sent, settings.junk);
    let rate = settings.junk as f64 / began.elapsed().as_secs_f64();
    let kib = |scrape| resident(scrape) >> 10;
    eprintln!(
        "junk             {} requests, {rate:.0}/s; series {} and {}; memory {} and {} KiB",
        settings.junk,
        series(&half),
        series(&end),
        kib(&half),
        kib(&end)
    );
    check(&sent, &half, &end);
    for accept in ["text/plain", "application/openmetrics-text;version=1.0.0"] {
        parses(weir.admin, accept);
    }
}

/// What was sent is in the ledger, and nothing has grown.
fn check(sent: &Sent, half: &Scrape, end: &Scrape) {
    let number = |count: &AtomicUsize| Some(count.load(Ordering::SeqCst) as f64);
    let total = |name| end.sum(name, &[]);
    let rejected = end.sum("llm_requests_total", &[("outcome", "rejected")]);
    assert_eq!(rejected, number(&sent.nonsense), "what is no HTTP is counted as well");
    let metered = total("llm_requests_started_total").unwrap() - rejected.unwrap();
    assert_eq!(Some(metered), number(&sent.metered));
    assert_eq!(total("weir_passthrough_requests_total"), number(&sent.passed));

    let models = end.labels_of("llm_requests_started_total", "model");
    // 64 that were earned, `tiny`, `other`, and `unknown` where the body is no JSON.
    assert!((66..=67).contains(&models.len()), "{} {models:?}", models.len());
    assert!(models.contains("tiny") && models.iter().all(|name| name.len() <= 256), "{models:?}");
    let clients = end.labels_of("llm_client_requests_total", "client");
    assert_eq!(clients.len(), HASHES + 2, "and `other`, and `none`: {clients:?}");
    let overflow = end.value("weir_label_overflow_total", &[("label", "model")]);
    assert_eq!(overflow, end.sum("llm_requests_started_total", &[("model", "other")]));
    assert!(series(end) <= series(half) + SERIES, "{} {} series", series(half), series(end));
    let (before, after) = (resident(half), resident(end));
    assert!(after < before + GROWTH, "memory went from {before} to {after} bytes");
}

/// Whoever scrapes can read it, whatever stands in the labels.
fn parses(admin: SocketAddr, accept: &str) {
    let request = format!(
        "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: {accept}\r\n\r\n"
    );
    let page = talk::rest(&mut talk::send(admin, &request));
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    let scrape = Scrape::parse(body).unwrap();
    assert!(scrape.sum("llm_requests_started_total", &[("model", "other")]).is_some(), "{accept}");
}
