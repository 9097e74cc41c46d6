//! Serving until a signal ends it, with a configuration that is read again on the way.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use tracing::info;

use crate::config::Layers;
use crate::signals::{Signal, Signals};
use crate::watched::{self, Watched};

/// Reloads so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// What was read is in force.
    pub success: u64,
    /// It could not be used.
    pub failure: u64,
    /// Whether the last one failed.
    pub last_failed: bool,
}

impl Reloads {
    /// What was read is in force.
    pub fn succeeded(&mut self) {
        *self = Self { success: self.success + 1, last_failed: false, ..*self };
    }

    /// It could not be used.
    pub fn failed(&mut self) {
        *self = Self { failure: self.failure + 1, last_failed: true, ..*self };
    }

    /// `weir_config_reloads_total` and `weir_config_last_reload_success`, as OpenMetrics text without
    /// `# EOF`.
    pub fn openmetrics(&self) -> String {
        let mut text = "# HELP weir_config_reloads How often the configuration was read again.\n\
             # TYPE weir_config_reloads counter\n"
            .to_owned();
        for (result, count) in [("failure", self.failure), ("success", self.success)] {
            // Writing to a String does not fail.
            let _ = writeln!(text, "weir_config_reloads_total{{result=\"{result}\"}} {count}");
        }
        let _ = write!(
            text,
            "# HELP weir_config_last_reload_success 1 if the configuration could be read when it was \
             last read, else 0: then the one before is in force.\n\
             # TYPE weir_config_last_reload_success gauge\nweir_config_last_reload_success {}\n",
            u8::from(!self.last_failed)
        );
        text
    }
}

/// A daemon whose configuration can be read again.
pub trait Reloadable {
    /// The files whose content is in force.
    fn files(&self, layers: &Layers) -> Vec<PathBuf>;

    /// The files that `layers` would put in force now; `None`: they can't be used.
    fn files_if_usable(layers: &Layers) -> Option<Vec<PathBuf>>;

    /// Whether what was read last could not be used.
    fn is_refused(&self) -> bool;

    /// Reads `layers` again, and puts them in force if they can be used.
    fn reload(&mut self, layers: &Layers);
}

/// Says that it serves, and returns at SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make `daemon` read
/// `layers` again; after a refusal, so does that they can be used. Call it within a runtime.
///
/// # Errors
/// Where the system gives no signal handlers.
pub async fn until_signalled<D: Reloadable>(daemon: &mut D, layers: &Layers) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let mut watched = Watched::new(daemon.files(layers));
    // From here on signals and changes count.
    info!("Serving.");
    loop {
        let usable = || watched::usable_again(layers.path(), || D::files_if_usable(layers));
        let signal = tokio::select! {
            signal = signals.next() => signal,
            () = watched.changed() => Signal::Reload,
            () = usable(), if daemon.is_refused() => Signal::Reload,
        };
        if signal != Signal::Reload {
            return Ok(());
        }
        watched.will_be_read();
        daemon.reload(layers);
        watched.watch(daemon.files(layers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reloads_are_counted() {
        let mut reloads = Reloads::default();
        reloads.failed();
        reloads.succeeded();
        reloads.failed();
        let text = reloads.openmetrics();
        for line in [
            "weir_config_reloads_total{result=\"failure\"} 2\n",
            "weir_config_reloads_total{result=\"success\"} 1\n",
            "weir_config_last_reload_success 0\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        reloads.succeeded();
        assert!(reloads.openmetrics().ends_with("weir_config_last_reload_success 1\n"));
    }
}
