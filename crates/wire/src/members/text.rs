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
const STRETCH: usize = 8 << 10;

const CHUNK: usize = 4 * BLOCK;

/// Most strings are names, and end in their first bytes.
const NEAR: usize = size_of::<u128>();

/// How much of a string that has begun is in `bytes`, its closing quote included; `None` if that is
/// not among them. `escaped` tells whether the first byte is escaped, and then, whether the byte behind
/// the last is.
#[inline]
pub(super) fn end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    if !*escaped
        && let Some(near) = bytes.first_chunk()
        && let Some(quote) = first_quote(near)
        && (quote == 0 || near[quote - 1] != b'\\')
    {
        return Some(quote + 1);
    }
    far_end(bytes, escaped)
}

/// Where the first quote is.
#[inline]
fn first_quote(near: &[u8; NEAR]) -> Option<usize> {
    const ONES: u128 = u128::from_ne_bytes([1; NEAR]);
    const HIGHEST: u128 = ONES << 7;
    // A quote becomes a zero, of which subtracting one makes the highest bit, in a byte that did not
    // have it. What is carried on from there spoils only bytes behind it.
    let zeros = u128::from_le_bytes(*near) ^ (ONES * b'"' as u128);
    let marks = zeros.wrapping_sub(ONES) & !zeros & HIGHEST;
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
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
    let two_before = bytes.as_chunks::<CHUNK>().0;
    let mut passed = ESCAPE;
    for ((chunk, one), two) in chunks.zip(one_before).zip(two_before) {
        if may_end(chunk, one, two) {
            let escaped = is_escaped(&bytes[ESCAPE..passed], false);
            if let Some(length) = end_in_blocks(simd, chunk, escaped) {
                return Passed::End(passed + length);
            }
        }
        passed += CHUNK;
    }
    let escaped = is_escaped(&bytes[ESCAPE..passed], false);
    let rest = &bytes[passed..];
    match end_in_blocks(simd, rest, escaped) {
        Some(length) => Passed::End(passed + length),
        None => Passed::Text(passed + rest.len() / BLOCK * BLOCK),
    }
}

/// The same of whole blocks, whatever is in them.
#[inline(always)]
fn end_in_blocks<S: Simd>(simd: S, bytes: &[u8], mut escaped: bool) -> Option<usize> {
    for (index, block) in bytes.as_chunks().0.iter().enumerate() {
        let block = Block::new(simd, *block);
        let escaped = block::escaped(block.marks(b'\\'), &mut escaped);
        let quotes = block.marks(b'"') & !escaped;
        if quotes != 0 {
            return Some(BLOCK * index + quotes.trailing_zeros() as usize + 1);
        }
    }
    None
}

/// Whether a quote is in a chunk that not just one backslash escapes, given the bytes one and two
/// places before. Of this loop the compiler makes vector instructions.
#[inline(always)]
fn may_end(chunk: &[u8; CHUNK], one_before: &[u8; CHUNK], two_before: &[u8; CHUNK]) -> bool {
    let mut found = false;
    for index in 0..CHUNK {
        let is_escape = (one_before[index] == b'\\') & (two_before[index] != b'\\');
        found |= (chunk[index] == b'"') & !is_escape;
    }
    found
}
