//! Exposition formats of metrics: which one a scraper gets, and text 0.0.4 and protobuf out of
//! OpenMetrics. Pure: text in, text or bytes out.

mod convert;
mod line;
mod negotiate;
mod protobuf;

pub use convert::to_text;
pub use negotiate::Format;
pub use protobuf::to_protobuf;

/// Ends every OpenMetrics exposition.
pub const EOF: &str = "# EOF\n";
