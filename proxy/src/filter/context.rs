//! What is held of one request while it passes through the phases.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use pingora::prelude::Error;
use weir_ledger::{Entry, Hop, Rejection, Route as Series};
use weir_wire::{Class, End, Exchange, Policy, RequestHead};

use super::coding::Asked;
use super::hop::Part;
use super::refusal::HeldAnswer;
use super::stall::Stalls;
use super::told::Told;
use super::{ending, settle};
use crate::access::Caller;
use crate::door::{Phase, Turn};
use crate::hop_join::Stream;
use crate::in_force::InForce;
use crate::route::Route;
use crate::shared::{InFlight, Shared};
use crate::trace_context::{SpanId, TraceContext};
use crate::upstream::Connection;

/// Pieces that Pingora holds at most on their way to the upstream; the head counts as one.
const PIPE: usize = 3;

/// One request.
pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    /// When the request's head had been read: the origin of all times.
    pub(super) started: Instant,
    /// The same moment by the clock on the wall.
    pub(super) began: SystemTime,
    /// Which trace it belongs to.
    pub(super) trace: TraceContext,
    /// The request of the edge that it is made for, if it says so.
    pub(super) made_for: Option<SpanId>,
    /// What it is to the join of the hops.
    pub(super) part: Part,
    /// What its head tells, once that has been looked at.
    pub(super) told: Told,
    /// The client's own name for it.
    pub(super) request_id: Option<Box<str>>,
    pub(super) route: Option<Arc<Route>>,
    /// What the request is, told from its path behind the route's prefix.
    pub(super) class: Class,
    /// The path and query for the upstream, where they differ from the client's.
    pub(super) target: Option<String>,
    /// The meter, for LLM work. Boxed: what is moved about until then is the smaller for it.
    pub(super) metered: Option<Box<Metered>>,
    /// The body of a list of models, as far as it has come.
    pub(super) listing: Option<Vec<u8>>,
    /// How it ended, where Weir decided that itself.
    pub(super) end: Option<End>,
    /// Why Weir refused it, where that was found out underway.
    pub(super) rejection: Option<Rejection>,
    /// Who sent it.
    pub(super) caller: Option<Caller>,
    /// What was in force when it came.
    pub(super) in_force: Arc<InForce>,
    /// Bytes of its body so far, in this attempt to send it.
    pub(super) body_bytes: u64,
    /// In so many pieces.
    pub(super) body_pieces: usize,
    /// Whose turn it is on its connection.
    pub(super) turn: Option<Arc<Turn>>,
    listener: Hop,
    pub(super) sending: Sending,
    pub(super) stalls: Stalls,
    /// What its connection had of them when the answer before had been sent to its end, if that is known.
    pub(super) stalled_before: Option<Duration>,
    /// Its outcome has been written.
    pub(super) settled: bool,
    _in_flight: InFlight,
}

/// The meter and the series of one request.
pub(super) struct Metered {
    pub(super) exchange: Exchange,
    /// Gone once it is settled.
    pub(super) entry: Option<Entry>,
    /// The events of the answer so far.
    pub(super) stream: Stream,
    /// An answer that may turn out to be a refusal of what Weir added.
    pub(super) held: Option<Box<HeldAnswer>>,
    /// Status and body so far of one that passes by, since it can't be held or sent again.
    pub(super) overheard: Option<(u16, Vec<u8>)>,
}

impl Metered {
    pub(super) fn begin(head: &RequestHead<'_>, policy: Policy, entry: Entry) -> Box<Self> {
        Box::new(Self {
            exchange: Exchange::new(head, policy),
            entry: Some(entry),
            stream: Stream::default(),
            held: None,
            overheard: None,
        })
    }
}

/// How the request is being sent.
#[derive(Default)]
pub(super) struct Sending {
    /// The meter has read the whole body before connecting; Pingora keeps it.
    pub(super) read: bool,
    /// The beginning of a large body that was read to find its route.
    pub(super) beginning: Option<Bytes>,
    /// It asks for a WebSocket.
    pub(super) upgrade: bool,
    /// The body may be too large to be sent again.
    pub(super) large: bool,
    /// The client waits for `100 Continue` no more: Weir has sent it.
    pub(super) continued: bool,
    pub(super) attempts: usize,
    pub(super) next: NextTry,
    /// For which codings the upstream is asked, once that is looked at.
    pub(super) asked: Option<Asked>,
    /// Bytes of the body, where the head tells.
    pub(super) length: Option<usize>,
    pub(super) connecting_since: Option<Instant>,
    /// The socket of the connection.
    pub(super) socket: Option<RawFd>,
    /// The upstream has sent an informational answer: it has the request.
    pub(super) acknowledged: bool,
    /// When the last byte was handed on.
    pub(super) sent: Option<Duration>,
}

