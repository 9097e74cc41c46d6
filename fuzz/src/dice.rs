//! Choices that follow from the input alone, so that a finding is its input and nothing else.

/// Numbers that look random and depend on the input only.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice for an input (FNV-1a of its bytes).
    pub fn of(input: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(input.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// A number below `end`, which is not 0 (xorshift64*).
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(mixed).unwrap_or_default() % end
    }

    /// The bytes in pieces, none of them empty; one or two pieces as often as many.
    pub fn cut<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let longest = match self.below(3) {
            0 => bytes.len().max(1),
            1 => 1 + self.below(40),
            _ => 1 + self.below(4),
        };
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at((1 + self.below(longest)).min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}
