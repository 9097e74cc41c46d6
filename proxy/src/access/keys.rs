//! The keys that are known: their hashes, compared in constant time, and what was used up of each.

use std::fmt;
use std::sync::Arc;

use ring::digest;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::rate::{Limiter, Rate};

/// SHA-256 of a key. It is never shown: a key that is short enough could be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyHash([u8; digest::SHA256_OUTPUT_LEN]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &[u8]) -> Self {
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest::digest(&digest::SHA256, key).as_ref());
        Self(hash)
    }

    /// Reads 64 hexadecimal digits, as `sha256sum` writes them.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        if text.len() != 2 * hash.len() {
            return None;
        }
        let digits = text.as_bytes().iter().map(|digit| char::from(*digit).to_digit(16));
        let digits: Vec<_> = digits.collect::<Option<_>>()?;
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(hidden)")
    }
}

/// A key as it was configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConfig {
    /// What it is called: a label, and the name in lists.
    pub alias: Arc<str>,
    /// What it is known by.
    pub hash: KeyHash,
    /// How often it may be used; `None`: as often as anybody likes.
    pub rate: Option<Rate>,
}

/// A key in use.
pub(crate) struct Key {
    pub(super) alias: Arc<str>,
    hash: KeyHash,
    pub(super) limiter: Option<Arc<Limiter>>,
}

/// All of them.
pub(super) struct Keys(Vec<Arc<Key>>);

impl Keys {
    /// A key that had the same rate before goes on where it was, even if it is another one by now
    /// (they are changed from time to time).
    pub(super) fn new(configured: &[KeyConfig], old: Option<&Self>) -> Self {
        let live = |config: &KeyConfig| {
            let before = old.into_iter().flat_map(|old| &old.0);
            let same = before
                .filter(|old| old.alias == config.alias)
                .filter_map(|old| old.limiter.as_ref())
                .find(|limiter| Some(limiter.rate) == config.rate);
            let limiter = match (same, config.rate) {
                (Some(same), _) => Some(Arc::clone(same)),
                (None, rate) => rate.map(|rate| Arc::new(Limiter::new(rate))),
            };
            Arc::new(Key { alias: Arc::clone(&config.alias), hash: config.hash, limiter })
        };
        Self(configured.iter().map(live).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at every key to its end, wherever the right one stands and however much of a wrong one
    /// is right: how long that takes tells nothing.
    pub(super) fn find(&self, written: &[u8]) -> Option<&Arc<Key>> {
        let hash = KeyHash::of(written);
        let mut found = u64::MAX;
        for (index, key) in (0..).zip(&self.0) {
            found.conditional_assign(&index, hash.0.ct_eq(&key.hash.0));
        }
        self.0.get(usize::try_from(found).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rate::Per;
    use super::*;

    fn config(alias: &str, key: &str, rate: Option<Rate>) -> KeyConfig {
        KeyConfig { alias: alias.into(), hash: KeyHash::of(key.as_bytes()), rate }
    }

    #[test]
    fn a_hash_is_what_sha256sum_writes() {
        // printf %s abc | sha256sum
        let written = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(KeyHash::parse(written), Some(KeyHash::of(b"abc")));
        assert_eq!(KeyHash::parse(&written.to_uppercase()), Some(KeyHash::of(b"abc")));
        for wrong in ["", "abc", &written[1..], &format!("{written}0"), &written.replace('b', "g")]
        {
            assert_eq!(KeyHash::parse(wrong), None, "{wrong}");
        }
        assert_eq!(KeyHash::parse(&"é".repeat(32)), None);
        assert_eq!(format!("{:?}", KeyHash::of(b"abc")), "KeyHash(hidden)");
    }

    #[test]
    fn the_key_itself_is_found_and_no_other() {
        let configured = [config("a", "key-a", None), config("b", "key-b", None)];
        let keys = Keys::new(&configured, None);
        let alias = |written: &str| keys.find(written.as_bytes()).map(|key| &*key.alias);
        assert_eq!(alias("key-a"), Some("a"));
        assert_eq!(alias("key-b"), Some("b"));
        for wrong in ["", "key-", "key-c", "key-a ", "KEY-A"] {
            assert_eq!(alias(wrong), None, "{wrong}");
        }
        assert!(Keys::new(&[], None).find(b"key-a").is_none());
    }

    #[test]
    fn what_was_used_up_stays_used_up() {
        let rate = |count| Rate::new(count, Per::Minute);
        let old = Keys::new(&[config("a", "1", rate(5)), config("b", "2", rate(5))], None);
        let next = [config("b", "new", rate(5)), config("a", "1", rate(6)), config("c", "3", None)];
        let new = Keys::new(&next, Some(&old));
        let limiter = |keys: &Keys, key: &[u8]| keys.find(key).unwrap().limiter.clone();
        let same = |new: &Option<Arc<Limiter>>, old: &Option<Arc<Limiter>>| {
            Arc::ptr_eq(new.as_ref().unwrap(), old.as_ref().unwrap())
        };
        assert!(same(&limiter(&new, b"new"), &limiter(&old, b"2")), "the alias and its rate stay");
        assert!(!same(&limiter(&new, b"1"), &limiter(&old, b"1")), "another rate");
        assert!(limiter(&new, b"3").is_none());
    }
}
