//! Which plan a request gets: its own header's, the next of the queue, or the default.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{Plan, PlanError};

/// The plans of one upstream.
pub(crate) struct Plans(Mutex<Inner>);

struct Inner {
    default: Plan,
    queue: VecDeque<Plan>,
}

impl Plans {
    pub(crate) fn new(default: Plan) -> Self {
        Self(Mutex::new(Inner { default, queue: VecDeque::new() }))
    }

    pub(crate) fn push(&self, plan: Plan) {
        self.with(|inner| inner.queue.push_back(plan));
    }

    pub(crate) fn set_default(&self, plan: Plan) {
        self.with(|inner| inner.default = plan);
    }

    /// The plan of a request with this `x-sim` header. The queue is only for requests that
    /// generate, so that a poll of `/metrics` does not eat a test's fault.
    pub(crate) fn pick(&self, header: Option<&str>, generates: bool) -> Result<Plan, PlanError> {
        self.with(|inner| match header {
            Some(header) => inner.default.clone().changed_by(header),
            None if generates => {
                Ok(inner.queue.pop_front().unwrap_or_else(|| inner.default.clone()))
            }
            None => Ok(Plan::default()),
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
