//! Random numbers of a workload. Each purpose has its own, for each conversation and turn: other lengths of answers
//! leave the prompts as they are, and it does not matter in which order conversations are played.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// What numbers are for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    PromptLength,
    PromptWords,
    /// The number is that of the group.
    PrefixWords,
    PrefixGroup,
    /// The number is the block's id.
    BlockWords,
    OutputLength,
    Streamed,
    Model,
    Turns,
}

/// The numbers for a purpose; `number` mostly counts conversations.
pub(super) fn random(seed: u64, purpose: Purpose, number: u64, turn: u32) -> ChaCha8Rng {
    let mut key = [0; 32];
    let parts = [seed, purpose as u64, u64::from(turn)];
    for (bytes, part) in key.chunks_exact_mut(8).zip(parts) {
        bytes.copy_from_slice(&part.to_le_bytes());
    }
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(number);
    random
}
