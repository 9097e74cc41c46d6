//! The log of calls that the stand-in writes.

use std::path::Path;

/// Every call so far, in order: its name, the index of the GPU, and what else tells calls apart.
#[derive(Clone, Debug)]
pub(crate) struct Calls(Vec<String>);

impl Calls {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        Self(whole.lines().map(str::to_owned).collect())
    }

    /// How many there are of this call; it may be followed by more words that have to be right.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.matching(call).count()
    }

    /// The last words of these calls.
    pub(crate) fn last_words<'a>(&'a self, call: &'a str) -> Vec<&'a str> {
        self.matching(call).filter_map(|line| line.rsplit(' ').next()).collect()
    }

    fn matching<'a>(&'a self, call: &'a str) -> impl Iterator<Item = &'a String> {
        self.0.iter().filter(move |line| {
            line.strip_prefix(call).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    }
}
