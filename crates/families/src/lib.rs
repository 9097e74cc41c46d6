//! Snapshots as metrics: what an exporter has read becomes metric families of the `prometheus` crate, and
//! those become OpenMetrics text. Nothing is kept between scrapes, so what is no longer known is gone with
//! the next one.
//!
//! For the exporters, which show what others have counted. The proxy counts by itself, with
//! `prometheus-client`.
//!
//! ```
//! use weir_families::{Families, Metric};
//!
//! const POWER: Metric = Metric::gauge("a_power_watts", "What a takes.");
//!
//! let mut families = Families::default();
//! families.add(&POWER, &[("a", "1")], 350.5);
//! families.add(&POWER, &[("a", "2")], None::<f64>); // not known, so absent
//! let text = families.openmetrics();
//! assert!(text.ends_with("# UNIT a_power_watts watts\na_power_watts{a=\"1\"} 350.5\n"));
//! ```

mod families;
mod metric;
mod openmetrics;
mod value;

pub use families::{Families, Observed};
pub use metric::{Label, Metric};
pub use value::Value;
