//! WebSockets, reached through an exchange.
//!
//! For every row of messages of both sides:
//! * in fragments, with control frames between them and cut anywhere, the outcome is that of one
//!   frame a message in one go;
//! * the bytes flow on as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_fuzz::calls::records;
use weir_fuzz::dice::Dice;
use weir_wire::{End, Endpoint, Exchange, Outcome, Policy, RequestHead, ResponseHead};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const PING: u8 = 9;
const PONG: u8 = 10;
const LAST: u8 = 0x80;

fuzz_target!(|input: &[u8]| {
    let mut dice = Dice::of(input);
    // Records of the client and of the server, in turn.
    let mut whole = [Vec::new(), Vec::new()];
    let mut fragments = whole.clone();
    for (index, text) in records(input).enumerate() {
        let side = index % 2;
        let is_masked = side == 0;
        frame(&mut whole[side], LAST | TEXT, text, is_masked.then_some([0; 4]));
        for frame in 0..=1 {
            control(&mut fragments[side], &mut dice, is_masked, frame);
        }
        in_fragments(&mut fragments[side], &mut dice, text, is_masked);
    }
    let in_one_go = play(&[&whole[0]], &[&whole[1]]);
    let [client, server] = &fragments;
    let cut = play(&dice.clone().cut(client), &dice.cut(server));
    assert_eq!(cut, in_one_go);
});

/// A frame; with a mask if it comes from the client.
fn frame(out: &mut Vec<u8>, first: u8, payload: &[u8], mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    out.push(first);
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => out.push(masked | length.to_be_bytes()[1]),
        Ok(length) => {
            out.push(masked | 126);
            out.extend(length.to_be_bytes());
        }
        Err(_) => {
            out.push(masked | 127);
            out.extend((payload.len() as u64).to_be_bytes());
        }
    }
    out.extend(mask.unwrap_or_default().iter().take(usize::from(masked >> 5)));
    let mask = mask.unwrap_or_default();
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

fn mask(dice: &mut Dice, is_masked: bool) -> Option<[u8; 4]> {
    let byte = |dice: &mut Dice| u8::try_from(dice.below(256)).unwrap_or_default();
    is_masked.then(|| [byte(dice), byte(dice), byte(dice), byte(dice)])
}

/// Now and then a ping or a pong, which may have a payload.
fn control(out: &mut Vec<u8>, dice: &mut Dice, is_masked: bool, size: usize) {
    if dice.below(4) == 0 {
        let kind = [PING, PONG][dice.below(2)];
        let mask = mask(dice, is_masked);
        frame(out, LAST | kind, &b"{}"[..2 * size], mask);
    }
}

fn in_fragments(out: &mut Vec<u8>, dice: &mut Dice, text: &[u8], is_masked: bool) {
    let pieces = if text.is_empty() { vec![text] } else { dice.cut(text) };
    for (index, piece) in pieces.iter().enumerate() {
        let kind = if index == 0 { TEXT } else { CONTINUATION };
        let last = if index + 1 == pieces.len() { LAST } else { 0 };
        let mask = mask(dice, is_masked);
        frame(out, last | kind, piece, mask);
        if last == 0 {
            control(out, dice, is_masked, 1);
        }
    }
}

/// The outcome; the sizes are left out.
fn play(client: &[&[u8]], server: &[&[u8]]) -> Outcome {
    let mut exchange = Exchange::new(&RequestHead::json(Endpoint::Realtime), Policy::exact());
    assert!(exchange.on_request_body(&[], true).bytes(&[]).is_empty());
    exchange.on_response_head(&ResponseHead::new(101, None));
    for piece in client {
        exchange.on_client_frames(piece);
    }
    for piece in server {
        assert_eq!(exchange.on_response_body(Default::default(), piece).bytes(piece), *piece);
    }
    assert!(exchange.on_response_end().is_empty());
    let outcome = exchange.outcome(Default::default(), End::Complete);
    Outcome { request_bytes: 0, response_bytes: 0, ..outcome }
}
