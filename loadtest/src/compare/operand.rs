//! What may be compared.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

use crate::cli::target;

/// A side, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A target, to be measured now.
    Target(Url),
    /// A scenario, to be measured now at the one target.
    Scenario(String),
    /// A run in a file: it ends with `.json` or has a slash.
    File(PathBuf),
    /// A run in the store.
    Stored(String),
}

impl FromStr for Operand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return target(text).map(Self::Target);
        }
        Ok(match text.strip_prefix("scenario:") {
            Some("") => return Err("expected scenario:NAME, such as scenario:quick".to_owned()),
            Some(name) => Self::Scenario(name.to_owned()),
            None if text.ends_with(".json") || text.contains('/') => Self::File(text.into()),
            None => Self::Stored(text.to_owned()),
        })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(url) => write!(f, "{url}"),
            Self::Scenario(name) => write!(f, "scenario:{name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Stored(wanted) => write!(f, "{wanted}"),
        }
    }
}

impl Operand {
    /// It was measured before.
    pub(super) fn is_run(&self) -> bool {
        matches!(self, Self::File(_) | Self::Stored(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_told_apart() {
        let operand = |text: &str| text.parse::<Operand>();
        let url = Url::parse("http://127.0.0.1:8000").unwrap();
        assert_eq!(operand("http://127.0.0.1:8000"), Ok(Operand::Target(url)));
        assert_eq!(operand("scenario:quick"), Ok(Operand::Scenario("quick".to_owned())));
        assert_eq!(operand("run.json"), Ok(Operand::File("run.json".into())));
        assert_eq!(operand("./run"), Ok(Operand::File("./run".into())));
        assert_eq!(operand("latest~1"), Ok(Operand::Stored("latest~1".to_owned())));
        assert!(operand("http://me:pw@weir").unwrap_err().contains("without a user"));
        assert!(operand("scenario:").unwrap_err().contains("scenario:NAME"));
    }
}