/// What the next attempt to send is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NextTry {
    #[default]
    First,
    /// A pooled connection was closed under the request.
    AfterStale,
    /// A connection was refused.
    AfterRefused,
    /// The upstream refused what Weir added.
    AsWritten,
}

/// A longer body goes on a fresh connection: what that costs is little beside it, and one that has carried much lets
/// more of it pile up in the kernel than the processor's cache holds, which takes half as long again.
const HUGE: usize = 1 << 20;

impl Sending {
    fn is_huge(&self) -> bool {
        self.length.is_some_and(|length| length > HUGE)
    }

    pub(super) fn connection(&self) -> Connection {
        if self.upgrade {
            Connection::WebSocket
        } else if self.is_huge() || !matches!(self.next, NextTry::First | NextTry::AfterRefused) {
            Connection::Fresh
        } else if self.large {
            Connection::Recent
        } else {
            Connection::Pooled
        }
    }
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>, listener: Hop) -> Self {
        let turn = Turn::current();
        Self {
            stalled_before: turn.as_ref().and_then(|turn| turn.take_stalled()),
            turn,
            _in_flight: InFlight::begin(&shared),
            in_force: shared.in_force(),
            rejection: None,
            caller: None,
            body_bytes: 0,
            body_pieces: 0,
            listener,
            shared,
            started: Instant::now(),
            began: SystemTime::now(),
            trace: TraceContext::new(),
            made_for: None,
            part: Part::None,
            told: Told::default(),
            request_id: None,
            route: None,
            class: Class::Passthrough,
            target: None,
            metered: None,
            listing: None,
            end: None,
            sending: Sending::default(),
            stalls: Stalls::default(),
            settled: false,
        }
    }

    /// The series that it belongs to as far as is known.
    pub(super) fn series(&self) -> &Series {
        match &self.route {
            Some(route) => &route.series,
            None => self.shared.unrouted(self.listener),
        }
    }

    /// Whether the pieces of the body may have filled what Pingora holds between client and upstream.
    pub(super) fn fills_the_pipe(&self) -> bool {
        self.body_pieces >= PIPE && !self.sending.upgrade
    }

    /// What is written to the upstream from now until the task waits goes out at once.
    pub(super) fn hold_back(&self) {
        if let (Some(turn), Some(socket)) = (&self.turn, self.sending.socket) {
            turn.hold_back(socket);
        }
    }

    /// From now on nothing more of the request is expected of the client.
    pub(super) fn request_has_come(&self) {
        if let Some(turn) = &self.turn {
            turn.set(Phase::Answer);
        }
    }

    /// Who ended it, where Pingora gave up with `error`.
    pub(super) fn ended_by(&mut self, error: &Error) -> End {
        if self.is_overdue() {
            self.rejection.get_or_insert(Rejection::RequestTimeout);
            self.end = Some(End::Rejected);
        }
        let end = self.end.unwrap_or_else(|| ending::of(error));
        let is_answered = self.metered.as_ref().is_some_and(|it| it.exchange.answer_has_ended());
        if end == End::Rejected && is_answered {
            // What the client did not send any more, the upstream did not want.
            self.rejection = None;
            return End::ClientClosed;
        }
        end
    }

    /// Whether the client took longer than it may to send its request.
    fn is_overdue(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.is_overdue())
    }

    /// Time since the request's head had been read.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Context {
    /// A request whose task was dropped: by a drain that ran out of time, or by a fault of Weir's.
    fn drop(&mut self) {
        if let Some(turn) = &self.turn {
            turn.set(Phase::Waiting);
        }
        if self.settled {
            return;
        }
        let end = if self.shared.is_cutting() {
            End::Shutdown
        } else if self.is_overdue() {
            self.rejection.get_or_insert(Rejection::RequestTimeout);
            End::Rejected
        } else {
            End::Internal
        };
        settle::settle(self, end, None);
    }
}
