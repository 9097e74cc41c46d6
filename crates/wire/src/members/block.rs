//! 64 bytes of JSON at once, by vectors as wide as the processor has.
//!
//! A block is turned into words of which each bit stands for a byte: the quotes, the backslashes, the
//! brackets. What belongs to a string follows from them by arithmetic, as simdjson has it
//! ([Langdale and Lemire, 2019](https://arxiv.org/abs/1902.08318)).

use fearless_simd::prelude::{SimdBase, SimdMask};
use fearless_simd::{Simd, SimdInto, u8x64};

pub(super) const BLOCK: usize = 64;

/// A block as a vector.
#[derive(Clone, Copy)]
pub(super) struct Block<S: Simd>(u8x64<S>);

impl<S: Simd> Block<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, bytes: [u8; BLOCK]) -> Self {
        Self(bytes.simd_into(simd))
    }

    /// Where this byte is.
    #[inline(always)]
    pub(super) fn marks(self, byte: u8) -> u64 {
        self.0.simd_eq(byte).to_bitmask()
    }

    /// Where this bracket is, be it square or curly.
    #[inline(always)]
    pub(super) fn brackets(self, curly: u8) -> u64 {
        // Each curly bracket differs by this bit from its square one.
        (self.0 | 0x20).simd_eq(curly).to_bitmask()
    }
}

/// The bytes that are escaped, if backslashes escape wherever they are. `first` tells it of the first
/// byte, and then, of the one behind the last.
#[inline(always)]
pub(super) fn escaped(backslashes: u64, first: &mut bool) -> u64 {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    if backslashes == 0 {
        return u64::from(std::mem::take(first));
    }
    // Every other backslash of a run escapes, from its first on: subtracting that one from the odd
    // places turns over what is behind it, up to the end of the run.
    let first_is = u64::from(*first);
    let escapes = backslashes & !first_is;
    let ends = ((escapes << 1) | ODD).wrapping_sub(escapes) ^ ODD;
    *first = (ends & backslashes) >> (BLOCK - 1) == 1;
    ends ^ (backslashes | first_is)
}

/// Every byte with an odd number of marks up to it.
#[inline(always)]
pub(super) fn odd(mut marks: u64) -> u64 {
    for step in [1, 2, 4, 8, 16, 32] {
        marks ^= marks << step;
    }
    marks
}
