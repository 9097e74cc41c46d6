//! Exposition formats of metrics: which one a scraper gets, and text 0.0.4 out of OpenMetrics. Pure
//! text in, text out.

mod convert;
mod negotiate;

pub use convert::to_text;
pub use negotiate::Format;

/// Ends every OpenMetrics exposition.
pub const EOF: &str = "# EOF\n";
