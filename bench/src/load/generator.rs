//! The thread that makes the load: a task for each connection, and one that counts.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::connection::{Connection, Failure};
use super::schedule::{Schedule, opening};
use super::stream::Streams;
use super::{Counted, LoadError, request, whole};
use crate::cells::{Pace, Work};
use crate::clock::{Timer, now, thread_cpu};

/// Whole answers go on for so long before anything is counted.
const SETTLING: Duration = Duration::from_millis(300);
/// After a failure, so that a target that is gone is not asked all the time.
const PAUSE: Duration = Duration::from_millis(10);

/// A wish to have something counted.
pub(super) struct Window {
    pub(super) length: Duration,
    pub(super) counted: oneshot::Sender<Counted>,
}

/// What is to be done.
pub(super) struct Generator {
    pub(super) work: Work,
    pub(super) target: SocketAddr,
    /// For the warm-up.
    pub(super) limit: Duration,
}

/// What all connections have in common.
pub(super) struct Shared {
    target: SocketAddr,
    pub(super) request: Vec<u8>,
    pub(super) timer: Rc<Timer>,
    pub(super) counted: RefCell<Counted>,
    /// While it warms up: a connection has had its first answer or event, or one has failed.
    news: mpsc::UnboundedSender<Result<(), Failure>>,
}

impl Generator {
    /// Makes the load in this thread until nobody can ask for windows any more; tells once it is under way.
    pub(super) fn run(
        self,
        mut started: oneshot::Sender<Result<(), LoadError>>,
        windows: mpsc::Receiver<Window>,
    ) {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let _unheard = started.send(Err(LoadError::SetUp(error)));
                return;
            }
        };
        // When the runtime goes, so do the tasks and their connections.
        runtime.block_on(async {
            let warm = tokio::select! {
                warm = self.warm_up() => warm,
                // Nobody waits for it any more.
                () = started.closed() => return,
            };
            match warm {
                Ok(shared) => {
                    if started.send(Ok(())).is_ok() {
                        count(&shared, windows).await;
                    }
                }
                Err(error) => {
                    let _unheard = started.send(Err(error));
                }
            }
        });
    }

    fn shared(&self, news: mpsc::UnboundedSender<Result<(), Failure>>) -> io::Result<Shared> {
        Ok(Shared {
            target: self.target,
            request: request::bytes(&self.work, self.target),
            timer: Timer::start()?,
            counted: RefCell::new(Counted::new().map_err(io::Error::other)?),
            news,
        })
    }

    /// Starts all connections; returns once each of them has had an answer, or its stream flows.
    async fn warm_up(&self) -> Result<Rc<Shared>, LoadError> {
        let (news, told) = mpsc::unbounded_channel();
        let shared = Rc::new(self.shared(news).map_err(LoadError::SetUp)?);
        match self.work {
            Work::Json { pace: Pace::Saturated { connections }, .. } => {
                for _connection in 0..connections {
                    spawn_local(whole::saturate(Rc::clone(&shared)));
                }
                self.wait(&shared, told).await?;
                sleep(SETTLING).await;
            }
            Work::Json { pace: Pace::Rate { per_second, connections }, .. } => {
                let (schedule, scheduled) = watch::channel(None);
                for _connection in 0..connections {
                    spawn_local(whole::keep_pace(Rc::clone(&shared), scheduled.clone()));
                }
                self.wait(&shared, told).await?;
                schedule.send_replace(Some(Rc::new(Schedule::new(now(), per_second))));
                sleep(SETTLING).await;
            }
            Work::Streams { streams, interval, events } => {
                let start = now();
                for index in 0..streams {
                    let start = start + opening(index, streams, interval);
                    spawn_local(Streams::new(&shared, events).run(start));
                }
                self.wait(&shared, told).await?;
            }
        }
        Ok(shared)
    }

    /// Returns once all connections are ready. Failures are tried again, but not where nobody listens.
    async fn wait(
        &self,
        shared: &Shared,
        mut told: mpsc::UnboundedReceiver<Result<(), Failure>>,
    ) -> Result<(), LoadError> {
        let connections = self.work.connections();
        let mut ready = 0;
        let all = async {
            while ready < connections {
                match told.recv().await {
                    Some(Ok(())) => ready += 1,
                    Some(Err(Failure::Connect(source))) => {
                        return Err(LoadError::Connect { target: self.target, source });
                    }
                    _ => {}
                }
            }
            Ok(())
        };
        timeout(self.limit, all).await.unwrap_or_else(|_| {
            let failure = shared.counted.borrow_mut().last_error.take();
            Err(LoadError::WarmUp {
                target: self.target,
                seconds: self.limit.as_secs(),
                ready,
                connections,
                failure: failure.unwrap_or_else(|| "no request failed".to_owned()),
            })
        })
    }
}

impl Shared {
    /// The connection that was kept, or a new one.
    pub(super) async fn connection(&self, kept: Option<Connection>) -> Result<Connection, Failure> {
        match kept {
            Some(connection) => Ok(connection),
            None => Connection::open(self.target).await,
        }
    }

    /// A connection has had its first answer or event.
    pub(super) fn ready(&self) {
        let _warm_already = self.news.send(Ok(()));
    }

    /// Counts a failure, and pauses.
    pub(super) async fn failed(&self, failure: Failure) {
        {
            let mut counted = self.counted.borrow_mut();
            counted.errors += 1;
            counted.last_error = Some(failure.to_string());
        }
        let _warm_already = self.news.send(Err(failure));
        sleep(PAUSE).await;
    }
}

/// One window after another. What came before a window or comes after it is forgotten.
async fn count(shared: &Shared, mut windows: mpsc::Receiver<Window>) {
    while let Some(mut window) = windows.recv().await {
        shared.counted.borrow_mut().clear();
        let (began, cpu) = (now(), thread_cpu());
        tokio::select! {
            () = sleep(window.length) => {}
            // Nobody waits for it any more.
            () = window.counted.closed() => continue,
        }
        let counted = Counted {
            elapsed: Duration::from_nanos(now() - began),
            generator_cpu: thread_cpu() - cpu,
            ..shared.counted.borrow().clone()
        };
        let _unheard = window.counted.send(counted);
    }
}
