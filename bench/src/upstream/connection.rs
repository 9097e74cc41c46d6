//! One connection to the upstream.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::answer::{self, Events};
use super::order::Order;
use super::request::{self, BUFFER};
use crate::clock::{Timer, now};

/// Answers one request after another until the client has no more, or something cannot be read. A stream to a client
/// that has gone ends with the event that cannot be written.
pub(super) async fn serve(mut stream: TcpStream, timer: Rc<Timer>) {
    let mut buffer = Vec::with_capacity(BUFFER);
    let mut last = Last { bytes: 0, answer: Vec::new() };
    while let Ok(Some(request)) = request::read(&mut stream, &mut buffer).await {
        let written = match request.order {
            Ok(Order::Whole { bytes }) => stream.write_all(last.answer(bytes)).await,
            Ok(Order::Stream { events, interval }) => {
                // Without end: as many as come in a hundred days at 2 ms.
                let events = events.unwrap_or(u32::MAX);
                write_stream(&mut stream, &timer, events, interval, request.with_usage).await
            }
            Err(error) => stream.write_all(&answer::refusal(&error.to_string())).await,
        };
        if written.is_err() || request.closes {
            break;
        }
    }
}

/// The last whole answer: the next one is mostly the same.
struct Last {
    bytes: usize,
    answer: Vec<u8>,
}

impl Last {
    fn answer(&mut self, bytes: usize) -> &[u8] {
        if self.bytes != bytes || self.answer.is_empty() {
            *self = Self { bytes, answer: answer::whole(bytes) };
        }
        &self.answer
    }
}

/// Each event when it is due since the first one, whenever those before it were written.
async fn write_stream(
    stream: &mut TcpStream,
    timer: &Timer,
    events: u32,
    interval: Duration,
    with_usage: bool,
) -> io::Result<()> {
    let interval = interval.as_nanos() as u64;
    let mut text = Events::new();
    let began = now();
    stream.write_all(text.first(began)).await?;
    for number in 1..events {
        timer.until(began + u64::from(number) * interval).await;
        stream.write_all(text.next(now())).await?;
    }
    stream.write_all(&answer::end(events, with_usage)).await
}
