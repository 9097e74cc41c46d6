//! Closing a connection whose client may still be sending: closed at once, the system would reset it,
//! and the client might never see the answer (RFC 9112, 9.6).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::places::Farewell;
use super::refusal::Refusal;

/// How long a client has to take note.
const TIME: Duration = Duration::from_secs(2);

/// Says that there is no room, and closes.
pub(super) async fn refuse(mut tcp: TcpStream, farewell: Farewell) {
    let answer = Refusal::CROWDED.answer();
    if tcp.write_all(answer.as_bytes()).await.is_ok() {
        close(tcp).await;
    }
    drop(farewell);
}

/// Shuts the sending side and reads until the client has done the same, or its time is up.
pub(super) async fn close(mut tcp: TcpStream) {
    if tcp.shutdown().await.is_err() {
        return;
    }
    let mut unwanted = vec![0; 16 << 10];
    let drained = async { while matches!(tcp.read(&mut unwanted).await, Ok(1..)) {} };
    // Whoever goes on after that has had its time.
    let _in_time = tokio::time::timeout(TIME, drained).await;
}
