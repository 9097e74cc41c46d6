//! What all requests end at: an upstream that costs as little as it can, and does what a request's `x-bench` says.

mod answer;
mod connection;
pub(crate) mod event;
pub(crate) mod order;
mod process;
mod request;

pub(crate) use self::order::Order;
pub(crate) use self::process::{Upstream, UpstreamError};

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::clock::Timer;
use crate::open_files::{self, TooFewFiles};

/// Connections that wait to be accepted, as many as the system has room for.
const BACKLOG: u32 = 4_096;
/// What the line begins with that tells the address.
const LISTENING: &str = "listening on ";

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("setting up the upstream")]
    SetUp(#[from] io::Error),
    #[error(transparent)]
    Files(#[from] TooFewFiles),
}

/// `weir-bench upstream`: serves on a port of its own, in this one thread, until a signal, or until stdin closes, so
/// that it does not outlive who started it.
pub(crate) fn serve() -> Result<(), ServeError> {
    open_files::allow(0)?;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let listener = listen()?;
        writeln!(io::stdout(), "{LISTENING}{}", listener.local_addr()?)?;
        tokio::select! {
            served = accept(listener) => served?,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = stdin_closes()? => {}
        }
        Ok(())
    })
}

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(BACKLOG)
}

/// Serves all who connect, each in a task.
async fn accept(listener: TcpListener) -> io::Result<()> {
    let timer = Timer::start()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(connection::serve(stream, timer.clone()));
    }
}

fn stdin_closes() -> io::Result<oneshot::Receiver<()>> {
    let (closed, closes) = oneshot::channel();
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut read = [0; 64];
        while matches!(io::stdin().read(&mut read), Ok(1..)) {}
        // Nobody waits any more where a signal came first.
        let _unheard = closed.send(());
    })?;
    Ok(closes)
}

#[cfg(test)]
pub(crate) mod in_process {
    //! The upstream in a thread of a test.

    use std::net::SocketAddr;
    use std::sync::mpsc;
    use std::thread::JoinHandle;

    use tokio::runtime::{Builder, LocalOptions};
    use tokio::sync::oneshot;

    use super::{accept, listen};

    /// Ends when dropped.
    pub(crate) struct InProcess {
        pub(crate) address: SocketAddr,
        end: Option<oneshot::Sender<()>>,
        thread: Option<JoinHandle<()>>,
    }

    pub(crate) fn start() -> InProcess {
        let (tell, told) = mpsc::channel();
        let (end, ends) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let mut builder = Builder::new_current_thread();
            let runtime = builder.enable_all().build_local(LocalOptions::default()).unwrap();
            runtime.block_on(async {
                let listener = listen().unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    served = accept(listener) => served.unwrap(),
                    _ = ends => {}
                }
            });
        });
        InProcess { address: told.recv().unwrap(), end: Some(end), thread: Some(thread) }
    }

    impl Drop for InProcess {
        fn drop(&mut self) {
            drop(self.end.take());
            self.thread.take().unwrap().join().unwrap();
        }
    }
}

#[cfg(test)]
mod tests;
