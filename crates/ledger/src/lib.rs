//! The ledger of the proxy: every request metric, written in one place from one
//! [`Outcome`](weir_wire::Outcome).
//!
//! A [`Ledger`] owns a registry. Each route of the proxy takes a [`Route`] from it, each request an
//! [`Entry`] from its route:
//!
//! ```
//! use weir_ledger::{Hop, Ledger};
//! use weir_wire::Endpoint;
//!
//! let ledger = Ledger::new();
//! let route = ledger.route("default", Hop::Engine, &["tiny".to_owned()]);
//!
//! let mut entry = route.begin(Endpoint::ChatCompletions); // nothing is counted yet
//! entry.identify(Some("tiny")); // the peek has ended: started + 1, active + 1
//! assert_eq!(ledger.active(), 1);
//! drop(entry); // `settle` is the proper end; what is dropped is an `internal_error`
//!
//! let text = ledger.encode();
//! assert!(text.contains(r#"model="tiny",outcome="internal_error",status="error"} 1"#));
//! assert_eq!(ledger.active(), 0);
//! ```
//!
//! What holds whatever the callers do:
//!
//! - `started = sum(outcomes) + active`, per route, endpoint and model, in every quiet moment.
//! - The number of series has a bound that no client can move: model names become labels only by the
//!   rules of [`Route::learn`] and [`ModelOrigin`].
//! - Names that nobody asks for can be forgotten, never those with a request under way
//!   ([`Ledger::expire`]).
//! - What is unknown is absent from the exposition, never 0.
//!
//! Names, labels and meanings are listed in METRICS.md, which a test compares with this crate.

mod access_log;
mod buckets;
mod classic;
mod clients;
mod cost;
mod entry;
mod exemplar;
mod families;
mod family;
mod forget;
mod histogram;
mod hops;
mod idle;
mod labels;
mod late;
mod latency;
mod ledger;
mod map;
mod metric;
mod model;
mod models;
mod native;
mod registrar;
mod rejection;
mod route;
mod series;
mod spans;

pub use access_log::LogLine;
pub use clients::Client;
pub use cost::{Cost, CostKind, CostPart, CostSource};
pub use entry::Entry;
pub use hops::{Crossing, HopAdded, HopPhase, HopResult};
pub use labels::Hop;
pub use ledger::Ledger;
pub use models::ModelOrigin;
pub use rejection::Rejection;
pub use route::{Across, Route};
pub use spans::SpanResult;
