//! Upper edges of every histogram, each with its source and reason.
//!
//! Two histograms can be laid side by side, bucket for bucket, only where they share their edges.
//! So the token latencies and the duration hold every edge that vLLM has today
//! (`vllm/v1/metrics/buckets.py`; releases before 0.8.5 have a subset), and finer ones where vLLM's
//! first bucket swallows what an H200 does: below 25 ms for gaps, below 300 ms for durations.
//! The side histograms are for finding faults, not for comparing: at most 12 edges each.

use crate::native::{ZERO_INDEX, finest_index};

/// How many buckets of the finest native resolution [`Edges`] knows its place in: up to 2^28.
const PLACES: usize = 384;

/// The edges of one histogram, rising, `+Inf` left out.
#[derive(Debug)]
pub(crate) struct Edges {
    pub(crate) all: &'static [f64],
    /// How many edges lie before each native bucket, from that of the zeros on. So both buckets of a time are
    /// found at once, and without a search.
    before: [u8; PLACES],
}

impl Edges {
    pub(crate) const fn new(all: &'static [f64]) -> Self {
        let mut before = [0; PLACES];
        let (mut place, mut edge) = (0, 0);
        while place < PLACES {
            while edge < all.len() && finest_index(all[edge]) < ZERO_INDEX + place as i32 {
                edge += 1;
            }
            before[place] = edge as u8;
            place += 1;
        }
        Self { all, before }
    }

    /// How many buckets there are; the last one has no upper edge.
    pub(crate) fn buckets(&self) -> usize {
        self.all.len() + 1
    }

    /// The bucket of a number, of which [`finest_index`] is known.
    pub(crate) fn bucket(&self, number: f64, finest: i32) -> usize {
        let place = (finest - ZERO_INDEX).clamp(0, PLACES as i32 - 1);
        let mut bucket = usize::from(self.before[place as usize]);
        while self.all.get(bucket).is_some_and(|edge| *edge < number) {
            bucket += 1;
        }
        bucket
    }
}

/// Seconds to the first token: vLLM's `TIME_TO_FIRST_TOKEN_BUCKETS`, and 150 and 200 ms, because a
/// warm server answers between vLLM's 100 and 250 ms.
pub(crate) static FIRST_TOKEN: Edges = Edges::new(&[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0,
    7.5, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
]);

/// Seconds between tokens and per token: vLLM's `INTER_TOKEN_LATENCY_BUCKETS`, and eight below
/// 10 ms, vLLM's first, where small models and speculative decoding live, and two between its 10 and
/// 25 ms, where an H200 steps through large ones.
pub(crate) static TOKEN_GAP: Edges = Edges::new(&[
    0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
]);

/// Seconds of a whole request: vLLM's `REQUEST_LATENCY_BUCKETS`, and six below 300 ms, vLLM's first,
/// for embeddings and for requests that are refused.
pub(crate) static DURATION: Edges = Edges::new(&[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0,
    30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0,
]);

/// Seconds to the first byte: from an answer out of a cache to a long one that is not streamed, whose
/// first byte comes last.
pub(crate) static FIRST_BYTE: Edges =
    Edges::new(&[0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0]);

/// Bytes of a body: powers of 4. 64 KiB is one of them, being the largest body that is sent again.
pub(crate) static SIZE: Edges = Edges::new(&[
    256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0,
]);

/// Seconds to connect: loopback, one rack, one TLS handshake; 1 and 3 s are where the kernel sends a
/// lost SYN again.
pub(crate) static CONNECT: Edges =
    Edges::new(&[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0, 3.0, 10.0]);

/// Seconds in Weir: its own work is below 1 ms; what is above is a client that is slow to send its
/// body.
pub(crate) static OVERHEAD: Edges = Edges::new(&[
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.2, 1.0, 10.0,
]);

/// Seconds that the gateway adds: to a gap (below 1 ms), to a first token (milliseconds), before it asks an
/// engine (its authentication, database and callbacks: up to seconds where they fail).
pub(crate) static HOP_ADDED: Edges =
    Edges::new(&[0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0]);

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: [&Edges; 8] =
        [&FIRST_TOKEN, &TOKEN_GAP, &DURATION, &FIRST_BYTE, &SIZE, &CONNECT, &OVERHEAD, &HOP_ADDED];

    // vllm/v1/metrics/buckets.py, read at commit 139b1c3f (2026), the same since 0.8.5.
    const VLLM_FIRST_TOKEN: &[f64] = &[
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
        20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
    ];
    const VLLM_TOKEN_GAP: &[f64] = &[
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
        20.0, 40.0, 80.0,
    ];
    const VLLM_DURATION: &[f64] = &[
        0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0,
        240.0, 480.0, 960.0, 1920.0, 7680.0,
    ];

    /// vLLM's edges are all there, and ours come only below `finer_below`.
    fn assert_superset(ours: &Edges, vllm: &[f64], finer_below: f64) {
        for edge in vllm {
            assert!(ours.all.contains(edge), "vLLM's edge {edge} is missing");
        }
        for edge in ours.all.iter().filter(|edge| !vllm.contains(edge)) {
            assert!(*edge < finer_below, "{edge} is neither vLLM's nor below {finer_below}");
        }
    }

    #[test]
    fn vllm_can_be_laid_beside() {
        assert_superset(&FIRST_TOKEN, VLLM_FIRST_TOKEN, 0.3);
        assert_superset(&TOKEN_GAP, VLLM_TOKEN_GAP, 0.025);
        assert_superset(&DURATION, VLLM_DURATION, 0.3);
    }

    #[test]
    fn edges_rise_and_side_histograms_are_small() {
        for edges in ALL {
            assert!(edges.all.is_sorted_by(|a, b| a < b), "{edges:?}");
        }
        for edges in [&FIRST_BYTE, &SIZE, &CONNECT, &OVERHEAD, &HOP_ADDED] {
            assert!(edges.all.len() <= 12, "{edges:?}");
        }
    }

    #[test]
    fn the_bucket_of_a_number_is_the_first_that_ends_behind_it() {
        for edges in ALL {
            let around =
                edges.all.iter().flat_map(|edge| [edge.next_down(), *edge, edge.next_up()]);
            let others = (0..20_000).map(|step| 1e-9 * 1.003_f64.powi(step));
            for number in around.chain(others).chain([0.0, f64::MAX]) {
                let expected = edges.all.iter().filter(|edge| **edge < number).count();
                assert_eq!(edges.bucket(number, finest_index(number)), expected, "{number}");
            }
        }
    }

    /// Most buckets are found by what the table says, without a further step.
    #[test]
    fn the_table_leaves_one_step_at_most() {
        for edges in ALL {
            for (index, before) in (ZERO_INDEX..).zip(edges.before).skip(1) {
                let within = edges.all.iter().filter(|edge| finest_index(**edge) == index).count();
                assert!(within <= 1, "{within} edges in bucket {index} of {:?}", edges.all);
                let lower = edges.all.iter().filter(|edge| finest_index(**edge) < index).count();
                assert_eq!(usize::from(before), lower, "{index}");
            }
        }
    }
}
