//! How the bytes of an exchange are cut does not matter: same outcome, same bytes out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::case::{Case, every};
use crate::drive::{self, Run};
use crate::{difference, expectation};

/// All bytes share one instant, so that times are the same too.
const INSTANT: Duration = Duration::from_millis(100);

/// Bodies up to this size are cut in two at every offset; larger ones are cut every so many bytes,
/// which comes to every offset when the first of these cuts goes through all of them.
const SMALL: usize = 2_200;
const EVERY: usize = 401;
/// Bodies over this size are only cut near their end and in large pieces.
const LARGE: usize = 100_000;

fn uncut(case: &Case) -> Run {
    in_pieces(case, &[&case.request], &[case.body()])
}

fn in_pieces(case: &Case, request: &[&[u8]], answer: &[&[u8]]) -> Run {
    let mut answer: Vec<_> = answer.iter().map(|piece| (INSTANT, *piece)).collect();
    // The end comes as long after an answer without a body.
    answer.push((INSTANT, &[]));
    drive::play(case, request, &answer)
}

fn assert_same(case: &Case, whole: &Run, cut: &Run, how: impl Fn() -> String) {
    if whole != cut {
        let lines = difference::between(&expectation::of(case, whole), &expectation::of(case, cut));
        panic!("{} {} is not as uncut:\n{}", case.name, how(), lines.join("\n"));
    }
}

/// Ways to cut a body that together cut it at every offset.
fn ways(body: &[u8]) -> Vec<Vec<&[u8]>> {
    let in_two = |at: usize| vec![&body[..at], &body[at..]];
    match body.len() {
        length if length <= SMALL => (0..=length).map(in_two).collect(),
        length if length > LARGE => (length - 700..length).step_by(233).map(in_two).collect(),
        _ => (0..EVERY)
            .map(|first| {
                let (front, back) = body.split_at(first);
                [front].into_iter().chain(back.chunks(EVERY)).collect()
            })
            .collect(),
    }
}

/// Runs a check on every case, on as many threads as there are cores.
fn for_every_case(check: impl Fn(&Case) + Sync) {
    let cases = every();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(case);
                }
            });
        }
    });
}

#[test]
fn the_answer_cut_at_every_offset() {
    for_every_case(|case| {
        if case.request.len() > LARGE {
            return;
        }
        let whole = uncut(case);
        for pieces in ways(case.body()) {
            let cut = in_pieces(case, &[&case.request], &pieces);
            assert_same(case, &whole, &cut, || format!("with the answer {}", lengths(&pieces)));
        }
    });
}

#[test]
fn the_request_cut_at_every_offset() {
    for_every_case(|case| {
        // The answer plays no part here; most of it is left out to save time.
        let answer = &case.body()[..case.body().len().min(400)];
        let whole = in_pieces(case, &[&case.request], &[answer]);
        for pieces in ways(&case.request) {
            let cut = in_pieces(case, &pieces, &[answer]);
            assert_same(case, &whole, &cut, || format!("with the request {}", lengths(&pieces)));
        }
    });
}

fn lengths(pieces: &[&[u8]]) -> String {
    let lengths: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
    format!("in pieces of {lengths:?} bytes")
}

#[test]
fn both_in_pieces_of_one_size() {
    for_every_case(|case| {
        let whole = uncut(case);
        for size in [1, 2, 3, 7, 16, 61, 1_000, 4_096, 65_536] {
            if size < 1_000 && case.body().len().max(case.request.len()) > LARGE {
                continue;
            }
            let request: Vec<_> = case.request.chunks(size).collect();
            let request = if request.is_empty() { vec![case.request.as_slice()] } else { request };
            let answer: Vec<_> = case.body().chunks(size).collect();
            let cut = in_pieces(case, &request, &answer);
            assert_same(case, &whole, &cut, || format!("in pieces of {size}"));
        }
    });
}

#[test]
fn the_last_piece_of_the_request_may_be_empty() {
    for_every_case(|case| {
        let cut = in_pieces(case, &[&case.request, &[], &[]], &[&[], case.body(), &[]]);
        assert_same(case, &uncut(case), &cut, || "with empty pieces".to_owned());
    });
}

#[test]
fn nothing_is_changed_but_what_weir_asked_for() {
    for_every_case(|case| {
        let run = uncut(case);
        let by_schedule = drive::by_schedule(case);
        assert_eq!(run.sent, by_schedule.sent, "{}", case.name);
        assert_eq!(run.received, by_schedule.received, "{}", case.name);
        let asked = run.sent != case.request;
        if case.policy.usage == weir_wire::UsagePolicy::Observe {
            assert!(!asked, "{}: a request that is observed was changed", case.name);
        }
        let changes = expectation::of(case, &run);
        let added = &changes["added_to_request"];
        let taken_out = changes["taken_out_of_answer"].as_array().unwrap();
        if asked {
            assert_eq!(added, r#","stream_options":{"include_usage":true}"#, "{}", case.name);
            // llama.cpp has one for each choice.
            let most = run.facts.as_ref().and_then(|facts| facts.parameters.choices).unwrap_or(1);
            assert!(taken_out.len() as u64 <= most, "{}: {taken_out:?}", case.name);
        } else {
            assert!(added.is_null() && taken_out.is_empty(), "{}: nobody asked", case.name);
        }
    });
}

/// The pieces between some points of a body.
fn split<'a>(body: &'a [u8], points: &[Index]) -> Vec<&'a [u8]> {
    let mut points: Vec<_> = points.iter().map(|point| point.index(body.len() + 1)).collect();
    points.extend([0, body.len()]);
    points.sort_unstable();
    points.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn both_in_random_pieces(
        case in any::<Index>(),
        request in prop::collection::vec(any::<Index>(), 0..8),
        answer in prop::collection::vec(any::<Index>(), 0..24),
    ) {
        let cases = small_cases();
        let case = case.get(cases);
        let (request, answer) = (split(&case.request, &request), split(case.body(), &answer));
        let cut = in_pieces(case, &request, &answer);
        let how = || format!("{}, answer {}", lengths(&request), lengths(&answer));
        assert_same(case, &uncut(case), &cut, how);
    }
}

/// Cases that are quick to play, read once.
pub(crate) fn small_cases() -> &'static [Case] {
    static CASES: std::sync::OnceLock<Vec<Case>> = std::sync::OnceLock::new();
    CASES.get_or_init(|| {
        let mut cases = every();
        cases.retain(|case| case.body().len() <= LARGE && case.request.len() <= LARGE);
        cases
    })
}
