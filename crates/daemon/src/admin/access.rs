//! Who may see the admin pages: what a request has to show, and what it is told otherwise.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use subtle::ConstantTimeEq as _;

/// The credentials that open the admin pages: a bearer token, a user with a password, either of
/// both, or none at all, and then the pages are open to everybody.
///
/// Only digests are held. `/health` and `/ready` ask for nothing: probes carry no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AdminAccess {
    bearer: Option<Digest>,
    basic: Option<Digest>,
}

impl AdminAccess {
    /// Pages for everybody.
    pub fn open() -> Self {
        Self::default()
    }

    /// Lets in who shows this token as well (`Authorization: Bearer …`, RFC 6750).
    pub fn with_bearer(mut self, token: &str) -> Self {
        self.bearer = Some(Digest::of(token.as_bytes()));
        self
    }

    /// Lets in this user with this password as well (`Authorization: Basic …`, RFC 7617, in UTF-8).
    /// A user with a colon can't be told from its password: nobody gets in with it.
    pub fn with_basic(mut self, user: &str, password: &str) -> Self {
        self.basic = Some(Digest::of(STANDARD.encode(format!("{user}:{password}")).as_bytes()));
        self
    }

    /// Whether no credentials are asked for.
    pub fn is_open(&self) -> bool {
        self.bearer.is_none() && self.basic.is_none()
    }

    /// Whether a request with these headers may see what is not open to everybody.
    pub(super) fn allows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get_all(header::AUTHORIZATION);
        self.is_open() || shown.iter().any(|value| self.accepts(value.as_bytes()))
    }

    fn accepts(&self, authorization: &[u8]) -> bool {
        let Some(space) = authorization.iter().position(|&byte| byte == b' ') else {
            return false;
        };
        let (scheme, credentials) = authorization.split_at(space);
        let of_scheme = self.schemes().find(|(name, _)| scheme.eq_ignore_ascii_case(name.as_ref()));
        of_scheme.is_some_and(|(_, wanted)| *wanted == Digest::of(credentials.trim_ascii()))
    }

    /// What to ask for, one challenge for each scheme that is accepted.
    pub(super) fn challenges(&self) -> impl Iterator<Item = HeaderValue> {
        self.schemes().map(|(name, _)| {
            HeaderValue::from_static(match name {
                Scheme::Bearer => "Bearer realm=\"weir\"",
                Scheme::Basic => "Basic realm=\"weir\", charset=\"UTF-8\"",
            })
        })
    }

    fn schemes(&self) -> impl Iterator<Item = (Scheme, &Digest)> {
        let bearer = self.bearer.iter().map(|wanted| (Scheme::Bearer, wanted));
        bearer.chain(self.basic.iter().map(|wanted| (Scheme::Basic, wanted)))
    }
}

impl fmt::Debug for AdminAccess {
    /// Tells the schemes and nothing of the credentials: a digest of a short password is as good as
    /// the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.schemes().map(|(name, _)| name)).finish()
    }
}

#[derive(Clone, Copy, Debug)]
enum Scheme {
    Bearer,
    Basic,
}

impl AsRef<[u8]> for Scheme {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Bearer => b"bearer",
            Self::Basic => b"basic",
        }
    }
}

/// SHA-256 of credentials. Digests are compared, in constant time, so that the time tells neither
/// where a guess goes wrong nor how long the secret is.
#[derive(Clone)]
struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    fn of(bytes: &[u8]) -> Self {
        let mut digest_of = [0; SHA256_OUTPUT_LEN];
        digest_of.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(digest_of)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(access: &AdminAccess, authorization: &str) -> bool {
        let value = HeaderValue::from_str(authorization).unwrap();
        access.allows(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    }

    #[test]
    fn only_the_whole_secret_of_its_scheme_will_do() {
        let bearer = AdminAccess::open().with_bearer("s3cret");
        let basic = AdminAccess::open().with_basic("prometheus", "p:w");
        // prometheus:p:w
        let (token, user) = ("s3cret", "cHJvbWV0aGV1czpwOnc=");
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert!(allows(&bearer, &format!("{scheme} {token}")), "{scheme}");
        }
        assert!(allows(&bearer, "Bearer  s3cret "), "blanks are no part of it");
        assert!(allows(&basic, &format!("basic {user}")));
        let both = bearer.clone().with_basic("prometheus", "p:w");
        assert!(allows(&both, &format!("Bearer {token}")));
        assert!(allows(&both, &format!("Basic {user}")));
        for wrong in [
            "",
            "s3cret",
            "Bearer",
            "Bearer ",
            "Bearer s3cre",
            "Bearer s3crets",
            "Bearer S3cret",
            "Bearers3cret",
            "Basic s3cret",
            "Basic czNjcmV0",
            "Bearer cHJvbWV0aGV1czpwOnc=",
            "Token s3cret",
        ] {
            assert!(!allows(&bearer, wrong), "{wrong:?} opened a bearer's pages");
            assert!(!allows(&basic, wrong), "{wrong:?} opened a user's pages");
            assert!(allows(&AdminAccess::open(), wrong), "{wrong:?} closed open pages");
        }
        assert!(!bearer.allows(&HeaderMap::new()) && AdminAccess::open().allows(&HeaderMap::new()));
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let access = AdminAccess::open().with_bearer("s3cret").with_basic("me", "pw");
        assert_eq!(format!("{access:?}"), "[Bearer, Basic]");
        assert_eq!(format!("{:?}", AdminAccess::open()), "[]");
    }

    #[test]
    fn a_changed_secret_is_a_change() {
        let access = AdminAccess::open().with_bearer("a");
        assert_eq!(access, AdminAccess::open().with_bearer("a"));
        assert_ne!(access, AdminAccess::open().with_bearer("b"));
        assert_ne!(access, access.clone().with_basic("a", "a"));
    }
}
