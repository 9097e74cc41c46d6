//! Waiting until a contender serves: it listens, and a request has passed through it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::{Contender, ContenderError};
use crate::process::Process;

/// How long it may take; seconds where others want the processor as well.
pub(super) const START: Duration = Duration::from_secs(30);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// Bytes that are asked for.
const BYTES: usize = 1_024;
const OK: &[u8] = b"HTTP/1.1 200";
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const BODY: &str = r#"{"messages":[{"role":"user","content":"Are you there?"}],"model":"bench"}"#;

/// Gives the process back once it serves.
pub(super) async fn wait(
    contender: Contender,
    mut process: Process,
    address: SocketAddr,
) -> Result<Process, ContenderError> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(status) = process.ended() {
            let said = process.last_words();
            return Err(ContenderError::Ended { contender, status, said });
        }
        let found = match look(&process, address).await {
            Ok(()) => return Ok(process),
            Err(found) => found.to_string(),
        };
        if Instant::now() > deadline {
            let said = process.last_words();
            return Err(ContenderError::NotServing { contender, found, said });
        }
        sleep(LOOK).await;
    }
}

/// Somebody else may have got the port meanwhile, and serve as well.
async fn look(process: &Process, address: SocketAddr) -> io::Result<()> {
    if !process.listens_on(address) {
        return Err(io::Error::other(format!("it does not listen on {address}")));
    }
    timeout(ANSWER, ask(address)).await?
}

async fn ask(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let length = BODY.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         x-bench: bytes={BYTES}\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        let is_other = answer.get(..OK.len()).is_some_and(|begin| begin != OK);
        if is_other || stream.read_buf(&mut answer).await? == 0 {
            let answer = String::from_utf8_lossy(&answer);
            return Err(io::Error::other(format!("it answers a request with {answer:?}")));
        }
    }
    Ok(())
}

/// Then nothing is left to be sent when the connection is closed.
fn is_whole(answer: &[u8]) -> bool {
    let head = answer.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD);
    answer.starts_with(OK)
        && head.is_some_and(|head| answer.len() >= head + END_OF_HEAD.len() + BYTES)
}
