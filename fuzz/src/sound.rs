//! What must hold of an outcome, whatever was called.

use weir_wire::{COALESCE, Degraded, End, Outcome, OutcomeKind, Progress, Source};

use crate::play::Play;
use crate::said;

/// Every way to end.
pub const ENDS: [End; 9] = [
    End::Complete,
    End::ClientClosed,
    End::ConnectFailed,
    End::UpstreamReset,
    End::UpstreamTimeout,
    End::UpstreamInvalid,
    End::Rejected,
    End::Shutdown,
    End::Internal,
];

/// What holds at any moment for an exchange that would end in this way: the outcome is one of the
/// list, the same when it is asked for twice, and bounded.
pub fn assert_sound(play: &Play, end: End) -> Outcome {
    let outcome = play.exchange.outcome(play.now, end);
    assert_eq!(outcome, play.exchange.outcome(play.now, end), "asking changes nothing");
    assert!(OutcomeKind::ALL.contains(&outcome.kind));
    assert_ne!(outcome.degraded, Some(Degraded::Panic));
    let most = play.policy.limits.model_bytes + '…'.len_utf8();
    assert!(outcome.model.as_ref().is_none_or(|model| model.len() <= most));
    assert!(outcome.finish_reason.as_ref().is_none_or(|reason| reason.len() <= 32));
    assert_ordered(&outcome);
    assert_estimated(&outcome);
    outcome
}

/// The same for every way to end; and nothing is reported that was not said.
pub fn assert_all_sound(play: &Play) {
    let said = said::numbers(&play.answers);
    for end in ENDS {
        let outcome = assert_sound(play, end);
        if !play.is_wrapped {
            assert_said(play, &outcome, &said);
        }
    }
}

fn assert_ordered(outcome: &Outcome) {
    let [byte, token, answer] = [
        outcome.time_to_first_byte,
        outcome.time_to_first_token,
        outcome.time_to_first_answer_token,
    ];
    assert!(token.is_none_or(|token| byte.is_none_or(|byte| byte <= token)), "{outcome:?}");
    assert!(answer.is_none_or(|answer| token.is_none_or(|token| token <= answer)), "{outcome:?}");
    assert!(token.is_none_or(|token| token <= outcome.duration), "{outcome:?}");
    assert!(token.is_none() || outcome.content_events > 0, "{outcome:?}");
}

/// An estimate is the number of events, and only output is estimated.
fn assert_estimated(outcome: &Outcome) {
    let is_reported = |source| source == Source::Reported;
    assert!(outcome.tokens.input.is_none_or(|tokens| is_reported(tokens.source)));
    if let Some(tokens) = outcome.tokens.output.filter(|tokens| !is_reported(tokens.source)) {
        assert_eq!(tokens.count, outcome.content_events);
    }
    assert!(outcome.abandoned.is_none() || outcome.abandoned == outcome.tokens.output);
}

/// What is reported stands in the answer, or adds up from what stands there: Anthropic's input of
/// three numbers, and the usage of several choices.
fn assert_said(play: &Play, outcome: &Outcome, said: &[u64]) {
    let tokens = &outcome.tokens;
    let output = tokens.output.filter(|tokens| tokens.source == Source::Reported);
    let output = output.map(|tokens| tokens.count);
    let input = tokens.input.map(|tokens| tokens.count);
    let parts = [tokens.cached_input, tokens.cache_write_input, tokens.reasoning_output];
    let sum = said.iter().fold(0_u64, |sum, number| sum.saturating_add(*number));
    for count in parts.into_iter().chain([input]).flatten() {
        assert!(count <= sum, "nobody said {count} of {outcome:?}");
    }
    for count in parts.into_iter().chain([output]).flatten() {
        let is_said = said.contains(&count) || (said::usages(&play.answers) > 1 && count <= sum);
        assert!(is_said, "nobody said {count} of {outcome:?}");
    }
}

/// Each event of a stream that had a first token is counted in exactly one way.
pub fn assert_adds_up(play: &Play) {
    let Progress { events, coalesced, discarded, gaps } = &play.progress;
    let counted = u64::from(*events > 0) + gaps.len() as u64 + coalesced + discarded;
    assert_eq!(*events, counted, "{:?}", play.progress);
    assert_eq!(*events, play.exchange.outcome(play.now, End::Complete).content_events);
    assert!(gaps.iter().all(|gap| *gap >= COALESCE), "{:?}", play.progress);
}
