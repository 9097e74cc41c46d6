//! With which user and password a Prometheus is asked that wants some.

use std::ffi::OsString;
use std::path::PathBuf;

/// In the environment of a command that reads no configuration; the keys of `[loadtest]` under the same names.
const USER: &str = "WEIR_LOADTEST__PROMETHEUS_USER";
const PASSWORD_FILE: &str = "WEIR_LOADTEST__PROMETHEUS_PASSWORD_FILE";
const PASSWORD_ENV: &str = "WEIR_LOADTEST__PROMETHEUS_PASSWORD_ENV";

/// What there has to be of it.
pub(crate) const WHOLE: &str =
    "a user with prometheus_password_file or prometheus_password_env, or none of the three";

/// A user, and where the password is. It is read at each question: another one counts at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(super) user: String,
    password: Password,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Password {
    File(PathBuf),
    /// The name of an environment variable.
    Variable(String),
}

/// What is wrong with a login. Never with a password in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginError {
    #[error("expected {WHOLE} ({USER} and so on)")]
    Incomplete,
    #[error("reading its password from {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("its password is to be in the environment variable {0}, which is not set")]
    Variable(String),
}

impl Login {
    /// `None`: it asks for none.
    pub(crate) fn of(
        user: Option<String>,
        password_file: Option<PathBuf>,
        password_env: Option<String>,
    ) -> Result<Option<Self>, LoginError> {
        let password = match (password_file, password_env) {
            (Some(path), None) => Password::File(path),
            (None, Some(name)) => Password::Variable(name),
            (None, None) if user.is_none() => return Ok(None),
            _ => return Err(LoginError::Incomplete),
        };
        let user = user.filter(|user| !user.is_empty() && !user.contains(':'));
        user.map(|user| Some(Self { user, password })).ok_or(LoginError::Incomplete)
    }

    /// As variables say, such as [`std::env::var_os`] gives them.
    pub(crate) fn of_environment(
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, LoginError> {
        let text = |name| match variable(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(LoginError::Incomplete),
        };
        Self::of(text(USER)?, variable(PASSWORD_FILE).map(PathBuf::from), text(PASSWORD_ENV)?)
    }

    /// The password as it is now.
    pub(super) fn password(&self) -> Result<String, LoginError> {
        match &self.password {
            Password::File(path) => {
                let text = std::fs::read_to_string(path);
                let file = |source| LoginError::File { path: path.clone(), source };
                text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).map_err(file)
            }
            Password::Variable(name) => {
                std::env::var(name).map_err(|_| LoginError::Variable(name.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Login>, LoginError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Login::of_environment(|name| find(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn it_is_whole_or_not_there() {
        assert_eq!(of(&[]).unwrap(), None);
        let login = of(&[(USER, "weir"), (PASSWORD_ENV, "PW")]).unwrap().unwrap();
        assert_eq!(login.user, "weir");
        assert_eq!(login.password, Password::Variable("PW".to_owned()));
        let login = of(&[(USER, "weir"), (PASSWORD_FILE, "/pw")]).unwrap().unwrap();
        assert_eq!(login.password, Password::File("/pw".into()));
        for wrong in [
            &[(USER, "weir")][..],
            &[(PASSWORD_FILE, "/pw")],
            &[(USER, ""), (PASSWORD_FILE, "/pw")],
            &[(USER, "a:b"), (PASSWORD_FILE, "/pw")],
            &[(USER, "weir"), (PASSWORD_FILE, "/pw"), (PASSWORD_ENV, "PW")],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_password_is_read_each_time() {
        let path = std::env::temp_dir().join(format!("weir-login-{}", std::process::id()));
        let login = Login::of(Some("weir".to_owned()), Some(path.clone()), None).unwrap().unwrap();
        let missing = login.password().unwrap_err().to_string();
        assert!(missing.contains(&path.display().to_string()), "{missing}");
        for password in ["first", " second "] {
            std::fs::write(&path, format!("{password}\n")).unwrap();
            assert_eq!(login.password().unwrap(), password);
        }
        std::fs::remove_file(&path).unwrap();
        let unset = Login::of(Some("weir".to_owned()), None, Some("WEIR_UNSET".to_owned()));
        let unset = unset.unwrap().unwrap().password().unwrap_err().to_string();
        assert!(unset.contains("WEIR_UNSET"), "{unset}");
    }
}
