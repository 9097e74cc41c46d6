//! A request that has ended, for all who want to know of it besides the ledger: plain data, made once, at
//! the only exit of a request.

use std::time::SystemTime;

use weir_ledger::{Cost, Hop};
use weir_wire::Outcome;

use crate::trace_context::TraceContext;

/// A request for a model that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// How, and all that was measured. Its `model` is raw text of the client.
    pub(crate) outcome: &'a Outcome,
    /// Its place in a trace.
    pub(crate) trace: &'a TraceContext,
    /// The name of its route; `unrouted` where it found none.
    pub(crate) route: &'a str,
    /// The route's hop.
    pub(crate) hop: Hop,
    /// The model as the label has it: nothing that only a request or a failure named.
    pub(crate) model: &'a str,
    /// The client's own name for it (`x-request-id`), at most 128 bytes of visible ASCII.
    pub(crate) request_id: Option<&'a str>,
    /// The URL of the route's upstream, which holds no secret.
    pub(crate) upstream: Option<&'a str>,
    /// Alias or keyed hash of who sent it, where clients are told apart; never the key.
    pub(crate) client: Option<&'a str>,
    /// What it cost, where that is known and counted at this hop.
    pub(crate) cost: Option<Cost>,
    /// How often it was sent to the upstream.
    pub(crate) attempts: usize,
    /// When its head had been read.
    pub(crate) began: SystemTime,
}
