//! Numbers as samples have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What can be a sample's value.
pub trait Value {
    /// The number, if it is known. Whole numbers beyond 2⁵³ are rounded, as Prometheus would.
    fn number(self) -> Option<f64>;
}

impl<V: Value> Value for Option<V> {
    fn number(self) -> Option<f64> {
        self.and_then(V::number)
    }
}

impl Value for f64 {
    fn number(self) -> Option<f64> {
        Some(self)
    }
}

impl Value for u32 {
    fn number(self) -> Option<f64> {
        Some(self.into())
    }
}

impl Value for u64 {
    fn number(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Value for usize {
    fn number(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Value for bool {
    fn number(self) -> Option<f64> {
        Some(self.into())
    }
}

/// Seconds.
impl Value for Duration {
    fn number(self) -> Option<f64> {
        Some(self.as_secs_f64())
    }
}

/// Seconds since 1970.
impl Value for SystemTime {
    fn number(self) -> Option<f64> {
        self.duration_since(UNIX_EPOCH).ok()?.number()
    }
}
