//! What a server wants to be shown.

use std::fmt;
use std::path::PathBuf;

use reqwest::RequestBuilder;

use super::FetchError;

/// A secret: from a file, which is read at each request, so that another content counts at once; or from
/// the environment.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A file with one line.
    File(PathBuf),
    /// The secret itself.
    Value(String),
}

/// What a server wants to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// In the open.
        user: String,
        /// Not so.
        password: Secret,
    },
}

impl Credentials {
    pub(super) async fn show(&self, request: RequestBuilder) -> Result<RequestBuilder, FetchError> {
        Ok(match self {
            Self::None => request,
            Self::Bearer(secret) => request.bearer_auth(secret.read().await?),
            Self::Basic { user, password } => {
                request.basic_auth(user, Some(password.read().await?))
            }
        })
    }
}

impl Secret {
    async fn read(&self) -> Result<String, FetchError> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(path) => tokio::fs::read_to_string(path)
                .await
                .and_then(|text| one_line(&text))
                .map_err(|source| FetchError::File { path: path.clone(), source }),
        }
    }
}

/// What a file holds, without the end of the line that editors and `echo` leave.
fn one_line(text: &str) -> std::io::Result<String> {
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(char::is_control) {
        let expected = "expected one line with the secret in it, and no control character";
        return Err(std::io::Error::other(expected));
    }
    Ok(secret.to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Value(_) => f.write_str("Value(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        assert_eq!(one_line("sk-1\r\n").unwrap(), "sk-1");
        for text in ["", "\n", "sk-1\nsk-2\n", "sk\t1"] {
            let error = one_line(text).unwrap_err().to_string();
            assert!(error.contains("one line") && !error.contains("sk"), "{error}");
        }
    }
}
