//! The exchange, called in any order.
//!
//! For every list of calls, also such as no proxy makes:
//! * nothing panics, not even behind the meter's guard;
//! * after every call, and for every way to end, the outcome is one of the list and the same when it
//!   is asked for twice; names are bounded, times are in order;
//! * a count that is reported stands in the answer;
//! * the bytes that come out are those that went in, but for the question for usage before the last
//!   brace of a request and events of usage in its answer, both only where usage was asked for;
//! * `events = 1 + gaps + coalesced + discarded`;
//! * what is held is at most a few times what was given;
//! * with the bodies cut smaller, outcome, progress and bytes are the same;
//! * and so they are with every event parsed, also such as are like an earlier one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_fuzz::calls;
use weir_fuzz::dice::Dice;
use weir_fuzz::memory;
use weir_fuzz::passed::assert_equal;
use weir_fuzz::play::Play;
use weir_fuzz::sound::{ENDS, assert_all_sound, assert_sound};
use weir_wire::End;

fuzz_target!(|input: &[u8]| {
    let mut whole = play(input, None, false);
    let mut cut = play(input, Some(Dice::of(input)), false);
    let mut parsed = play(input, None, true);
    for end in ENDS {
        let outcome = whole.exchange.outcome(whole.now, end);
        assert_eq!(parsed.exchange.outcome(parsed.now, end), outcome, "every event parsed");
        if !whole.may_differ {
            assert_eq!(cut.exchange.outcome(cut.now, end), outcome, "cut smaller");
        }
    }
    whole.finish();
    cut.finish();
    parsed.finish();
    assert!(parsed.progress == whole.progress, "every event parsed");
    assert_equal(&parsed.out, &whole.out);
    assert!(cut.progress == whole.progress || whole.may_differ, "cut smaller");
    // Whether an event over the limit comes whole decides whether it can still be taken out.
    if !whole.may_differ && input.len() <= whole.policy.limits.hold_bytes {
        assert_equal(&cut.out, &whole.out);
    }
    assert_bounded(whole, input.len());
});

/// Makes the calls; the outcome is looked at after each.
fn play(input: &[u8], dice: Option<Dice>, parse_all: bool) -> Play {
    let (head, calls) = calls::read(input);
    let mut play = Play::new(head, dice);
    if parse_all {
        play.exchange.parse_every_event();
    }
    for call in calls {
        play.call(call);
        assert_sound(&play, End::Complete);
    }
    assert_all_sound(&play);
    play
}

fn assert_bounded(play: Play, given: usize) {
    // A decoder of a coding has a window of its own size.
    if !play.is_wrapped {
        let before = memory::live();
        drop(play.exchange);
        let held = before - memory::live();
        assert!(held <= 8 * given + (8 << 10), "{held} bytes held of {given}");
    }
}
