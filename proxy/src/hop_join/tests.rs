use std::time::{Duration, Instant};

use weir_ledger::{Crossing, HopAdded, HopResult};
use weir_wire::Progress;

use super::{HopJoin, Seen, Stream};
use crate::trace_context::SpanId;

const SPAN: SpanId = SpanId(7);

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// A clock that stands at 0 when the test begins.
struct Clock(Instant);

impl Clock {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn at(&self, micros: u64) -> Instant {
        self.0 + us(micros)
    }

    /// A stream of so many events that went well, at these times in microseconds, with this gap.
    fn stream(&self, [began, sent, first, ended]: [u64; 4], events: u64, gap: u64) -> Seen {
        let gaps = us(gap * (events - 1));
        Seen {
            began: self.at(began),
            sent: Some(self.at(sent)),
            first_token: Some(self.at(first)),
            ended: self.at(ended),
            went_well: true,
            stalled: false,
            stream: Stream { events, coalesced: 0, discarded: 0, gaps },
        }
    }

    /// An engine's request from 5.1 ms on: ten events, every 2 ms, the first at 25 ms.
    fn engine(&self) -> Seen {
        self.stream([5_100, 5_200, 25_000, 43_500], 10, 2_000)
    }

    /// The request of the edge for it, to which the gateway added 5 ms before it, 3 ms to the first event, 40 µs to
    /// each gap and 1.5 ms at the end.
    fn edge(&self) -> Seen {
        self.stream([0, 100, 28_000, 45_000], 10, 2_040)
    }
}

const ADDED: HopAdded = HopAdded {
    before_upstream: Some(Duration::from_micros(5_000)),
    first_token: Some(Duration::from_micros(3_000)),
    per_event: Some(Duration::from_micros(40)),
    after: Some(Duration::from_micros(1_500)),
};

fn failed(seen: Seen) -> Seen {
    Seen { went_well: false, first_token: None, stream: Stream::default(), ..seen }
}

/// The crossing of one request at the edge, for which one is made at an engine.
fn cross(edge: Seen, engine: Seen) -> Crossing {
    let table = HopJoin::default();
    assert!(table.edge_began(SPAN));
    assert!(table.engine_began(SPAN, engine.began));
    assert_eq!(table.engine_ended(SPAN, engine).map(|(to, _)| to), None::<&str>);
    let (to, crossing) = table.edge_ended(SPAN, edge, "here").unwrap();
    assert_eq!((to, table.len()), ("here", 0));
    crossing
}

#[test]
fn what_was_added_comes_out_phase_by_phase() {
    let clock = Clock::new();
    let crossing = cross(clock.edge(), clock.engine());
    let expected =
        Crossing { result: HopResult::Joined, attempts: 1, added: ADDED, is_buffered: false };
    assert_eq!(crossing, expected);
}

#[test]
fn an_answer_that_is_not_streamed_has_what_came_before_and_after() {
    let clock = Clock::new();
    let whole = |seen| Seen { first_token: None, stream: Stream::default(), ..seen };
    let added = cross(whole(clock.edge()), whole(clock.engine())).added;
    assert_eq!(added, HopAdded { first_token: None, per_event: None, ..ADDED });
    // The engine streams, and the gateway makes one answer of it.
    let added = cross(whole(clock.edge()), clock.engine()).added;
    assert_eq!(added, HopAdded { first_token: None, per_event: None, ..ADDED });
}

#[test]
fn what_would_be_negative_is_left_out() {
    let clock = Clock::new();
    let early = Seen {
        sent: Some(clock.at(6_000)),
        first_token: Some(clock.at(24_000)),
        ended: clock.at(43_000),
        ..clock.edge()
    };
    let added = cross(early, clock.engine()).added;
    assert_eq!(added, HopAdded { per_event: ADDED.per_event, ..HopAdded::default() });
    let answered_early = Seen { sent: None, ..clock.edge() };
    assert_eq!(cross(answered_early, clock.engine()).added.before_upstream, None);
}

#[test]
fn gaps_are_compared_only_where_they_are_the_same_ones() {
    let clock = Clock::new();
    let edge = |stream| Seen { stream, ..clock.edge() };
    let whole = clock.edge().stream;
    let per_event = |edge| cross(edge, clock.engine()).added.per_event;
    assert_eq!(per_event(edge(Stream { events: 9, ..whole })), None);
    assert_eq!(per_event(edge(Stream { discarded: 1, ..whole })), None);
    assert_eq!(per_event(Seen { stalled: true, ..clock.edge() }), None);
    assert_eq!(per_event(edge(Stream { gaps: us(17_000), ..whole })), Some(Duration::ZERO));
    let one = |seen: Seen| Seen { stream: Stream { events: 1, ..Stream::default() }, ..seen };
    assert_eq!(cross(one(clock.edge()), one(clock.engine())).added.per_event, None);
}

#[test]
fn times_are_those_of_the_last_attempt_that_went_well() {
    let clock = Clock::new();
    let table = HopJoin::default();
    table.edge_began(SPAN);
    let first = failed(clock.stream([2_100, 2_200, 0, 3_000], 1, 0));
    // Another one, whose answer the gateway did not use.
    let unused = clock.stream([4_000, 4_100, 4_200, 44_000], 3, 10);
    for seen in [first, unused, clock.engine()] {
        assert!(table.engine_began(SPAN, seen.began));
    }
    for seen in [clock.engine(), first, unused] {
        assert!(table.engine_ended(SPAN, seen).is_none());
    }
    let (_, crossing) = table.edge_ended(SPAN, clock.edge(), ()).unwrap();
    assert_eq!((crossing.result, crossing.attempts), (HopResult::Joined, 3));
    // Before the upstream is before the first of them.
    assert_eq!(crossing.added, HopAdded { before_upstream: Some(us(2_000)), ..ADDED });
}

