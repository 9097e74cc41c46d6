//! How much work a GPU has: a wave, whose sum over time is known exactly.

use std::f64::consts::TAU;

/// A wave between `mean - swing` and `mean + swing`, both within 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) mean: f64,
    pub(super) swing: f64,
    /// Seconds from crest to crest.
    pub(super) period: f64,
    /// Seconds by which it is ahead.
    pub(super) ahead: f64,
}

impl Load {
    /// The load at `time`, in seconds.
    pub(super) fn at(self, time: f64) -> f64 {
        let wave = (TAU * (time + self.ahead) / self.period).sin();
        // A trough at 0 may come out a hair below it.
        (self.mean + self.swing * wave).max(0.0)
    }

    /// The sum (integral) of the load from 0 to `time`, in seconds of full load.
    pub(super) fn until(self, time: f64) -> f64 {
        let cos = |time: f64| (TAU * (time + self.ahead) / self.period).cos();
        self.mean * time + self.swing * self.period / TAU * (cos(0.0) - cos(time))
    }
}
