//! Generated text: plain English words in no order. A word is about one token with the tokenizers of today's models.

use rand::Rng;

/// A byte chooses one, so there are 256.
const WORDS: [&str; 256] = [
    "about", "above", "after", "again", "age", "air", "all", "also", "always", "among", "and",
    "animal", "answer", "any", "apple", "area", "arm", "art", "ask", "away", "baby", "back", "bad",
    "bag", "ball", "bank", "base", "bear", "beat", "bed", "been", "before", "begin", "bell",
    "best", "bird", "black", "blood", "blue", "board", "boat", "body", "bone", "book", "born",
    "both", "bottom", "box", "boy", "bread", "break", "bridge", "bring", "brother", "brown",
    "build", "burn", "bus", "busy", "but", "buy", "cake", "call", "camp", "can", "car", "card",
    "care", "carry", "case", "cat", "catch", "cause", "center", "chair", "chance", "change",
    "child", "city", "class", "clean", "clear", "clock", "close", "cloud", "coat", "cold", "color",
    "come", "common", "cook", "cool", "copy", "corn", "corner", "cost", "could", "count",
    "country", "course", "cover", "cross", "cry", "cup", "cut", "dance", "dark", "day", "deal",
    "dear", "deep", "desk", "did", "dinner", "doctor", "dog", "door", "down", "draw", "dream",
    "dress", "drink", "drive", "drop", "dry", "each", "ear", "early", "earth", "east", "easy",
    "eat", "edge", "egg", "eight", "else", "end", "engine", "enough", "even", "ever", "every",
    "eye", "face", "fact", "fall", "family", "far", "farm", "fast", "father", "feel", "feet",
    "field", "fight", "fill", "film", "find", "fine", "finger", "fire", "first", "fish", "five",
    "floor", "flow", "fly", "follow", "food", "foot", "force", "forest", "four", "free", "fresh",
    "friend", "from", "front", "fruit", "full", "game", "garden", "gave", "girl", "give", "glass",
    "gold", "good", "grass", "great", "green", "ground", "group", "grow", "guess", "hair", "half",
    "hand", "happy", "hard", "hat", "head", "hear", "heart", "heat", "heavy", "help", "high",
    "hill", "home", "hope", "horse", "hot", "hour", "house", "ice", "idea", "inside", "iron",
    "island", "job", "join", "keep", "key", "king", "kitchen", "know", "lake", "land", "large",
    "late", "laugh", "lead", "leaf", "learn", "leave", "left", "leg", "letter", "light", "line",
    "list", "listen", "little", "live", "long", "look", "love", "low", "lunch", "make", "market",
    "moon", "river", "stone", "water",
];

/// Appends so many words, each but the text's first behind a blank.
pub(super) fn append(text: &mut String, mut words: usize, random: &mut impl Rng) {
    let mut bytes = [0; 256];
    while words > 0 {
        let some = words.min(bytes.len());
        random.fill_bytes(&mut bytes);
        for word in bytes.iter().take(some).filter_map(|&byte| WORDS.get(usize::from(byte))) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        words -= some;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn words_are_different_ones() {
        assert_eq!(BTreeSet::from(WORDS).len(), WORDS.len());
    }

    #[test]
    fn as_many_words_as_were_asked_for() {
        for words in [0, 1, 255, 256, 257, 1_000] {
            let mut text = String::new();
            append(&mut text, words, &mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(text.split_whitespace().count(), words);
            assert_eq!(text.matches(' ').count(), words.saturating_sub(1));
        }
    }
}
