//! Waiting for something to become true, with a deadline and a message.

use std::time::Duration;

use tokio::time::Instant;

/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(2);

/// Asks `probe` again and again until it gives a value.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::Duration;
///
/// let start = std::time::Instant::now();
/// let waited = weir_sim::eventually(Duration::from_secs(1), "10 ms have passed", async || {
///     Some(start.elapsed()).filter(|waited| waited.as_millis() >= 10)
/// });
/// assert!(waited.await < Duration::from_secs(1));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When `deadline` has passed without a value; with `message`, which says what was waited for.
pub async fn eventually<T, F>(deadline: Duration, message: &str, probe: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    until(deadline, message, String::new, probe).await
}

/// As [`eventually`], with the state of things for the panic's message.
#[expect(clippy::panic, reason = "an assertion for tests: it fails by panicking")]
pub(crate) async fn until<T, F>(
    deadline: Duration,
    message: &str,
    state: impl Fn() -> String,
    mut probe: impl FnMut() -> F,
) -> T
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        if Instant::now() >= end {
            panic!("waited {deadline:?} in vain until {message}; {}", state());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
