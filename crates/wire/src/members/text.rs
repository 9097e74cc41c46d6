//! The end of a JSON string, found at the speed of memory.
//!
//! Text is searched for quotes only, and a quote is told from an escaped one by the backslashes right
//! before it: all other escapes cost nothing.

use fearless_simd::{Level, Simd, dispatch};
use memchr::memchr;

use super::block::{self, BLOCK, Block};

/// Quotes that are closer than this are passed over by the chunk, not one by one.
const DENSE: usize = 512;

/// How much of such text is passed over before quotes are searched for again.
const STRETCH: usize = 128 << 10;

const CHUNK: usize = 8 * BLOCK;

/// Most strings are names, and end in their first bytes.
const NEAR: usize = 4 * WORD;
const WORD: usize = size_of::<u64>();

/// How much of a string that has begun is in `bytes`, its closing quote included; `None` if that is
/// not among them. `escaped` tells whether the first byte is escaped, and then, whether the byte behind
/// the last is.
#[inline]
pub(super) fn end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    if !*escaped && let Some(length) = plain_length(bytes) {
        return Some(length + 1);
    }
    far_end(bytes, escaped)
}

/// How long a string is that has begun, if it is a short one without escapes.
#[inline]
pub(crate) fn plain_length(bytes: &[u8]) -> Option<usize> {
    let near = &bytes[..bytes.len().min(NEAR)];
    for (index, word) in near.as_chunks::<WORD>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = marks(word, b'"');
        let found = quotes | marks(word, b'\\');
        if found != 0 {
            let is_quote = quotes & found & found.wrapping_neg() != 0;
            return is_quote.then_some(WORD * index + found.trailing_zeros() as usize / 8);
        }
    }
    None
}

/// The highest bit of the first byte that is this one, and perhaps of others behind that.
#[inline]
fn marks(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    const HIGHEST: u64 = ONES << 7;
    // The byte becomes a zero, of which subtracting one makes the highest bit, in a byte that did not
    // have it. What is carried on from there spoils only bytes behind it.
    let zeros = word ^ (ONES * u64::from(byte));
    zeros.wrapping_sub(ONES) & !zeros & HIGHEST
}

/// The same for any string.
#[inline(never)]
fn far_end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    let first = std::mem::take(escaped);
    let mut at = 0;
    while let Some(gap) = memchr(b'"', &bytes[at..]) {
        let quote = at + gap;
        if !is_escaped(&bytes[..quote], first) {
            return Some(quote + 1);
        }
        at = quote + 1;
        if gap < DENSE && quote > 0 {
            match pass_dense(&bytes[quote - 1..]) {
                Passed::Text(length) => at = quote - 1 + length,
                Passed::End(length) => return Some(quote - 1 + length),
            }
        }
    }
    *escaped = is_escaped(bytes, first);
    None
}

/// Whether the byte behind `before` is escaped; `first` tells it of the first byte.
fn is_escaped(before: &[u8], first: bool) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    let is_all = backslashes == before.len();
    (backslashes % 2 == 1) != (is_all && first)
}

/// How many bytes were read.
enum Passed {
    /// The string goes on.
    Text(usize),
    /// The last of them is the closing quote.
    End(usize),
}

/// Reads text with many quotes, by the chunk; it begins with an escape.
fn pass_dense(bytes: &[u8]) -> Passed {
    let bytes = &bytes[..bytes.len().min(STRETCH)];
    dispatch!(Level::new(), simd => pass_chunks(simd, bytes))
}

#[inline(always)]
fn pass_chunks<S: Simd>(simd: S, bytes: &[u8]) -> Passed {
    const ESCAPE: usize = 2;
    let chunks = bytes[ESCAPE..].as_chunks::<CHUNK>().0.iter();
    let one_before = bytes[ESCAPE - 1..].as_chunks::<CHUNK>().0;
    let mut passed = ESCAPE;
    // Whether the next byte is escaped, where that is known. Elsewhere no two backslashes are side by side before it,
    // so that it is soon found out.
    let mut known = Some(false);
    for (chunk, one_before) in chunks.zip(one_before) {
        known = if may_end(chunk, one_before, bytes[passed - 2]) {
            let mut escaped = known.unwrap_or_else(|| is_escaped(&bytes[ESCAPE..passed], false));
            if let Some(length) = end_in_blocks(simd, chunk, &mut escaped) {
                return Passed::End(passed + length);
            }
            Some(escaped)
        } else {
            None
        };
        passed += CHUNK;
    }
    let mut escaped = known.unwrap_or_else(|| is_escaped(&bytes[ESCAPE..passed], false));
    let rest = &bytes[passed..];
    match end_in_blocks(simd, rest, &mut escaped) {
        Some(length) => Passed::End(passed + length),
        None => Passed::Text(passed + rest.len() / BLOCK * BLOCK),
    }
}

/// The same of whole blocks, whatever is in them; `escaped` as for [`end`].
#[inline(always)]
fn end_in_blocks<S: Simd>(simd: S, bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    for (index, block) in bytes.as_chunks().0.iter().enumerate() {
        let block = Block::new(simd, *block);
        let escaped = block::escaped(block.marks(b'\\'), escaped);
        let quotes = block.marks(b'"') & !escaped;
        if quotes != 0 {
            return Some(BLOCK * index + quotes.trailing_zeros() as usize + 1);
        }
    }
    None
}

/// Whether a quote is in a chunk without a backslash right before it, or two backslashes are, of which the second may
/// be no escape; given the bytes one place before, and the one two places before the first.
///
/// Of this loop the compiler makes vector instructions: one comparison tells what would be amiss at a place, another
/// whether it is there.
#[inline(always)]
fn may_end(chunk: &[u8; CHUNK], one_before: &[u8; CHUNK], two_before_first: u8) -> bool {
    let mut found = (one_before[0] == b'\\') & (two_before_first == b'\\');
    for (byte, before) in chunk.iter().zip(one_before) {
        let amiss = if *before == b'\\' { b'\\' } else { b'"' };
        found |= *byte == amiss;
    }
    found
}
