//! What a stream allocates: nothing for an event like the one before it, and little in all. A binary
//! of its own, since its allocator counts.

#[cfg(test)]
mod events;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use allocation_counter::measure;
    use weir_wire::{Exchange, Policy, RequestHead, ResponseHead};

    use crate::events::{self, Event};

    /// The most that one stream may hold, the exchange itself included.
    const MOST: usize = 5 << 9;

    fn stream(event: &Event, policy: Policy) -> Exchange {
        let mut exchange = Exchange::new(&RequestHead::json(event.endpoint), policy);
        let _request = exchange.on_request_body(br#"{"model":"tiny","stream":true}"#, true);
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        exchange
    }

    fn give(exchange: &mut Exchange, pieces: &[Vec<u8>], from: u64) {
        for (index, piece) in (from..).zip(pieces) {
            let _unchanged = exchange.on_response_body(Duration::from_millis(index), piece);
            exchange.take_progress(|batch| assert!(!batch.is_empty()));
        }
    }

    #[test]
    fn an_event_like_the_one_before_allocates_nothing() {
        for event in events::events() {
            for policy in [Policy::exact(), Policy::observe()] {
                let mut exchange = stream(&event, policy);
                let pieces = event.stream();
                give(&mut exchange, &pieces[..3], 0);
                let before = exchange.events_skimmed();
                let singly = measure(|| give(&mut exchange, &pieces, 100));
                let burst = [pieces.concat()];
                let together = measure(|| give(&mut exchange, &burst, 200));
                let counts = [singly.count_total, together.count_total];
                assert_eq!(counts, [0, 0], "{} {policy:?}", event.name);
                let skimmed = exchange.events_skimmed() - before;
                assert_eq!(skimmed, 2 * pieces.len() as u64, "{} {policy:?}", event.name);
            }
        }
    }

    #[test]
    fn a_stream_holds_little() {
        for event in events::events() {
            let pieces = event.stream();
            let mut kept = None;
            let held = measure(|| {
                let mut exchange = stream(&event, Policy::exact());
                give(&mut exchange, &pieces, 0);
                kept = Some(exchange);
            });
            let held = usize::try_from(held.bytes_current).unwrap() + size_of::<Exchange>();
            assert!(held <= MOST, "{} bytes for a stream of {}", held, event.name);
        }
    }
}
