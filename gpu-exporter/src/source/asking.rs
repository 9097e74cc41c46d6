//! What a source asks the driver at the moment, for whoever waits for the answer in vain.

use std::fmt::{Display, Formatter, Result};

use parking_lot::Mutex;

/// One reader's. Noted before each call.
#[derive(Debug, Default)]
pub struct Asking(Mutex<Option<Call>>);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Index of the GPU that is asked; nothing if it is the driver as a whole.
    pub gpu: Option<u32>,
    /// In words.
    pub what: &'static str,
}

impl Asking {
    /// It will be asked now.
    pub fn note(&self, gpu: Option<u32>, what: &'static str) {
        *self.0.lock() = Some(Call { gpu, what });
    }

    /// The driver has answered all that was asked.
    pub fn clear(&self) {
        *self.0.lock() = None;
    }

    /// What was noted last.
    pub fn last(&self) -> Option<Call> {
        *self.0.lock()
    }
}

impl Display for Call {
    fn fmt(&self, to: &mut Formatter<'_>) -> Result {
        match self.gpu {
            Some(gpu) => write!(to, "GPU {gpu}: {}", self.what),
            None => to.write_str(self.what),
        }
    }
}
