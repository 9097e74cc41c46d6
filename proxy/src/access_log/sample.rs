//! Which successes are in a sample: told by the trace id, so that both hops of a request agree.

use crate::trace_context::TraceId;

/// Whether a trace is in a sample of this share (0 to 1). The rule is that of OpenTelemetry's
/// `TraceIdRatioBased` in its SDKs, so that spans that are sampled by the same share agree too.
pub(super) fn holds(share: f64, trace: TraceId) -> bool {
    const HALF: f64 = (1_u64 << 63) as f64;
    // The lower half of the id is what has to be random.
    let random = trace.0 as u64 >> 1;
    share >= 1.0 || random < (share * HALF) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_traces_is_in_it() {
        let mut dice = fastrand::Rng::with_seed(7);
        let traces: Vec<_> = (0..10_000).map(|_| TraceId(dice.u128(1..))).collect();
        let held = |share| traces.iter().filter(|trace| holds(share, **trace)).count();
        assert_eq!((held(0.0), held(1.0)), (0, 10_000));
        assert!((900..1_100).contains(&held(0.1)), "{}", held(0.1));
        let (few, many) = (|trace| holds(0.1, trace), |trace| holds(0.2, trace));
        assert!(
            traces.iter().all(|&trace| !few(trace) || many(trace)),
            "a larger one has them all"
        );
        assert!(holds(1.0, TraceId(u128::MAX)));
    }
}
