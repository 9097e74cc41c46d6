//! The end of an array or an object, whatever is in it.

use fearless_simd::{Level, Simd, dispatch};

use super::block::{self, BLOCK, Block};
use super::text;

/// An array or an object that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nested {
    depth: u64,
    in_text: bool,
    /// In a string: the next byte is escaped.
    escaped: bool,
}

/// How far it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// To its end.
    Closed(usize),
    /// To all that is there.
    All,
    /// Into a string that is long.
    Text(usize),
    /// To a backslash outside of strings, which escapes nothing there: JSON has none.
    Stray(usize),
}

impl Nested {
    /// Behind the first bracket.
    pub(crate) fn begun() -> Self {
        Self { depth: 1, in_text: false, escaped: false }
    }

    /// How much of it is in `bytes`, its last bracket included; `None` if that is not among them.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        if self.in_text {
            at = text::end(bytes, &mut self.escaped)?;
            self.in_text = false;
        }
        loop {
            let rest = &bytes[at..];
            match dispatch!(Level::new(), simd => self.read_blocks(simd, rest)) {
                Read::Closed(length) => return Some(at + length),
                Read::All => return None,
                Read::Text(length) => {
                    at += length;
                    at += text::end(&bytes[at..], &mut self.escaped)?;
                    self.in_text = false;
                }
                Read::Stray(length) => {
                    at += length;
                    let block = &bytes[at..bytes.len().min(at + BLOCK)];
                    if let Some(length) = self.end_by_byte(block) {
                        return Some(at + length);
                    }
                    at += block.len();
                }
            }
        }
    }

    #[inline(always)]
    fn read_blocks<S: Simd>(&mut self, simd: S, bytes: &[u8]) -> Read {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            let read = self.read_block(Block::new(simd, *block), BLOCK);
            match read {
                Read::All => {}
                Read::Closed(length) => return Read::Closed(BLOCK * index + length),
                Read::Text(length) => return Read::Text(BLOCK * index + length),
                Read::Stray(_) => return Read::Stray(BLOCK * index),
            }
        }
        if rest.is_empty() {
            return Read::All;
        }
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        match self.read_block(Block::new(simd, block), rest.len()) {
            Read::Closed(length) => Read::Closed(BLOCK * blocks.len() + length),
            Read::Stray(_) => Read::Stray(BLOCK * blocks.len()),
            Read::Text(_) | Read::All => Read::All,
        }
    }

    /// Reads a block of which so many bytes count; the rest is blank.
    #[inline(always)]
    fn read_block<S: Simd>(&mut self, block: Block<S>, length: usize) -> Read {
        let mut escaped_next = self.escaped;
        let backslashes = block.marks(b'\\');
        let escaped = block::escaped(backslashes, &mut escaped_next);
        let quotes = block.marks(b'"') & !escaped;
        let text = block::odd(quotes) ^ 0_u64.wrapping_sub(self.in_text.into());
        if backslashes & !text != 0 {
            return Read::Stray(0);
        }
        if let Some(end) = self.close(block.brackets(b'{') & !text, block.brackets(b'}') & !text) {
            return Read::Closed(end);
        }
        self.escaped = if length < BLOCK { escaped >> length & 1 == 1 } else { escaped_next };
        self.in_text = text >> (BLOCK - 1) == 1;
        if self.in_text && quotes == 0 { Read::Text(length) } else { Read::All }
    }

    /// Counts brackets, up to the one that closes it.
    #[inline(always)]
    fn close(&mut self, opening: u64, mut closing: u64) -> Option<usize> {
        let closed = u64::from(closing.count_ones());
        if closed < self.depth {
            self.depth += u64::from(opening.count_ones());
            self.depth -= closed;
            return None;
        }
        let mut counted = 0;
        while closing != 0 {
            let at = closing.trailing_zeros();
            let before = (1 << at) - 1;
            self.depth += u64::from((opening & before & !counted).count_ones());
            self.depth -= 1;
            if self.depth == 0 {
                return Some(at as usize + 1);
            }
            counted = before;
            closing &= closing - 1;
        }
        self.depth += u64::from((opening & !counted).count_ones());
        None
    }

    /// The same as of blocks, whatever is in them.
    #[cold]
    fn end_by_byte(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'"' => self.in_text = !self.in_text,
                b'\\' => self.escaped = self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(index + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }
}