#[test]
fn without_an_answer_there_are_no_times() {
    let clock = Clock::new();
    for (edge, engine) in [
        (failed(clock.edge()), failed(clock.engine())),
        // Its client left.
        (Seen { went_well: false, ..clock.edge() }, clock.engine()),
        // It was answered out of something else.
        (clock.edge(), failed(clock.engine())),
    ] {
        let crossing = cross(edge, engine);
        assert_eq!((crossing.result, crossing.added), (HopResult::Joined, HopAdded::default()));
        assert!(!crossing.is_buffered);
    }
}

#[test]
fn a_request_that_no_engine_had_says_whether_one_is_missed() {
    let clock = Clock::new();
    for (edge, result) in
        [(clock.edge(), HopResult::Unjoined), (failed(clock.edge()), HopResult::Failed)]
    {
        let table = HopJoin::default();
        table.edge_began(SPAN);
        let (_, crossing) = table.edge_ended(SPAN, edge, ()).unwrap();
        assert_eq!((crossing.result, crossing.attempts), (result, 0));
    }
}

#[test]
fn an_engine_that_ends_after_the_edge_is_waited_for() {
    let clock = Clock::new();
    let table = HopJoin::default();
    table.edge_began(SPAN);
    let late = Seen { ended: clock.at(45_500), ..clock.engine() };
    for _ in 0..2 {
        table.engine_began(SPAN, late.began);
    }
    assert!(table.edge_ended(SPAN, clock.edge(), "here").is_none());
    assert!(table.engine_ended(SPAN, failed(late)).is_none());
    let (to, crossing) = table.engine_ended(SPAN, late).unwrap();
    assert_eq!((to, crossing.attempts, table.len()), ("here", 2, 0));
    assert_eq!(crossing.added, HopAdded { after: None, ..ADDED });
    assert!(!table.engine_began(SPAN, late.began), "nobody waits for it any more");
}

#[test]
fn events_that_are_held_back_are_seen() {
    let clock = Clock::new();
    let is_buffered = |edge: Stream, engine: Stream| {
        let edge = Seen { stream: edge, ..clock.edge() };
        cross(edge, Seen { stream: engine, ..clock.engine() }).is_buffered
    };
    let of = |events, coalesced| Stream { events, coalesced, ..Stream::default() };
    assert!(is_buffered(of(20, 19), of(20, 0)), "all at once");
    assert!(is_buffered(of(20, 10), of(20, 0)), "two at a time");
    assert!(!is_buffered(of(20, 9), of(20, 0)));
    assert!(is_buffered(of(1, 0), of(20, 0)), "as one large event");
    assert!(!is_buffered(of(20, 19), of(20, 19)), "so they came from the engine");
    assert!(!is_buffered(of(7, 6), of(7, 0)), "too short to tell");
    assert!(is_buffered(of(8, 7), of(8, 0)));
    assert!(!is_buffered(of(0, 0), of(20, 0)), "it is not streamed");
    let stalled = Seen { stalled: true, stream: of(20, 19), ..clock.edge() };
    assert!(!cross(stalled, clock.stream([0, 1, 2, 3], 20, 5)).is_buffered, "the client's doing");
}

#[test]
fn nobody_makes_it_grow() {
    let clock = Clock::new();
    let table = HopJoin::of(2);
    for guess in 0..1_000 {
        assert!(!table.engine_began(SpanId(guess), clock.at(0)), "of no request of the edge");
        assert!(table.engine_ended(SpanId(guess), clock.engine()).is_none());
    }
    assert_eq!(table.len(), 0);
    assert!(table.edge_began(SpanId(1)) && table.edge_began(SpanId(2)));
    assert!(!table.edge_began(SpanId(3)), "it is full");
    for _ in 0..1_000 {
        assert!(table.engine_began(SpanId(1), clock.at(0)));
    }
    assert_eq!(table.len(), 2);
    assert!(table.edge_ended(SpanId(2), clock.edge(), ()).is_some());
    assert!(table.edge_began(SpanId(3)));
}

#[test]
fn requests_of_one_trace_are_told_apart() {
    let clock = Clock::new();
    let table = HopJoin::default();
    for n in 1..=50 {
        table.edge_began(SpanId(n));
        table.engine_began(SpanId(n), clock.at(100 + n));
    }
    for n in (1..=50).rev() {
        let engine = Seen { began: clock.at(100 + n), ..clock.engine() };
        assert!(table.engine_ended(SpanId(n), engine).is_none());
        let (to, crossing) = table.edge_ended(SpanId(n), clock.edge(), n).unwrap();
        assert_eq!((to, crossing.added.before_upstream), (n, Some(us(n))));
    }
}

#[test]
fn batches_add_up() {
    let mut stream = Stream::default();
    let gaps = vec![us(10), us(20)];
    stream.add(&Progress { events: 5, coalesced: 2, discarded: 0, gaps });
    stream.add(&Progress { events: 2, coalesced: 0, discarded: 1, gaps: vec![us(5)] });
    let whole = Stream { events: 7, coalesced: 2, discarded: 1, gaps: us(35) };
    assert_eq!((stream, stream.instants()), (whole, 5));
}
