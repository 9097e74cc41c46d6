//! Memory of the process under what would like to fill it. Read from the system, of a process of
//! its own, so that no client and no upstream is counted with it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::files::{file, one_route};
use crate::process::Weir;
use crate::talk;

const MIB: usize = 1 << 20;

/// Starts it in front of `upstream`, which it asks for nothing by itself.
fn weir(upstream: SocketAddr) -> Weir {
    let route = one_route(&format!("http://{upstream}"), "");
    Weir::with_file(&file(&format!("{route}poll_models = \"0s\"\n")))
}

/// An upstream of threads: each connection is served by `serve`.
fn upstream(
    serve: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            // A client that left is no failure of the test.
            std::thread::spawn(move || serve(stream).ok());
        }
    });
    addr
}

/// Reads until the head has ended; whatever came of the body with it is dropped.
fn read_head(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&piece[..read]);
    }
    Ok(())
}

fn chunk(stream: &mut TcpStream, data: &[u8]) -> std::io::Result<()> {
    write!(stream, "{:x}\r\n", data.len())?;
    stream.write_all(data)?;
    stream.write_all(b"\r\n")
}

const EVENT: &str = "data: {\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
const EVENT_END: &str = "\"},\"finish_reason\":null}]}\n\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// A stream of five events, the third of which has 20 MiB.
fn huge_event(mut stream: TcpStream) -> std::io::Result<()> {
    read_head(&mut stream)?;
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let fine = format!("{EVENT}fine{EVENT_END}");
    for number in 0..5 {
        if number == 2 {
            chunk(&mut stream, EVENT.as_bytes())?;
            for _ in 0..20 * 16 {
                chunk(&mut stream, &[b'x'; MIB / 16])?;
            }
            chunk(&mut stream, EVENT_END.as_bytes())?;
        } else {
            chunk(&mut stream, fine.as_bytes())?;
        }
    }
    chunk(&mut stream, FINISH.as_bytes())?;
    stream.write_all(b"0\r\n\r\n")?;
    // What was not read would make a reset of the end.
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Takes the chunked coding off and keeps no more than the sums: length, and a checksum.
fn read_chunked(stream: &mut TcpStream) -> (usize, u64) {
    let mut reader = std::io::BufReader::new(stream);
    let (mut length, mut sum) = (0, 0);
    loop {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut data = vec![0; size + 2];
        reader.read_exact(&mut data).unwrap();
        length += size;
        sum = data[..size].iter().fold(sum, |sum, &byte| add(sum, byte));
        if size == 0 {
            return (length, sum);
        }
    }
}

fn add(sum: u64, byte: u8) -> u64 {
    sum.wrapping_mul(31).wrapping_add(u64::from(byte))
}

#[test]
fn an_event_of_twenty_mebibytes_passes_through() {
    let weir = weir(upstream(huge_event));
    let fine = format!("{EVENT}fine{EVENT_END}");
    let huge = format!("{EVENT}{}{EVENT_END}", "x".repeat(20 * MIB));
    let whole = [&fine, &fine, &huge, &fine, &fine, FINISH].map(str::as_bytes).concat();
    let wanted = (whole.len(), whole.iter().fold(0, |sum, &byte| add(sum, byte)));
    drop((whole, huge));

    let before = weir.peak_memory();
    let mut stream = talk::chat(weir.address, "");
    talk::skip_head(&mut stream);
    assert_eq!(read_chunked(&mut stream), wanted, "byte for byte");
    let grown = weir.peak_memory() - before;
    assert!(grown < 16 * MIB, "it grew by {} KiB", grown >> 10);

    let scrape = talk::settled(weir.admin);
    let too_large = [("reason", "event_too_large")];
    assert_eq!(scrape.value("weir_meter_degraded_total", &too_large), Some(1.0));
    assert_eq!(scrape.sum("llm_stream_events_total", &[]), Some(4.0), "the others were read");
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(1.0));
}

#[test]
fn bodies_without_an_end_wait_in_the_socket() {
    const CLIENTS: usize = 8;
    let enough = Arc::new(AtomicBool::new(false));
    let has_enough = Arc::clone(&enough);
    // Reads the head and then nothing, until it has enough.
    let weir = weir(upstream(move |mut stream| {
        read_head(&mut stream)?;
        let enough = || has_enough.load(Ordering::SeqCst).then_some(());
        talk::poll("the upstream has enough", enough);
        Ok(())
    }));
    let before = weir.peak_memory();
    let mut clients = Vec::new();
    let mut sent = 0;
    for number in 0..CLIENTS {
        let path = ["/v1/chat/completions", "/v1/responses"][number % 2];
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
        let mut stream = talk::send(weir.address, &head);
        stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let begin = b"c\r\n{\"messages\":\r\n";
        stream.write_all(begin).unwrap();
        // As much as anybody takes.
        while chunk(&mut stream, &[b'['; 64 << 10]).is_ok() {
            sent += 64 << 10;
        }
        clients.push(stream);
    }
    let grown = weir.peak_memory() - before;
    assert!(sent > 2 * MIB, "the sockets alone take more than {} KiB", sent >> 10);
    assert!(grown < 12 * MIB, "{CLIENTS} of them: it grew by {} KiB", grown >> 10);
    let status = talk::get(weir.admin, "/status");
    assert!(status.contains(&format!("\"requests_in_flight\":{CLIENTS}")), "{status}");
    enough.store(true, Ordering::SeqCst);
    let scrape = talk::settled(weir.admin);
    let lost = [("outcome", "upstream_reset")];
    assert_eq!(scrape.sum("llm_requests_total", &lost), Some(CLIENTS as f64));
}

/// Streams events for as long as anybody takes them.
fn endless_events(mut stream: TcpStream) -> std::io::Result<()> {
    read_head(&mut stream)?;
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let event = format!("{EVENT}{}{EVENT_END}", "x".repeat(4000));
    loop {
        chunk(&mut stream, event.as_bytes())?;
    }
}

#[test]
fn a_client_that_does_not_read_stops_its_upstream() {
    const CLIENTS: usize = 20;
    let weir = weir(upstream(endless_events));
    let before = weir.peak_memory();
    let clients: Vec<_> = (0..CLIENTS).map(|_| talk::chat(weir.address, "")).collect();
    // Until no more events come: everything is full.
    let mut events = 0.0;
    talk::poll("the streams stand still", || {
        std::thread::park_timeout(Duration::from_millis(200));
        let now = talk::scrape(weir.admin).sum("llm_stream_events_total", &[]).unwrap_or(0.0);
        let still = now > 0.0 && now == std::mem::replace(&mut events, now);
        still.then_some(())
    });
    let grown = weir.peak_memory() - before;
    assert!(grown < 12 * MIB, "{CLIENTS} of them: it grew by {} KiB", grown >> 10);
    drop(clients);
    let scrape = talk::settled(weir.admin);
    let left = [("outcome", "client_closed_mid_stream")];
    assert_eq!(scrape.sum("llm_requests_total", &left), Some(CLIENTS as f64));
}
