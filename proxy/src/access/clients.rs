//! What clients are called in metrics.

use std::fmt;
use std::sync::Arc;

use ring::hmac;
use weir_ledger::Client;

use super::keys::Key;

/// Bytes of the hash that become its name: 12 digits. Ten thousand keys are all told apart, with a
/// chance of five million to one.
const NAME_BYTES: usize = 6;

/// What clients are called in metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientNames {
    /// They are not told apart.
    #[default]
    Off,
    /// By the alias of their key, where it has one.
    Alias,
    /// The same, and every other key by a hash of it.
    Hash(HashSecret),
}

/// The secret with which keys are hashed: without it, a list of keys does not tell which is which.
#[derive(Clone, PartialEq, Eq)]
pub struct HashSecret(Arc<[u8]>);

impl HashSecret {
    /// Any bytes; those of a file.
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.into())
    }

    fn name_of(&self, key: &[u8]) -> String {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let hash = hmac::sign(&secret, key);
        hash.as_ref().iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for HashSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSecret(hidden)")
    }
}

impl ClientNames {
    /// The client that showed `written`, of which `known` is the entry, if there is one.
    pub(super) fn client(
        &self,
        known: Option<&Arc<Key>>,
        written: Option<&[u8]>,
    ) -> Option<Client> {
        let stranger = match (self, written) {
            (Self::Off, _) => return None,
            (_, None) => Client::Keyless,
            (Self::Alias, Some(_)) => Client::Other,
            (Self::Hash(secret), Some(written)) => Client::Hash(secret.name_of(written).into()),
        };
        Some(known.map_or(stranger, |key| Client::Alias(Arc::clone(&key.alias))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_beginning_of_an_hmac() {
        // printf %s "what do ya want for nothing?" | openssl dgst -sha256 -hmac Jefe (RFC 4231, 4.3)
        let secret = HashSecret::new(b"Jefe");
        assert_eq!(secret.name_of(b"what do ya want for nothing?"), "5bdcc146bf60");
        assert_ne!(HashSecret::new(b"jefe").name_of(b"key"), secret.name_of(b"key"));
        assert_eq!(format!("{:?}", ClientNames::Hash(secret)), "Hash(HashSecret(hidden))");
    }

    #[test]
    fn strangers_are_told_apart_by_hash_only() {
        let hash = ClientNames::Hash(HashSecret::new(b"s"));
        for (names, without, with) in [
            (ClientNames::Off, None, None),
            (ClientNames::Alias, Some(Client::Keyless), Some(Client::Other)),
        ] {
            assert_eq!(names.client(None, None), without);
            assert_eq!(names.client(None, Some(b"key")), with);
        }
        assert_eq!(hash.client(None, None), Some(Client::Keyless));
        let Some(Client::Hash(name)) = hash.client(None, Some(b"key")) else { panic!("no hash") };
        assert_eq!(name.len(), 12);
    }
}
