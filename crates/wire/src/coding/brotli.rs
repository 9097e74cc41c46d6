//! Brotli, without the "large window" that browsers do not take either.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::Step;

type Engine = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct Brotli {
    /// `None` once the stream has ended; what follows is nobody's.
    engine: Option<Box<Engine>>,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self { engine: Some(Box::new(Engine::new_strict(alloc(), alloc(), alloc()))) }
    }

    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.engine.is_none()
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let Some(engine) = &mut self.engine else { return Step::taken(input.len()) };
        let (mut taken, mut written) = (0, 0);
        let result = BrotliDecompressStream(
            &mut input.len(),
            &mut taken,
            input,
            &mut output.len(),
            &mut written,
            output,
            &mut 0,
            engine,
        );
        if matches!(result, BrotliResult::ResultSuccess) {
            self.engine = None;
        }
        Step { taken, written, malformed: matches!(result, BrotliResult::ResultFailure) }
    }
}
