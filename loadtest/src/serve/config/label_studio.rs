//! `[loadtest.label_studio]`

use std::path::PathBuf;

use serde::Deserialize;
use weir_daemon::config::{ConfigError, Loaded};

use super::url;
use crate::label_studio::{LabelStudio, Project};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLabelStudio {
    url: String,
    token_file: PathBuf,
    /// An id or a title.
    project: String,
}

impl RawLabelStudio {
    pub(super) fn read<T>(&self, loaded: &Loaded<T>) -> Result<LabelStudio, ConfigError> {
        let expected = "Label Studio's URL, such as \"http://127.0.0.1:8080\"";
        let url = url::http(&self.url).filter(url::is_plain).ok_or_else(|| {
            loaded.invalid("loadtest.label_studio.url", format!("{:?}", self.url), expected)
        })?;
        let Ok(project) = self.project.parse::<Project>();
        Ok(LabelStudio { url, token_file: self.token_file.clone(), project })
    }
}
