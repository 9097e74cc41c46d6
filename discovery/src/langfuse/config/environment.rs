//! The variables that LangFuse's own SDKs read, where nothing is configured.

use std::time::Duration;

use super::{ANSWER_LIMIT, is_key, url};
use crate::fetch::{Credentials, Reach, Secret};
use crate::langfuse::project::{Project, Scope};
use crate::langfuse::window::Schedule;

/// The variables are there and can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name}: expected {expected}")]
pub struct BadEnvironment {
    name: &'static str,
    expected: &'static str,
}

impl BadEnvironment {
    /// Which variable.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it should hold.
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

/// The project `default` of `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY`, and `LANGFUSE_HOST` or
/// `LANGFUSE_BASE_URL`; `None` where one of the three is missing.
///
/// # Errors
/// Where all are there and one can't be used. Its value is not shown.
pub fn from_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Project>, BadEnvironment> {
    let get = |name| variable(name).filter(|value| !value.is_empty());
    let host = ["LANGFUSE_BASE_URL", "LANGFUSE_HOST"]
        .into_iter()
        .find_map(|name| Some((name, get(name)?)));
    let (Some(user), Some(secret), Some((host_name, host))) =
        (get("LANGFUSE_PUBLIC_KEY"), get("LANGFUSE_SECRET_KEY"), host)
    else {
        return Ok(None);
    };
    let expected = "a key of visible ASCII characters";
    if !is_key(&user) || user.contains(':') {
        return Err(BadEnvironment { name: "LANGFUSE_PUBLIC_KEY", expected });
    }
    if !is_key(&secret) {
        return Err(BadEnvironment { name: "LANGFUSE_SECRET_KEY", expected });
    }
    let url = url::base(&host)
        .map_err(|_| BadEnvironment { name: host_name, expected: url::EXPECTED })?;
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let credentials = Credentials::Basic { user, password: Secret::Value(secret) };
    Ok(Some(Project {
        name: "default".to_owned(),
        reach: Reach { credentials, ..Reach::open(url, minutes(1), ANSWER_LIMIT) },
        interval: minutes(1),
        schedule: Schedule { length: minutes(5), lag: minutes(5), rereads: 2 },
        scope: Scope::default(),
    }))
}
