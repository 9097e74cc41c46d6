//! The table `admin_access` of a daemon: where the credentials of its admin pages lie.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, Loaded};
use crate::admin::AdminAccess;

/// `[proxy.admin_access]` and its like. Not set: the pages are open. Both a token and a user: either
/// is accepted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAdminAccess {
    /// File with the token that `Authorization: Bearer` has to show.
    bearer_file: Option<PathBuf>,
    /// User that `Authorization: Basic` has to name …
    user: Option<String>,
    /// … and the file with its password.
    password_file: Option<PathBuf>,
}

impl RawAdminAccess {
    /// The files that are named, to watch them for changes, say.
    pub fn files(&self) -> Vec<PathBuf> {
        self.bearer_file.iter().chain(&self.password_file).cloned().collect()
    }

    /// Reads the files. `key` is the path of the table (`proxy.admin_access`) in `loaded`.
    ///
    /// # Errors
    /// Names the key and its file where that can't be read or holds no secret.
    pub fn read<T>(&self, loaded: &Loaded<T>, key: &str) -> Result<AdminAccess, ConfigError> {
        let mut access = AdminAccess::open();
        if let Some(path) = &self.bearer_file {
            access = access.with_bearer(&token(loaded, &format!("{key}.bearer_file"), path)?);
        }
        let (user_key, password_key) = (format!("{key}.user"), format!("{key}.password_file"));
        match (&self.user, &self.password_file) {
            (Some(user), Some(path)) => {
                check_user(loaded, &user_key, user)?;
                access = access.with_basic(user, &password(loaded, &password_key, path)?);
            }
            (Some(user), None) => {
                return Err(loaded.invalid(&user_key, user, format!("{password_key} beside it")));
            }
            (None, Some(path)) => {
                let expected = format!("{user_key} beside it");
                return Err(loaded.invalid(&password_key, path.display(), expected));
            }
            (None, None) => {}
        }
        // Whoever writes the table means to close the pages.
        if access.is_open() && loaded.is_set(key) {
            let expected = "bearer_file, or user and password_file, or no such table";
            return Err(loaded.invalid(key, "{}", expected));
        }
        Ok(access)
    }
}

/// The token of a file, if it can be sent as one.
fn token<T>(loaded: &Loaded<T>, key: &str, path: &Path) -> Result<String, ConfigError> {
    let token = secret(loaded, key, path)?;
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token);
    }
    let expected = "a file with one line of visible ASCII characters and no blank: nothing else can \
                    be sent as a token";
    Err(loaded.invalid(key, path.display(), expected))
}

fn check_user<T>(loaded: &Loaded<T>, key: &str, user: &str) -> Result<(), ConfigError> {
    if user.is_empty() || user.contains(|c: char| c == ':' || c.is_control()) {
        let expected = "at least one character, no colon and no control character";
        return Err(loaded.invalid(key, user, expected));
    }
    Ok(())
}

fn password<T>(loaded: &Loaded<T>, key: &str, path: &Path) -> Result<String, ConfigError> {
    let password = secret(loaded, key, path)?;
    if password.contains(char::is_control) {
        let expected = "a file with one line and no control character in it";
        return Err(loaded.invalid(key, path.display(), expected));
    }
    Ok(password)
}

/// What a file holds, without the end of the line that editors and `echo` leave.
fn secret<T>(loaded: &Loaded<T>, key: &str, path: &Path) -> Result<String, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| {
        loaded.invalid(key, path.display(), format!("a file that can be read ({error})"))
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        let expected = "a file with the secret in it; this one is empty";
        return Err(loaded.invalid(key, path.display(), expected));
    }
    Ok(secret.to_owned())
}
