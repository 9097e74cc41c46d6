//! Panics in the log, where they are one line, and without what they may quote.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// Logs panics from now on, instead of printing them as the standard library does.
///
/// A panic that is caught costs a request at most, but its message can hold what the request was
/// about: one about a character boundary quotes the text that was cut. Messages that are made while
/// the program runs are therefore left out; the place tells where to look.
pub(super) fn log_from_now_on() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let message = message(info);
        let backtrace = Backtrace::capture();
        let backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(place, panic = message, backtrace, "A panic.");
    }));
}

/// The message, if it is in the source as it stands.
fn message(info: &PanicHookInfo<'_>) -> &'static str {
    let literal = info.payload().downcast_ref::<&'static str>();
    literal.copied().unwrap_or("(left out: it may quote traffic)")
}
