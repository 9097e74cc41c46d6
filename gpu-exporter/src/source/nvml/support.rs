//! What a GPU and its driver can't tell is remembered, so that it is asked once and not every second.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::refusal::Refusal;
use crate::snapshot::GpuError;
use crate::source::SourceError;
use crate::source::asking::Asking;

/// Why reading a GPU ends here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Gpu(GpuError),
    Source(SourceError),
}

/// One GPU's.
#[derive(Debug, Default)]
pub(super) struct Support {
    index: u32,
    asking: Arc<Asking>,
    unsupported: BTreeSet<&'static str>,
    answered: usize,
    /// What the first call that failed in this read said.
    failure: Option<String>,
}

impl Support {
    /// Of the GPU with this index. What it is asked is noted before.
    pub(super) fn new(index: u32, asking: &Arc<Asking>) -> Self {
        Self { index, asking: Arc::clone(asking), ..Self::default() }
    }

    /// A call follows that is not made by `ask`.
    pub(super) fn asking(&self, call: &'static str) {
        self.asking.note(Some(self.index), call);
    }

    /// Another read of this GPU begins.
    pub(super) fn begin(&mut self) {
        (self.answered, self.failure) = (0, None);
    }

    /// Makes a call unless it is known not to be supported.
    pub(super) fn ask<T>(
        &mut self,
        call: &'static str,
        ask: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<Option<T>, Stop> {
        if self.lacks(call) {
            return Ok(None);
        }
        self.asking(call);
        self.note(call, ask())
    }

    pub(super) fn lacks(&self, call: &'static str) -> bool {
        self.unsupported.contains(call)
    }

    /// What came of a call.
    pub(super) fn note<T>(
        &mut self,
        call: &'static str,
        result: Result<T, Refusal>,
    ) -> Result<Option<T>, Stop> {
        match result {
            Ok(value) => {
                self.answered += 1;
                return Ok(Some(value));
            }
            Err(Refusal::Unsupported) => {
                tracing::debug!(call, "Not supported; it is not asked again.");
                self.unsupported.insert(call);
            }
            Err(Refusal::NotAllowed) => self.failed(call, "not permitted"),
            Err(Refusal::Passing(detail)) => self.failed(call, &detail),
            Err(Refusal::Gpu(error)) => return Err(Stop::Gpu(error)),
            Err(Refusal::Source(error)) => return Err(Stop::Source(error)),
        }
        Ok(None)
    }

    fn failed(&mut self, call: &'static str, detail: &str) {
        tracing::debug!(call, detail, "A call failed.");
        self.failure.get_or_insert_with(|| format!("{call}: {detail}"));
    }

    /// What was said if every call of this read failed.
    pub(super) fn all_failed(&self) -> Option<&str> {
        if self.answered > 0 { None } else { self.failure.as_deref() }
    }

    pub(super) fn unsupported(&self) -> impl Iterator<Item = &'static str> {
        self.unsupported.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_asked_once() {
        let mut support = Support::default();
        let mut asked = 0;
        for _ in 0..3 {
            let answer = support.ask("call", || {
                asked += 1;
                Err::<u32, _>(Refusal::Unsupported)
            });
            assert_eq!(answer, Ok(None));
        }
        assert_eq!(asked, 1);
        assert_eq!(support.unsupported().collect::<Vec<_>>(), ["call"]);
        assert_eq!(support.ask("another", || Ok(1)), Ok(Some(1)));
    }

    #[test]
    fn what_fails_is_asked_again() {
        let mut support = Support::default();
        support.begin();
        let failing = || Err::<u32, _>(Refusal::Passing("in use".to_owned()));
        assert_eq!(support.ask("call", failing), Ok(None));
        assert_eq!(support.all_failed(), Some("call: in use"));
        assert_eq!(support.ask("call", || Ok(1)), Ok(Some(1)));
        assert_eq!(support.all_failed(), None);
        support.begin();
        assert_eq!(support.all_failed(), None, "nothing was asked");
    }

    #[test]
    fn a_gpu_or_a_driver_that_is_gone_ends_the_read() {
        let mut support = Support::default();
        let lost = support.ask("call", || Err::<u32, _>(Refusal::Gpu(GpuError::Lost)));
        assert_eq!(lost, Err(Stop::Gpu(GpuError::Lost)));
        let gone =
            support.ask("call", || Err::<u32, _>(Refusal::Source(SourceError::DriverNotLoaded)));
        assert_eq!(gone, Err(Stop::Source(SourceError::DriverNotLoaded)));
    }
}
