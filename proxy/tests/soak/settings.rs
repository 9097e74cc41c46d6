//! How long, how many, and with which numbers: from the environment, as `make soak` sets it.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How long the crowd comes: `SOAK_SECONDS`.
    pub(crate) time: Duration,
    /// How many clients at once: `SOAK_CLIENTS`.
    pub(crate) clients: usize,
    /// What all chances follow from: `SOAK_SEED`.
    pub(crate) seed: u64,
    /// How many requests full of junk: `SOAK_JUNK`.
    pub(crate) junk: usize,
}

impl Settings {
    pub(crate) fn read() -> Self {
        Self {
            time: Duration::from_secs(number("SOAK_SECONDS", 15)),
            clients: number("SOAK_CLIENTS", 64) as usize,
            seed: number("SOAK_SEED", 20_261_122),
            junk: number("SOAK_JUNK", 20_000) as usize,
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => {
            text.parse().unwrap_or_else(|_| panic!("{variable}={text}: expected a whole number"))
        }
        _ => default,
    }
}
