//! Signals, in a process of their own: a signal reaches the whole process.

use std::process::Command;
use std::time::Duration;

use weir_daemon::signals::{Signal, Signals};

/// Sends this process `name`, and says whether that worked. The standard library cannot send
/// signals, and `kill` needs no unsafe code.
fn raise(name: &str) -> bool {
    let process = std::process::id().to_string();
    Command::new("kill").args(["-s", name, &process]).status().is_ok_and(|status| status.success())
}

/// One test: every `Signals` of a process gets every signal.
#[tokio::test]
async fn each_signal_means_what_it_should_even_if_it_comes_before_the_wait() {
    let mut signals = Signals::new().expect("signals can be listened for");
    for (name, meaning) in
        [("HUP", Signal::Reload), ("TERM", Signal::Terminate), ("INT", Signal::Terminate)]
    {
        assert!(raise(name), "kill -s {name} failed");
        let signal = tokio::time::timeout(Duration::from_secs(10), signals.next()).await;
        assert_eq!(signal, Ok(meaning), "SIG{name}");
    }
}
