//! What rounds are made of. Tests have a stage on which nothing runs.

use std::error::Error;
use std::time::Duration;

use crate::cells::Work;
use crate::contender::Contender;
use crate::load::Counted;

/// Where contenders are started and loads are put on them.
pub(crate) trait Stage {
    type Proxy: Proxy;
    type Flow: Flow;
    /// A moment.
    type Mark;

    /// Starts a contender; returns once it serves.
    async fn start(&mut self, contender: Contender) -> Result<Self::Proxy, Failed>;

    /// Puts a load on it; returns once the load is under way.
    async fn load(&mut self, work: &Work, on: &Self::Proxy) -> Result<Self::Flow, Failed>;

    /// What [`Self::since`] counts from.
    fn mark(&self) -> Self::Mark;

    fn since(&self, mark: &Self::Mark) -> Around;

    /// Waits until memory that is given back late has been given back.
    async fn settle(&mut self);
}

/// A contender that serves. Dropping it ends it too.
pub(crate) trait Proxy {
    fn cpu(&self) -> Duration;
    fn resident_memory(&self) -> u64;
    async fn end(self);
}

/// A load under way. Dropping it ends it too.
pub(crate) trait Flow {
    async fn window(&mut self, length: Duration) -> Result<Counted, Failed>;
    async fn stop(self);
}

/// What happened beside the contender since some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    /// Time that the upstream was on a processor.
    pub(crate) upstream: Duration,
    /// Of all processor time of the machine, what the hypervisor took.
    pub(crate) steal: f64,
}

/// What went wrong, with its causes, as it is written into the results.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub(crate) String);

impl Failed {
    pub(crate) fn because(error: &dyn Error) -> Self {
        let causes = std::iter::successors(Some(error), |&error| error.source());
        Self(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}
