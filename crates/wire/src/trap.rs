//! Where a test wants the meter to fail, to see what becomes of the stream. Nowhere in release builds.

#[cfg(any(test, debug_assertions))]
use std::sync::OnceLock;

/// The word at which every meter of this process fails.
#[cfg(any(test, debug_assertions))]
static PLANTED: OnceLock<&'static [u8]> = OnceLock::new();

/// From now on every meter of this process that begins panics at `word`, wherever it reads it. The
/// first word stays. For tests of what holds the meter; not there in release builds.
#[cfg(any(test, debug_assertions))]
#[doc(hidden)]
pub fn plant_trap(word: &'static [u8]) {
    PLANTED.get_or_init(|| word);
}

/// A word at which to fail, if any; in release builds never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trap {
    #[cfg(any(test, debug_assertions))]
    word: Option<&'static [u8]>,
}

impl Trap {
    pub(crate) fn planted() -> Self {
        Self {
            #[cfg(any(test, debug_assertions))]
            word: PLANTED.get().copied(),
        }
    }

    #[cfg(test)]
    pub(crate) fn at(word: &'static [u8]) -> Self {
        Self { word: Some(word) }
    }

    /// Fails if `data` holds the word.
    #[cfg(any(test, debug_assertions))]
    #[expect(clippy::panic, reason = "to panic is what a test has asked for")]
    pub(crate) fn step_on(self, data: &[u8]) {
        if self.word.is_some_and(|word| memchr::memmem::find(data, word).is_some()) {
            panic!("a test has planted this");
        }
    }

    #[cfg(not(any(test, debug_assertions)))]
    pub(crate) fn step_on(self, _: &[u8]) {}
}
