//! Which traces are exported, decided when a request comes: `OTEL_TRACES_SAMPLER`.

/// Decides by what whoever called has decided, or by the trace's identifier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whether a decision that came with the request counts.
    pub follows_parent: bool,
    /// The share of traces that are sampled where nobody has decided: 0 to 1.
    pub ratio: f64,
}

impl Default for Sampler {
    /// `parentbased_always_on`, as the specification has it.
    fn default() -> Self {
        Self { follows_parent: true, ratio: 1.0 }
    }
}

impl Sampler {
    /// A sampler by its name in `OTEL_TRACES_SAMPLER`; `ratio` for those that take one.
    pub(crate) fn named(name: &str, ratio: f64) -> Option<Self> {
        let (follows_parent, ratio) = match name {
            "always_on" => (false, 1.0),
            "always_off" => (false, 0.0),
            "traceidratio" => (false, ratio),
            "parentbased_always_on" => (true, 1.0),
            "parentbased_always_off" => (true, 0.0),
            "parentbased_traceidratio" => (true, ratio),
            _ => return None,
        };
        Some(Self { follows_parent, ratio })
    }

    /// Whether the trace is sampled. `parent`: what whoever called has decided, if anybody did.
    pub fn takes(&self, trace: u128, parent: Option<bool>) -> bool {
        match parent.filter(|_| self.follows_parent) {
            Some(decided) => decided,
            None => self.takes_by_ratio(trace),
        }
    }

    /// As OpenTelemetry's SDKs do it, so that all who see the trace decide the same.
    fn takes_by_ratio(&self, trace: u128) -> bool {
        const ALL: f64 = (1_u64 << 63) as f64;
        let drawn = (trace as u64) >> 1;
        self.ratio >= 1.0 || drawn < (self.ratio.max(0.0) * ALL) as u64
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanKind, TraceId};
    use opentelemetry_sdk::trace::{Sampler as Sdk, SamplingDecision, ShouldSample};

    use super::*;

    #[test]
    fn the_ratio_decides_as_the_sdk_does() {
        for ratio in [0.0, 0.001, 0.1, 0.5, 0.999, 1.0] {
            let sampler = Sampler::named("traceidratio", ratio).unwrap();
            let mut taken = 0;
            for _ in 0..2_000 {
                let trace = fastrand::u128(1..);
                let sdk = Sdk::TraceIdRatioBased(ratio).should_sample(
                    None,
                    TraceId::from(trace),
                    "",
                    &SpanKind::Client,
                    &[],
                    &[],
                );
                let takes = sampler.takes(trace, None);
                taken += u32::from(takes);
                let decision = sdk.decision == SamplingDecision::RecordAndSample;
                assert_eq!(takes, decision, "{ratio} of {trace:032x}");
            }
            let share = f64::from(taken) / 2_000.0;
            assert!((share - ratio).abs() < 0.1, "{share} for {ratio}");
        }
    }

    #[test]
    fn whoever_called_is_followed_only_where_that_is_asked_for() {
        let takes = |name, parent| Sampler::named(name, 0.0).unwrap().takes(1, parent);
        assert!(takes("parentbased_always_off", Some(true)));
        assert!(!takes("parentbased_always_on", Some(false)));
        assert!(takes("parentbased_always_on", None));
        assert!(!takes("parentbased_always_off", None));
        assert!(takes("always_on", Some(false)));
        assert!(!takes("always_off", Some(true)));
        assert!(!takes("traceidratio", Some(true)));
        assert!(takes("parentbased_traceidratio", Some(true)));
        assert_eq!(Sampler::named("jaeger_remote", 0.0), None);
        assert_eq!(Sampler::named("parentbased_always_on", 0.0), Some(Sampler::default()));
    }
}
