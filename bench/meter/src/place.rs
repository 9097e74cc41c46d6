//! What the figures depend on beside Weir's own code.

use std::env::consts::{ARCH, OS};
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Where something was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Version of the compiler: it decides on every instruction.
    pub rustc: String,
    /// The architecture, and whether it has AVX2: `memchr` and the C library pick other loops there. Whatever
    /// else a processor can do, valgrind shows the same one everywhere.
    pub processor: String,
    /// The C library and its version: memory is taken from it and copied by it.
    pub libc: String,
}

/// Whether figures of one place hold at another.
#[derive(Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing that moves them is different.
    Alike,
    /// Another version, with which they hold, but which can be why one has moved.
    OtherVersion,
    /// They don't.
    Elsewhere,
}

impl Place {
    /// That of this program.
    pub fn here() -> Self {
        let version = env!("RUSTC_VERSION").to_owned();
        Self { rustc: version, processor: processor(), libc: libc() }
    }

    /// Whether figures of this place hold at another.
    pub fn holds_at(&self, other: &Self) -> Hold {
        let library = |place: &Self| place.libc.split(' ').next().map(str::to_owned);
        if self.processor != other.processor || library(self) != library(other) {
            return Hold::Elsewhere;
        }
        if self.libc != other.libc || minor(&self.rustc) != minor(&other.rustc) {
            return Hold::OtherVersion;
        }
        Hold::Alike
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rustc, processor, libc } = self;
        write!(f, "rustc {rustc}, {processor}, {libc}")
    }
}

/// `1.95` of `1.95.0`: what only mends faults leaves the code as it is.
fn minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(minor, _)| minor)
}

fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return format!("{ARCH} with AVX2");
    }
    ARCH.to_owned()
}

fn libc() -> String {
    if !cfg!(target_env = "gnu") {
        let name = if cfg!(target_env = "musl") { "musl" } else { OS };
        return name.to_owned();
    }
    // It comes with the library and says, for instance, "glibc 2.36".
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.ok().filter(|said| !said.is_empty()).unwrap_or_else(|| "glibc".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(rustc: &str, processor: &str, libc: &str) -> Place {
        let [rustc, processor, libc] = [rustc, processor, libc].map(str::to_owned);
        Place { rustc, processor, libc }
    }

    #[test]
    fn figures_hold_where_only_versions_differ() {
        let recorded = place("1.95.0", "x86_64 with AVX2", "glibc 2.36");
        for (rustc, processor, libc, expected) in [
            ("1.95.0", "x86_64 with AVX2", "glibc 2.36", Hold::Alike),
            ("1.95.1", "x86_64 with AVX2", "glibc 2.36", Hold::Alike),
            ("1.96.0", "x86_64 with AVX2", "glibc 2.36", Hold::OtherVersion),
            ("1.95.0", "x86_64 with AVX2", "glibc 2.41", Hold::OtherVersion),
            ("1.95.0", "x86_64", "glibc 2.36", Hold::Elsewhere),
            ("1.95.0", "aarch64", "glibc 2.36", Hold::Elsewhere),
            ("1.95.0", "x86_64 with AVX2", "musl", Hold::Elsewhere),
        ] {
            let here = place(rustc, processor, libc);
            assert_eq!(recorded.holds_at(&here), expected, "{here}");
        }
    }

    #[test]
    fn this_place_is_known() {
        let here = Place::here();
        assert!(here.rustc.starts_with("1."), "{here}");
        assert_eq!(here.holds_at(&here), Hold::Alike);
    }
}
